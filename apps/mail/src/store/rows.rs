//! Reads messages back.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Result, Row};

use crate::model::{Address, Envelope, Flags, MessageId, ThreadId};

/// What the index needs of a message beside its parsed bytes.
#[derive(Debug)]
pub(crate) struct StoredMessage {
    pub(crate) date: Option<i64>,
    pub(crate) size: u64,
    pub(crate) flags: Flags,
    pub(crate) labels: Vec<String>,
}

/// The envelopes of messages, in their order; one that is not there is left out.
pub(crate) fn envelopes(db: &Connection, ids: &[MessageId]) -> Result<Vec<Envelope>> {
    let mut message = db.prepare_cached(
        "SELECT unread, flagged, replied, size, date, thread, subject, sender, recipients, snippet, attachments
         FROM messages WHERE id = ?1",
    )?;
    let mut labels = db.prepare_cached(LABELS)?;
    let mut found = Vec::with_capacity(ids.len());
    for &id in ids {
        let envelope = message.query_row([id.0], |row| {
            Ok(Envelope {
                id,
                flags: flags(row)?,
                size: unsigned(row, 3)?,
                date: row.get::<_, Option<i64>>(4)?.and_then(rfc3339),
                thread: ThreadId(row.get(5)?),
                subject: row.get(6)?,
                from: addresses(row, 7)?,
                to: addresses(row, 8)?,
                snippet: row.get(9)?,
                attachments: unsigned(row, 10)?,
                labels: labels.query_map([id.0], |row| row.get(0))?.collect::<Result<_>>()?,
            })
        });
        found.extend(envelope.optional()?);
    }
    Ok(found)
}

/// What the index needs of a message.
pub(crate) fn stored(db: &Connection, id: MessageId) -> Result<Option<StoredMessage>> {
    let found = db
        .prepare_cached("SELECT unread, flagged, replied, size, date FROM messages WHERE id = ?1")?
        .query_row([id.0], |row| {
            Ok(StoredMessage {
                flags: flags(row)?,
                size: unsigned(row, 3)?,
                date: row.get(4)?,
                labels: Vec::new(),
            })
        })
        .optional()?;
    let Some(stored) = found else { return Ok(None) };
    Ok(Some(StoredMessage { labels: labels(db, id)?, ..stored }))
}

/// The bytes of a message, as they came.
pub(crate) fn raw(db: &Connection, id: MessageId) -> Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT bytes FROM raw WHERE message = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()
}

/// At most `limit` messages of the conversation that `id` is in, oldest first; none when there is no
/// such message.
pub(crate) fn ids_of_thread(db: &Connection, id: MessageId, limit: usize) -> Result<Vec<MessageId>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(
        "SELECT id FROM messages WHERE thread = (SELECT thread FROM messages WHERE id = ?1)
         ORDER BY date, id LIMIT ?2",
    )?
    .query_map([id.0, limit], |row| row.get(0).map(MessageId))?
    .collect()
}

/// At most `limit` ids that follow `after`, ascending.
pub(crate) fn all_ids(db: &Connection, after: MessageId, limit: usize) -> Result<Vec<MessageId>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached("SELECT id FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map([after.0, limit], |row| row.get(0).map(MessageId))?
        .collect()
}

/// The id of the message that came last.
pub(crate) fn newest_id(db: &Connection) -> Result<Option<MessageId>> {
    db.query_row("SELECT max(id) FROM messages", [], |row| row.get::<_, Option<i64>>(0))
        .map(|id| id.map(MessageId))
}

/// How many messages, unread messages and conversations there are.
pub(crate) fn count_messages(db: &Connection) -> Result<(u64, u64, u64)> {
    db.query_row(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages WHERE unread),
                (SELECT count(DISTINCT thread) FROM messages)",
        [],
        |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?)),
    )
}

const LABELS: &str = "SELECT label FROM labels WHERE message = ?1 ORDER BY label";

fn labels(db: &Connection, id: MessageId) -> Result<Vec<String>> {
    db.prepare_cached(LABELS)?.query_map([id.0], |row| row.get(0))?.collect()
}

/// Reads the first three columns.
fn flags(row: &Row<'_>) -> Result<Flags> {
    Ok(Flags { unread: row.get(0)?, flagged: row.get(1)?, replied: row.get(2)? })
}

/// Reads a column that holds a length or a count.
fn unsigned(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

fn addresses(row: &Row<'_>, column: usize) -> Result<Vec<Address>> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

fn rfc3339(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|at| at.to_string())
}
