//! The list of messages the index must take in again.

use rusqlite::{Connection, Result, params};

use crate::model::MessageId;

/// Notes that the index must take `id` in again; to be called in the transaction that changes it.
pub(crate) fn enqueue(db: &Connection, id: MessageId) -> Result<()> {
    db.prepare_cached("INSERT INTO index_queue (message) VALUES (?1)")?.execute([id.0])?;
    Ok(())
}

/// The oldest `limit` entries: their highest number, and the messages without repetition.
pub(crate) fn queued(db: &Connection, limit: usize) -> Result<Option<(i64, Vec<MessageId>)>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached("SELECT seq, message FROM index_queue ORDER BY seq LIMIT ?1")?;
    let mut rows = statement.query([limit])?;
    let (mut last, mut ids) = (None, Vec::new());
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        ids.push(MessageId(row.get(1)?));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(last.map(|last| (last, ids)))
}

/// Forgets the entries up to number `last`; to be called after the index has committed them.
pub(crate) fn take_off(db: &Connection, last: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM index_queue WHERE seq <= ?1")?.execute(params![last])?;
    Ok(())
}

/// Forgets every entry; to be called after an index was built from the whole database.
pub(crate) fn clear_queue(db: &Connection) -> Result<()> {
    db.execute("DELETE FROM index_queue", [])?;
    Ok(())
}

/// How many entries there are.
pub(crate) fn queue_length(db: &Connection) -> Result<u64> {
    db.query_row("SELECT count(*) FROM index_queue", [], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))
}
