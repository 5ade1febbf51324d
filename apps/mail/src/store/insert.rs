//! Adds a message, unless it is there already.

use std::cell::OnceCell;

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::content::content_hash;
use super::origins::{self, Seen};
use super::queue::enqueue;
use super::subject::Subject;
use super::{labels, threads};
use crate::mailbox::{Entry, Flags};
use crate::message::{self, Message};
use crate::model::{Address, MessageId};

/// The most authors or recipients an envelope shows; the whole list is in the message itself.
const ENVELOPE_ADDRESSES: usize = 32;

/// The longest snippet, in characters: two lines of a list.
const SNIPPET_CHARS: usize = 160;

/// An entry of a mailbox on its way into the database.
#[derive(Debug)]
pub(crate) struct Incoming {
    entry: Entry,
    content: [u8; 32],
    message: OnceCell<Message>,
}

impl Incoming {
    pub(crate) fn new(entry: Entry) -> Self {
        Self { content: content_hash(&entry.raw), entry, message: OnceCell::new() }
    }

    /// The parsed message; parsed when first asked for, which for a duplicate is never.
    pub(crate) fn message(&self) -> &Message {
        self.message.get_or_init(|| Message::parse(&self.entry.raw))
    }

    /// The size of the message in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.entry.raw.len() as u64
    }
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It is a new message.
    Added(MessageId),
    /// The message was there.
    Duplicate,
}

/// The message that has the same content as `incoming`.
pub(crate) fn known(db: &Connection, incoming: &Incoming) -> Result<Option<MessageId>> {
    db.prepare_cached("SELECT id FROM messages WHERE content = ?1")?
        .query_row([&incoming.content], |row| row.get(0).map(MessageId))
        .optional()
}

/// Adds a message; to be called in a transaction.
///
/// A message that is there keeps its state, which may have been changed since, but for the flags that its
/// mailbox has changed since it was last found there. Found at a place not seen before, it gains the labels
/// it has there.
pub(crate) fn insert(db: &Connection, incoming: &Incoming) -> Result<Inserted> {
    let entry = &incoming.entry;
    if let Some(id) = known(db, incoming)? {
        let changed = match origins::record(db, id, entry)? {
            Seen::Never => add_labels(db, id, &entry.labels)?,
            Seen::Changed(0) => false,
            Seen::Changed(flags) => take_over(db, id, flags, entry.flags)?,
        };
        if changed {
            enqueue(db, id)?;
        }
        return Ok(Inserted::Duplicate);
    }
    let next = "SELECT coalesce(max(id), 0) + 1 FROM messages";
    let id = MessageId(db.prepare_cached(next)?.query_row([], |row| row.get(0))?);
    insert_row(db, id, incoming)?;
    db.prepare_cached("INSERT INTO raw (message, bytes) VALUES (?1, ?2)")?
        .execute(params![id.0, entry.raw])?;
    origins::record(db, id, entry)?;
    add_labels(db, id, &entry.labels)?;
    enqueue(db, id)?;
    Ok(Inserted::Added(id))
}

fn insert_row(db: &Connection, id: MessageId, incoming: &Incoming) -> Result<()> {
    let (entry, message) = (&incoming.entry, incoming.message());
    let subject = Subject::read(&message.subject);
    let place = threads::place(db, id, message, &subject)?;
    // A date outside the calendar (years beyond 9999) is no date.
    let date = message.date.filter(|&seconds| jiff::Timestamp::from_second(seconds).is_ok());
    db.prepare_cached(
        "INSERT INTO messages (id, content, thread, date, subject, subject_key, orphan, sender, recipients,
             snippet, size, attachments, unread, flagged, replied)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        id.0,
        incoming.content,
        place.thread,
        date,
        message.subject,
        subject.key,
        place.orphan,
        addresses(&message.from)?,
        addresses(&message.to)?,
        snippet(&message.text),
        incoming.size().cast_signed(),
        message.attachments.len() as i64,
        !entry.flags.read,
        entry.flags.flagged,
        entry.flags.replied,
    ])?;
    Ok(())
}

/// Takes over those flags that `changed` names, as [`Flags::bits`].
fn take_over(db: &Connection, id: MessageId, changed: u8, flags: Flags) -> Result<bool> {
    let updated = db
        .prepare_cached(
            "UPDATE messages SET unread  = iif(?2 & 1, NOT (?3 & 1), unread),
                                 flagged = iif(?2 & 2, ?3 >> 1 & 1, flagged),
                                 replied = iif(?2 & 4, ?3 >> 2 & 1, replied)
             WHERE id = ?1",
        )?
        .execute(params![id.0, changed, flags.bits()])?;
    Ok(updated > 0)
}

/// Whether a label was new. What cannot be a label is left out: a mailbox has no one to ask.
fn add_labels(db: &Connection, id: MessageId, wanted: &[String]) -> Result<bool> {
    let mut added = 0;
    for label in wanted.iter().filter_map(|label| labels::clean(label)) {
        added += db
            .prepare_cached("INSERT OR IGNORE INTO labels (message, label) VALUES (?1, ?2)")?
            .execute(params![id.0, label])?;
    }
    Ok(added > 0)
}

fn addresses(list: &[message::Address]) -> Result<String> {
    let list: Vec<Address> = list.iter().take(ENVELOPE_ADDRESSES).cloned().map(Address::from).collect();
    serde_json::to_string(&list).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The beginning of what the author wrote: quoted lines and repeated spaces left out.
fn snippet(text: &str) -> String {
    let mut snippet = String::new();
    let written = text.lines().filter(|line| !line.trim_start().starts_with('>'));
    for word in written.flat_map(str::split_whitespace) {
        if !snippet.is_empty() {
            snippet.push(' ');
        }
        snippet.push_str(word);
        if let Some((end, _)) = snippet.char_indices().nth(SNIPPET_CHARS) {
            snippet.truncate(end);
            break;
        }
    }
    snippet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_what_the_author_wrote() {
        assert_eq!(snippet("> quoted\n  Hello\t\tthere\n\n > more\nBob"), "Hello there Bob");
        assert_eq!(snippet(&"ä".repeat(1000)).chars().count(), SNIPPET_CHARS);
        assert_eq!(snippet(""), "");
    }
}
