//! Keeps the index level with the database.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use super::open::{Engine, INDEX_DIR, Writer};
use crate::error::EngineError;
use crate::index::{DocumentWriter, SearchIndex, Source, io_error};
use crate::message::Message;
use crate::model::{IndexProgress, MessageId};
use crate::store;

/// How many messages the index takes in between two commits, and between two reports of progress.
const BATCH: usize = 1000;

/// Where a new index grows until it takes the place of the old one.
const FRESH_DIR: &str = "index.new";

/// Where the old index waits for its end.
const OLD_DIR: &str = "index.old";

/// Reports how far it is and learns whether to go on.
type Progress<'a> = &'a mut dyn FnMut(IndexProgress) -> ControlFlow<()>;

/// Messages that are parsed already.
pub(super) type Parsed<'a> = HashMap<MessageId, &'a Message>;

impl Engine {
    /// Brings the index level with the database, building it anew if it is missing or damaged.
    ///
    /// Searches do this by themselves; a daemon calls it to show how far it is.
    ///
    /// # Errors
    ///
    /// [`EngineError::Cancelled`] when `progress` breaks; the next search goes on.
    /// [`EngineError::StorageFull`], [`EngineError::Index`], [`EngineError::Store`].
    pub fn level(&self, progress: Progress<'_>) -> Result<(), EngineError> {
        let mut writer = self.writer();
        if self.index().is_none() {
            self.rebuild(&mut writer, progress)?;
        }
        self.drain(&mut writer, &Parsed::new(), progress)
    }

    /// Builds the index anew from the database. Searches use the old one until the new one is done.
    ///
    /// # Errors
    ///
    /// [`EngineError::Cancelled`] when `progress` breaks, [`EngineError::StorageFull`],
    /// [`EngineError::Index`], [`EngineError::Store`]; the old index stays in use.
    pub fn reindex(&self, progress: Progress<'_>) -> Result<(), EngineError> {
        self.rebuild(&mut self.writer(), progress)
    }

    /// The index, brought level if it is not.
    pub(super) fn level_index(&self) -> Result<Arc<SearchIndex>, EngineError> {
        loop {
            if self.is_level.load(Ordering::Acquire)
                && let Some(index) = self.index()
            {
                return Ok(index);
            }
            self.level(&mut |_| ControlFlow::Continue(()))?;
        }
    }

    /// Asks the index, level; if it turns out to be damaged, builds it anew and asks again.
    pub(super) fn ask<T>(
        &self,
        question: impl Fn(&SearchIndex) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let index = self.level_index()?;
        match question(&index) {
            Err(EngineError::Index { source }) if index.is_damaged() => {
                tracing::warn!(%source, "the index is damaged and is built anew");
                let mut writer = self.writer();
                // Of several searches that meet the damage, one repairs it.
                if self.index().is_some_and(|current| Arc::ptr_eq(&current, &index)) {
                    self.rebuild(&mut writer, &mut |_| ControlFlow::Continue(()))?;
                }
                drop(writer);
                question(&*self.level_index()?)
            }
            answer => answer,
        }
    }

    /// Lets the index take in what is queued.
    pub(super) fn drain(
        &self,
        writer: &mut Writer,
        parsed: &Parsed<'_>,
        progress: Progress<'_>,
    ) -> Result<(), EngineError> {
        let drained = match self.drain_queue(writer, parsed, progress) {
            Err(EngineError::Index { source }) if self.index().is_some_and(|index| index.is_damaged()) => {
                tracing::warn!(%source, "the index is damaged and is built anew");
                self.rebuild(writer, progress)
            }
            drained => drained,
        };
        self.set_level(drained.is_ok());
        drained
    }

    fn drain_queue(
        &self,
        writer: &mut Writer,
        parsed: &Parsed<'_>,
        progress: Progress<'_>,
    ) -> Result<(), EngineError> {
        // Without an index there is nothing to drain into; building one takes in everything.
        let Some(index) = self.index() else { return self.rebuild(writer, progress) };
        let Writer { db, documents } = writer;
        let documents = documents.get_or_insert_with(|| DocumentWriter::new(index));
        let total = store::queue_length(db)?;
        let mut done = 0;
        while let Some((last, ids)) = store::queued(db, BATCH)? {
            for &id in &ids {
                put(db, documents, id, parsed)?;
            }
            documents.commit()?;
            store::take_off(db, last)?;
            done += ids.len() as u64;
            if progress(IndexProgress { done, total: total.max(done) }).is_break() {
                return Err(EngineError::Cancelled);
            }
        }
        Ok(())
    }

    fn rebuild(&self, writer: &mut Writer, progress: Progress<'_>) -> Result<(), EngineError> {
        let (live, fresh, old) = (self.dir.join(INDEX_DIR), self.dir.join(FRESH_DIR), self.dir.join(OLD_DIR));
        remove(&fresh)?;
        remove(&old)?;
        if let Err(error) = build(&writer.db, &fresh, progress) {
            // Its space is needed more than its remains are; whatever stays is removed by the next attempt.
            let _ = remove(&fresh);
            return Err(error);
        }
        // The old index's threads must not write while its directory moves, and should the new one not
        // arrive in its place, there is none.
        writer.documents = None;
        self.set_index(None);
        if live.exists() {
            fs::rename(&live, &old).map_err(io_error)?;
        }
        fs::rename(&fresh, &live).map_err(io_error)?;
        // The queue may be forgotten only once the new index is sure to be found.
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(io_error)?;
        self.set_index(Some(Arc::new(SearchIndex::open(&live)?)));
        store::clear_queue(&writer.db)?;
        self.set_level(true);
        remove(&old)
    }
}

/// Builds an index of everything in `db`.
fn build(db: &Connection, dir: &Path, progress: Progress<'_>) -> Result<(), EngineError> {
    let mut documents = DocumentWriter::new(Arc::new(SearchIndex::create(dir)?));
    let (total, ..) = store::count_messages(db)?;
    let (mut done, mut after) = (0, MessageId(i64::MIN));
    loop {
        let ids = store::all_ids(db, after, BATCH)?;
        let Some(&last) = ids.last() else { break };
        for &id in &ids {
            put(db, &mut documents, id, &Parsed::new())?;
        }
        (after, done) = (last, done + ids.len() as u64);
        if progress(IndexProgress { done, total }).is_break() {
            return Err(EngineError::Cancelled);
        }
    }
    documents.finish()?;
    SearchIndex::complete(dir)
}

/// Lets the index take in one message.
fn put(
    db: &Connection,
    documents: &mut DocumentWriter,
    id: MessageId,
    parsed: &Parsed<'_>,
) -> Result<(), EngineError> {
    let Some(stored) = store::stored(db, id)? else { return Ok(()) };
    let reread;
    let message = match parsed.get(&id) {
        Some(message) => *message,
        None => {
            reread = Message::parse(&store::raw(db, id)?.unwrap_or_default());
            &reread
        }
    };
    documents.put(&Source {
        id,
        date: stored.date,
        size: stored.size,
        flags: stored.flags,
        labels: &stored.labels,
        message,
    })
}

/// Removes what is at `path`, if anything is.
fn remove(path: &Path) -> Result<(), EngineError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(error)),
        _ => Ok(()),
    }
}
