//! Answers without changing anything.

use std::fs;
use std::path::Path;

use super::open::{Engine, INDEX_DIR};
use crate::error::EngineError;
use crate::message::Message;
use crate::model::{Address, Attachment, Envelope, FullMessage, MessageId, Sort, Stats};
use crate::{index, mailbox, query, store};

/// The most messages one search or conversation returns: a few megabytes of envelopes, and more than anyone reads.
pub const MAX_RESULTS: usize = 10_000;

impl Engine {
    /// Finds messages; see [`query`] for the language. Returns at most `limit`, and at most
    /// [`MAX_RESULTS`], which [`count`](Self::count) can tell.
    ///
    /// # Errors
    ///
    /// [`EngineError::BadQuery`], [`EngineError::Index`], [`EngineError::Store`];
    /// [`EngineError::StorageFull`] when the index is behind and has no space to catch up.
    pub fn search(&self, query: &str, limit: usize, sort: Sort) -> Result<Vec<Envelope>, EngineError> {
        let query = query::parse(query)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let ids = self.ask(|index| index.search(&query, limit.min(MAX_RESULTS), sort))?;
        self.envelopes(&ids)
    }

    /// Counts the messages a query finds.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search).
    pub fn count(&self, query: &str) -> Result<u64, EngineError> {
        let query = query::parse(query)?;
        self.ask(|index| index.count(&query))
    }

    /// Reads one message.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotFound`], [`EngineError::Store`].
    pub fn message(&self, id: MessageId) -> Result<FullMessage, EngineError> {
        let reader = self.pool.get()?;
        let envelope = store::envelopes(&reader, &[id])?.pop().ok_or(EngineError::NotFound { id })?;
        let raw = store::raw(&reader, id)?.ok_or(EngineError::NotFound { id })?;
        let origins = store::origins(&reader, id)?;
        drop(reader);
        let message = Message::parse(&raw);
        Ok(FullMessage {
            envelope,
            cc: message.cc.into_iter().map(Address::from).collect(),
            bcc: message.bcc.into_iter().map(Address::from).collect(),
            message_id: message.message_id,
            in_reply_to: message.in_reply_to,
            references: message.references,
            text: message.text,
            attachments: message.attachments.into_iter().map(Attachment::from).collect(),
            origins,
        })
    }

    /// The messages that came after `last`, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`].
    pub fn after(&self, last: MessageId, limit: usize) -> Result<Vec<Envelope>, EngineError> {
        let ids = store::all_ids(&*self.pool.get()?, last, limit)?;
        self.envelopes(&ids)
    }

    /// Whether a message was taken in from this place, with these flags: there is nothing new in reading it
    /// again where a place keeps its message.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`].
    pub fn knows(&self, origin: &str, flags: mailbox::Flags) -> Result<bool, EngineError> {
        Ok(store::knows(&*self.pool.get()?, origin, flags)?)
    }

    /// The message that came last; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`].
    pub fn newest(&self) -> Result<Option<MessageId>, EngineError> {
        Ok(store::newest_id(&*self.pool.get()?)?)
    }

    /// Reads one message as it came, byte for byte.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotFound`], [`EngineError::Store`].
    pub fn raw(&self, id: MessageId) -> Result<Vec<u8>, EngineError> {
        store::raw(&*self.pool.get()?, id)?.ok_or(EngineError::NotFound { id })
    }

    /// Reads the conversation a message is in, oldest first; at most [`MAX_RESULTS`] messages.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotFound`], [`EngineError::Store`].
    pub fn thread(&self, id: MessageId) -> Result<Vec<Envelope>, EngineError> {
        let ids = store::ids_of_thread(&*self.pool.get()?, id, MAX_RESULTS)?;
        if ids.is_empty() {
            return Err(EngineError::NotFound { id });
        }
        self.envelopes(&ids)
    }

    /// Tells how much mail there is and what it takes. Never waits for the index.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`].
    pub fn stats(&self) -> Result<Stats, EngineError> {
        let reader = self.pool.get()?;
        let (messages, unread, threads) = store::count_messages(&reader)?;
        let database = self.dir.join(store::DATABASE_FILE);
        let log = self.dir.join(store::LOG_FILE);
        Ok(Stats {
            messages,
            unread,
            threads,
            indexed: self.index().map_or(0, |index| index.documents()),
            index_behind: store::queue_length(&reader)?,
            database_bytes: size_of_file(&database) + size_of_file(&log),
            index_bytes: size_of_dir(&self.dir.join(INDEX_DIR)),
            database_version: store::VERSION,
            index_version: index::VERSION,
        })
    }

    /// The envelopes of `ids` in the same order, all as of one moment.
    fn envelopes(&self, ids: &[MessageId]) -> Result<Vec<Envelope>, EngineError> {
        let reader = self.pool.get()?;
        let snapshot = reader.unchecked_transaction()?;
        Ok(store::envelopes(&snapshot, ids)?)
    }
}

/// A file that is missing or vanishes takes no space.
fn size_of_file(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn size_of_dir(dir: &Path) -> u64 {
    fs::read_dir(dir).map_or(0, |entries| entries.flatten().map(|entry| size_of_file(&entry.path())).sum())
}
