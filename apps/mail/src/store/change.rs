//! Changes the state and the labels of messages.

use rusqlite::{Connection, params};

use super::labels;
use super::queue::enqueue;
use crate::error::EngineError;
use crate::model::{Mark, MessageId};

/// Marks every message of `ids` and returns how many changed; to be called in a transaction, to be
/// rolled back on an error.
pub(crate) fn mark(db: &Connection, ids: &[MessageId], mark: Mark) -> Result<u64, EngineError> {
    let sql = match mark {
        Mark::Read => "UPDATE messages SET unread = 0 WHERE id = ?1 AND unread",
        Mark::Unread => "UPDATE messages SET unread = 1 WHERE id = ?1 AND NOT unread",
        Mark::Flagged => "UPDATE messages SET flagged = 1 WHERE id = ?1 AND NOT flagged",
        Mark::Unflagged => "UPDATE messages SET flagged = 0 WHERE id = ?1 AND flagged",
        Mark::Replied => "UPDATE messages SET replied = 1 WHERE id = ?1 AND NOT replied",
    };
    each_changed(db, ids, |id| Ok(db.prepare_cached(sql)?.execute([id.0])? > 0))
}

/// Adds and then removes labels on every message of `ids`, and returns how many messages changed; to
/// be called in a transaction, to be rolled back on an error.
pub(crate) fn label(
    db: &Connection,
    ids: &[MessageId],
    add: &[String],
    remove: &[String],
) -> Result<u64, EngineError> {
    let add = add.iter().map(|label| cleaned(label)).collect::<Result<Vec<_>, _>>()?;
    let remove = remove.iter().map(|label| cleaned(label)).collect::<Result<Vec<_>, _>>()?;
    each_changed(db, ids, |id| {
        let mut changed = 0;
        for label in &add {
            changed += db
                .prepare_cached("INSERT OR IGNORE INTO labels (message, label) VALUES (?1, ?2)")?
                .execute(params![id.0, label])?;
        }
        for label in &remove {
            changed += db
                .prepare_cached("DELETE FROM labels WHERE message = ?1 AND label = ?2")?
                .execute(params![id.0, label])?;
        }
        Ok(changed > 0)
    })
}

fn cleaned(label: &str) -> Result<&str, EngineError> {
    labels::clean(label).ok_or_else(|| EngineError::BadLabel { label: label.to_owned() })
}

fn each_changed(
    db: &Connection,
    ids: &[MessageId],
    mut change: impl FnMut(MessageId) -> rusqlite::Result<bool>,
) -> Result<u64, EngineError> {
    let mut exists = db.prepare_cached("SELECT 1 FROM messages WHERE id = ?1")?;
    let mut changed = 0;
    for &id in ids {
        if !exists.exists([id.0])? {
            return Err(EngineError::NotFound { id });
        }
        if change(id)? {
            enqueue(db, id)?;
            changed += 1;
        }
    }
    Ok(changed)
}
