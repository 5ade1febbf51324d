//! Puts documents into an index.

use std::sync::Arc;

use tantivy::indexer::UserOperation;
use tantivy::{IndexWriter, TantivyDocument, TantivyError, Term};

use super::document::{Source, document};
use super::search::SearchIndex;
use crate::error::EngineError;

/// Memory for documents on their way to disk, in bytes: with one thread, a few thousand messages
/// between two flushes. Tantivy's least is 15 MB.
const HEAP: usize = 64 << 20;

/// The only writer of an index. Its thread starts with the first document, since most of a daemon's
/// starts only answer a search.
pub(crate) struct DocumentWriter {
    index: Arc<SearchIndex>,
    writer: Option<IndexWriter>,
}

impl DocumentWriter {
    pub(crate) fn new(index: Arc<SearchIndex>) -> Self {
        Self { index, writer: None }
    }

    /// Takes in a message, in place of what the index knew of it. Visible after [`commit`](Self::commit).
    pub(crate) fn put(&mut self, source: &Source<'_>) -> Result<(), EngineError> {
        let fields = self.index.fields;
        let delete = UserOperation::Delete(Term::from_field_i64(fields.id, source.id.0));
        let add = UserOperation::Add(document(&fields, source));
        let put = self.writer()?.run([delete, add]).map(drop);
        self.checked(put)
    }

    /// Makes everything taken in durable and visible.
    pub(crate) fn commit(&mut self) -> Result<(), EngineError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let committed = writer.commit().map(drop).and_then(|()| self.index.reload());
        self.checked(committed)
    }

    /// Commits and waits until the segments are in their final shape.
    pub(crate) fn finish(mut self) -> Result<(), EngineError> {
        self.commit()?;
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let merged = writer.wait_merging_threads();
        self.checked(merged)
    }

    fn writer(&mut self) -> Result<&mut IndexWriter<TantivyDocument>, EngineError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => start(&self.index).map_err(|error| self.cause(error))?,
        };
        Ok(self.writer.insert(writer))
    }

    /// After a failure the writer is of no further use; the next attempt begins with a new one.
    fn checked(&mut self, result: tantivy::Result<()>) -> Result<(), EngineError> {
        let Err(error) = result else { return Ok(()) };
        // A failed write kills the thread, and only the commit after that tells why.
        let error = match (error, self.writer.take()) {
            (TantivyError::ErrorInThread(message), Some(mut writer)) => {
                writer.commit().err().unwrap_or(TantivyError::ErrorInThread(message))
            }
            (error, _) => error,
        };
        Err(self.cause(error))
    }

    fn cause(&self, error: TantivyError) -> EngineError {
        if self.index.full.take() { EngineError::StorageFull { source: error.into() } } else { error.into() }
    }
}

fn start(index: &SearchIndex) -> tantivy::Result<IndexWriter> {
    let writer = index.index.writer_with_num_threads(1, HEAP)?;
    // Tantivy numbers operations on from the last commit and gives the first one that commit's own
    // number; a merge that starts before the next commit then takes that deletion for done. No operation
    // of ours may be the first.
    writer.run([])?;
    // For the same reason a process that was killed while it committed has left files behind under the
    // very names that this one will want to create.
    writer.garbage_collect_files().wait()?;
    Ok(writer)
}

impl std::fmt::Debug for DocumentWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentWriter").field("started", &self.writer.is_some()).finish_non_exhaustive()
    }
}
