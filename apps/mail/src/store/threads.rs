//! Puts messages into conversations, in whatever order they arrive.
//!
//! Messages that name each other, or a common third, in Message-ID, References and In-Reply-To form one
//! conversation; a message that connects two makes them one. A reply that names nobody joins by its
//! subject the message nearest in time, or waits for one.

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::subject::Subject;
use crate::message::Message;
use crate::model::MessageId;

/// How far apart the dates of a message and a reply known by its subject alone may be: 30 days, in
/// seconds. Recurring subjects ("Minutes") come back after that.
const SUBJECT_WINDOW: i64 = 30 * 24 * 60 * 60;

/// How many Message-IDs of one message count, nearest ancestors first: beyond any real conversation's
/// header, and a bound on what a hostile one costs.
const MAX_IDS: usize = 100;

/// Where a new message belongs.
#[derive(Debug)]
pub(super) struct Place {
    /// The conversation, which is `id` itself if it is new.
    pub(super) thread: i64,
    /// Whether it still waits for its original.
    pub(super) orphan: bool,
}

/// Finds the conversation of the new message `id`, joining those it connects.
pub(super) fn place(db: &Connection, id: MessageId, message: &Message, subject: &Subject) -> Result<Place> {
    let ids = conversation_ids(message);
    let mut threads = Vec::new();
    for message_id in &ids {
        threads.extend(thread_named(db, message_id)?);
    }
    let names_others = !message.references.is_empty() || !message.in_reply_to.is_empty();
    let by_subject_alone = subject.is_reply && !names_others;
    let mut orphan = false;
    if let (Some(date), false) = (message.date, subject.key.is_empty()) {
        if !by_subject_alone {
            threads.extend(adopt_orphans(db, &subject.key, date)?);
        } else if threads.is_empty() {
            let nearest = nearest_with_subject(db, &subject.key, date)?;
            orphan = nearest.is_none_or(|(_, orphan)| orphan);
            threads.extend(nearest.map(|(thread, _)| thread));
        }
    }
    let thread = join(db, threads)?.unwrap_or(id.0);
    for message_id in &ids {
        db.prepare_cached("INSERT OR IGNORE INTO conversation_ids (message_id, thread) VALUES (?1, ?2)")?
            .execute(params![message_id, thread])?;
    }
    Ok(Place { thread, orphan })
}

/// The Message-IDs that tie a message to its conversation: its own and the nearest it names.
fn conversation_ids(message: &Message) -> Vec<&String> {
    let named = message.in_reply_to.iter().chain(message.references.iter().rev());
    message.message_id.iter().chain(named).filter(|id| !id.is_empty()).take(MAX_IDS).collect()
}

fn thread_named(db: &Connection, message_id: &str) -> Result<Option<i64>> {
    db.prepare_cached("SELECT thread FROM conversation_ids WHERE message_id = ?1")?
        .query_row([message_id], |row| row.get(0))
        .optional()
}

/// The conversation of the message with this subject nearest in time, and whether that waits too.
fn nearest_with_subject(db: &Connection, key: &str, date: i64) -> Result<Option<(i64, bool)>> {
    db.prepare_cached(
        "SELECT thread, orphan FROM messages
         WHERE subject_key = ?1 AND subject_key <> '' AND date BETWEEN ?2 AND ?3
         ORDER BY abs(date - ?4), id LIMIT 1",
    )?
    .query_row(
        params![key, date.saturating_sub(SUBJECT_WINDOW), date.saturating_add(SUBJECT_WINDOW), date],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .optional()
}

/// The conversations of the replies that have been waiting for a message with this subject and date.
fn adopt_orphans(db: &Connection, key: &str, date: i64) -> Result<Vec<i64>> {
    let threads: Vec<i64> = db
        .prepare_cached(
            "SELECT DISTINCT thread FROM messages
             WHERE subject_key = ?1 AND subject_key <> '' AND orphan AND date BETWEEN ?2 AND ?3",
        )?
        .query_map(params![key, date, date.saturating_add(SUBJECT_WINDOW)], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for thread in &threads {
        db.prepare_cached("UPDATE messages SET orphan = 0 WHERE thread = ?1 AND orphan")?
            .execute([thread])?;
    }
    Ok(threads)
}

/// Makes one conversation of several; it keeps the lowest number.
fn join(db: &Connection, mut threads: Vec<i64>) -> Result<Option<i64>> {
    threads.sort_unstable();
    threads.dedup();
    let Some((&kept, others)) = threads.split_first() else { return Ok(None) };
    for other in others {
        db.prepare_cached("UPDATE messages SET thread = ?1 WHERE thread = ?2")?.execute([&kept, other])?;
        db.prepare_cached("UPDATE conversation_ids SET thread = ?1 WHERE thread = ?2")?
            .execute([&kept, other])?;
    }
    Ok(Some(kept))
}
