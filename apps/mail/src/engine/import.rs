//! Takes in a mailbox.

use std::ops::ControlFlow;

use rusqlite::TransactionBehavior;

use super::level::Parsed;
use super::open::{Engine, Writer};
use crate::error::EngineError;
use crate::mailbox::{Found, MailboxError};
use crate::model::{BrokenEntry, ImportProgress, ImportReport};
use crate::store::{self, Incoming, Inserted};

/// How many messages are looked at and stored at once. Each batch costs the disk a handful of syncs; more would
/// let a `mark` wait longer for its turn and keep more mail in memory.
const BATCH_MESSAGES: usize = 500;

/// How many bytes of mail are stored at once, give or take a message: what an import keeps in memory.
const BATCH_BYTES: u64 = 16 << 20;

/// How many broken entries a report lists.
const MAX_BROKEN: usize = 100;

impl Engine {
    /// Takes in every message of a mailbox that is not there yet.
    ///
    /// Stores a batch of messages at a time, each wholly or not at all, and calls `progress` after
    /// each. A message that is there gains the labels of places where it was not seen before, and the flags
    /// that have changed at its place since the last import. Entries that cannot be read are reported and
    /// passed over.
    ///
    /// # Errors
    ///
    /// What the batches before stored stays stored, and a second import goes on from there.
    /// [`EngineError::Cancelled`] when `progress` breaks, [`EngineError::Unreadable`] when the mailbox
    /// fails, [`EngineError::StorageFull`], [`EngineError::Store`], [`EngineError::Index`].
    pub fn import(
        &self,
        entries: &mut dyn Iterator<Item = Result<Found, MailboxError>>,
        progress: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
    ) -> Result<ImportReport, EngineError> {
        let mut done = ImportProgress::default();
        let mut report = ImportReport::default();
        loop {
            let batch = self.read_batch(entries)?;
            let added = self.store_batch(&batch.messages)?;
            let messages = batch.messages.len() as u64 + batch.known;
            done.seen += messages + batch.broken.len() as u64;
            done.added += added;
            done.duplicate += messages - added;
            done.broken += batch.broken.len() as u64;
            done.bytes += batch.bytes;
            let room = MAX_BROKEN - report.broken.len();
            report.broken.extend(batch.broken.into_iter().take(room));
            let go_on = progress(done);
            match batch.end {
                Some(End::Complete) => {
                    return Ok(ImportReport {
                        seen: done.seen,
                        added: done.added,
                        duplicate: done.duplicate,
                        ..report
                    });
                }
                Some(End::Failed(source)) => return Err(EngineError::Unreadable { source }),
                None if go_on.is_break() => return Err(EngineError::Cancelled),
                None => {}
            }
        }
    }

    /// Reads and parses a batch, beside whatever else the engine does.
    fn read_batch(
        &self,
        entries: &mut dyn Iterator<Item = Result<Found, MailboxError>>,
    ) -> Result<Batch, EngineError> {
        let reader = self.pool.get()?;
        let mut batch = Batch::default();
        while batch.len() < BATCH_MESSAGES && batch.bytes < BATCH_BYTES {
            match entries.next() {
                None => batch.end = Some(End::Complete),
                Some(Err(error)) => batch.end = Some(End::Failed(error)),
                Some(Ok(Found::Broken { origin, reason })) => {
                    batch.broken.push(BrokenEntry { origin, reason });
                    continue;
                }
                Some(Ok(Found::Known)) => {
                    batch.known += 1;
                    continue;
                }
                Some(Ok(Found::Message(entry))) => {
                    let incoming = Incoming::new(entry);
                    if store::known(&reader, &incoming)?.is_none() {
                        incoming.message();
                    }
                    batch.bytes += incoming.size();
                    batch.messages.push(incoming);
                    continue;
                }
            }
            break;
        }
        Ok(batch)
    }

    /// Stores a batch and lets the index take it in; returns how many messages were new.
    fn store_batch(&self, batch: &[Incoming]) -> Result<u64, EngineError> {
        if batch.is_empty() {
            return Ok(0);
        }
        let mut writer = self.writer();
        let Writer { db, .. } = &mut *writer;
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut parsed = Parsed::new();
        for incoming in batch {
            if let Inserted::Added(id) = store::insert(&transaction, incoming)? {
                parsed.insert(id, incoming.message());
            }
        }
        transaction.commit()?;
        self.drain(&mut writer, &parsed, &mut |_| ControlFlow::Continue(()))?;
        Ok(parsed.len() as u64)
    }
}

#[derive(Debug, Default)]
struct Batch {
    messages: Vec<Incoming>,
    /// Messages that were not read, for they are there.
    known: u64,
    broken: Vec<BrokenEntry>,
    bytes: u64,
    end: Option<End>,
}

impl Batch {
    fn len(&self) -> usize {
        self.messages.len() + self.broken.len() + usize::try_from(self.known).unwrap_or(usize::MAX)
    }
}

/// Why a batch is the last.
#[derive(Debug)]
enum End {
    Complete,
    Failed(MailboxError),
}
