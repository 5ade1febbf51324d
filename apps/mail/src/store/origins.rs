//! Where messages were found, and what their mailbox said of them there.

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use crate::mailbox::{Entry, Flags};
use crate::model::MessageId;

/// What is known of the place where a message is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It was not found there before.
    Never,
    /// It was found there before, and these of its flags, as [`Flags::bits`], have changed since.
    Changed(u8),
}

/// Where a message was found.
pub(crate) fn origins(db: &Connection, id: MessageId) -> Result<Vec<String>> {
    db.prepare_cached("SELECT origin FROM origins WHERE message = ?1 ORDER BY origin")?
        .query_map([id.0], |row| row.get(0))?
        .collect()
}

/// Whether a message was found at this place, with these flags.
pub(crate) fn knows(db: &Connection, origin: &str, flags: Flags) -> Result<bool> {
    db.prepare_cached("SELECT 1 FROM origins WHERE origin = ?1 AND flags = ?2")?
        .exists(params![origin, flags.bits()])
}

/// Notes that a message is where `entry` says, with its flags, and tells what was known of that.
pub(super) fn record(db: &Connection, id: MessageId, entry: &Entry) -> Result<Seen> {
    let flags = entry.flags.bits();
    let before = db
        .prepare_cached("SELECT flags FROM origins WHERE origin = ?1 AND message = ?2")?
        .query_row(params![entry.origin, id.0], |row| row.get::<_, Option<u8>>(0))
        .optional()?;
    if before != Some(Some(flags)) {
        db.prepare_cached("INSERT OR REPLACE INTO origins (origin, message, flags) VALUES (?1, ?2, ?3)")?
            .execute(params![entry.origin, id.0, flags])?;
    }
    Ok(before.map_or(Seen::Never, |before| Seen::Changed(before.unwrap_or(flags) ^ flags)))
}
