//! Opens an index and asks it.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use jiff::Zoned;
use tantivy::collector::sort_key::{SortBySimilarityScore, SortByStaticFastValue};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::Query as IndexQuery;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, IndexSettings, Order, ReloadPolicy, TantivyError};

use super::compile::compile;
use super::directory::{DiskDirectory, Full};
use super::schema::{DATE, Fields, ID, TOKENIZER, VERSION, schema};
use super::words::WordTokenizer;
use crate::error::EngineError;
use crate::model::{MessageId, Sort};
use crate::query::Query;

/// The file that tells by which version of this program the index was made. It is written last.
const MARKER: &str = "version";

/// An open index.
pub(crate) struct SearchIndex {
    pub(super) index: Index,
    pub(super) fields: Fields,
    /// Whether a write to this index has met a full disk.
    pub(super) full: Full,
    reader: IndexReader,
}

impl SearchIndex {
    /// Opens the index in `dir`.
    ///
    /// # Errors
    ///
    /// Unless the disk is full, the index has to be built anew.
    pub(crate) fn open(dir: &Path) -> Result<Self, EngineError> {
        let marker = fs::read_to_string(dir.join(MARKER)).map_err(io_error)?;
        if marker != VERSION.to_string() {
            let reason = format!("made as version {:?}, this is {VERSION}", marker.trim());
            return Err(TantivyError::SchemaError(reason).into());
        }
        guarded(|| {
            let directory = DiskDirectory::open(dir)?;
            let full = directory.full();
            let index = Index::open(directory)?;
            if index.schema() != schema().0 {
                return Err(TantivyError::SchemaError("the fields are others".to_owned()).into());
            }
            Self::with(index, full)
        })
    }

    /// Makes an empty index in `dir`, which must be empty or missing.
    pub(crate) fn create(dir: &Path) -> Result<Self, EngineError> {
        fs::create_dir_all(dir).map_err(io_error)?;
        let directory = DiskDirectory::open(dir)?;
        let full = directory.full();
        Self::with(Index::create(directory, schema().0, IndexSettings::default())?, full)
    }

    /// Declares the index in `dir` complete.
    pub(crate) fn complete(dir: &Path) -> Result<(), EngineError> {
        fs::write(dir.join(MARKER), VERSION.to_string()).map_err(io_error)
    }

    fn with(index: Index, full: Full) -> Result<Self, EngineError> {
        index.tokenizers().register(TOKENIZER, TextAnalyzer::from(WordTokenizer::default()));
        // Reloaded by hand after each commit, so that an answer never lacks a change that was reported done.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, fields: schema().1, full, reader })
    }

    /// The best `limit` messages, in order. `limit` must not be 0.
    pub(crate) fn search(
        &self,
        query: &Query,
        limit: usize,
        sort: Sort,
    ) -> Result<Vec<MessageId>, EngineError> {
        let query = compile(query, &self.fields, &Zoned::now());
        guarded(|| self.best(&*query, limit, sort))
    }

    fn best(&self, query: &dyn IndexQuery, limit: usize, sort: Sort) -> Result<Vec<MessageId>, EngineError> {
        let searcher = self.reader.searcher();
        // The id as the last word makes the order the same each time.
        let id = || (SortByStaticFastValue::<i64>::for_field(ID), Order::Desc);
        let top = TopDocs::with_limit(limit);
        let ids: Vec<Option<i64>> = match sort {
            Sort::Date => {
                let date = (SortByStaticFastValue::<i64>::for_field(DATE), Order::Desc);
                let found = searcher.search(query, &top.order_by((date, id())))?;
                found.into_iter().map(|((_, id), _)| id).collect()
            }
            Sort::Relevance => {
                let score = (SortBySimilarityScore, Order::Desc);
                let found = searcher.search(query, &top.order_by((score, id())))?;
                found.into_iter().map(|((_, id), _)| id).collect()
            }
        };
        Ok(ids.into_iter().flatten().map(MessageId).collect())
    }

    /// How many messages a query finds.
    pub(crate) fn count(&self, query: &Query) -> Result<u64, EngineError> {
        let query = compile(query, &self.fields, &Zoned::now());
        guarded(|| Ok(self.reader.searcher().search(&query, &Count)? as u64))
    }

    /// Whether a file is not as it was written. Reads the whole index.
    pub(crate) fn is_damaged(&self) -> bool {
        self.index.validate_checksum().map_or(true, |damaged| !damaged.is_empty())
    }

    /// How many messages the index holds.
    pub(crate) fn documents(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Lets the answers from now on see everything committed.
    pub(super) fn reload(&self) -> tantivy::Result<()> {
        self.reader.reload()
    }
}

/// Makes an error of a panic: on damaged files Tantivy has some of both.
fn guarded<T>(run: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(TantivyError::InternalError("the search panicked".to_owned()).into()))
}

/// The error of an operation of our own on the directory of an index.
pub(crate) fn io_error(error: io::Error) -> EngineError {
    TantivyError::IoError(error.into()).into()
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchIndex").field("index", &self.index).finish_non_exhaustive()
    }
}
