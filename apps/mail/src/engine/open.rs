//! The engine itself, and how it opens.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::time::Duration;

use rusqlite::Connection;

use crate::error::EngineError;
use crate::index::{DocumentWriter, SearchIndex};
use crate::store::{self, Pool};

/// The mail of one data directory, searchable.
///
/// Shared between threads by reference; every method blocks until it is done. Searches and reads
/// run beside each other and beside an import. Changes wait for each other, for at most one batch of
/// an import or the whole of a [`reindex`](Self::reindex).
#[derive(Debug)]
pub struct Engine {
    pub(super) dir: PathBuf,
    /// Held as long as the engine lives.
    _lock: File,
    pub(super) pool: Pool,
    /// `None` when it has to be built anew.
    pub(super) index: RwLock<Option<Arc<SearchIndex>>>,
    /// Whether the index held everything when it was last looked at. A change in progress does not
    /// lower it: until the change is reported done, answers without it are right.
    pub(super) is_level: AtomicBool,
    writer: Mutex<Writer>,
}

/// What the one thread that changes something holds.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) documents: Option<DocumentWriter>,
}

impl Engine {
    /// Opens the data directory, and makes it if it is missing.
    ///
    /// Fast whatever state it is in: an index that is missing, damaged or behind is brought level by
    /// the first search, or before by [`level`](Self::level), which tells how far it is.
    ///
    /// # Errors
    ///
    /// [`EngineError::InUse`] while another process has it open, [`EngineError::NewerDatabase`],
    /// [`EngineError::Directory`], [`EngineError::StorageFull`], [`EngineError::Store`].
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, EngineError> {
        let dir = dir.into();
        let lock = lock(&dir)?;
        let db = store::open_writer(&dir)?;
        let index = match SearchIndex::open(&dir.join(INDEX_DIR)) {
            Ok(index) => Some(Arc::new(index)),
            Err(full @ EngineError::StorageFull { .. }) => return Err(full),
            Err(reason) => {
                tracing::info!(?reason, "the index has to be built anew");
                None
            }
        };
        let is_level = index.is_some() && store::queued(&db, 1)?.is_none();
        Ok(Self {
            _lock: lock,
            pool: Pool::new(&dir),
            index: RwLock::new(index),
            is_level: AtomicBool::new(is_level),
            writer: Mutex::new(Writer { db, documents: None }),
            dir,
        })
    }

    /// Waits for its turn to change something.
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic rolled its transaction back, and documents put but not committed are in the queue still.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index, level or not, if there is one.
    pub(super) fn index(&self) -> Option<Arc<SearchIndex>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_index(&self, index: Option<Arc<SearchIndex>>) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    pub(super) fn set_level(&self, is_level: bool) {
        self.is_level.store(is_level, Ordering::Release);
    }
}

/// The directory of the index inside the data directory.
pub(super) const INDEX_DIR: &str = "index";

/// Takes the data directory for this process alone.
fn lock(dir: &Path) -> Result<File, EngineError> {
    let failed = |source: io::Error| match crate::error::is_storage_full(&source) {
        true => EngineError::StorageFull { source: source.into() },
        false => EngineError::Directory { dir: dir.to_owned(), source },
    };
    if !dir.is_dir() {
        // Mail is nobody else's business.
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    }
    let file = fs::OpenOptions::new().create(true).append(true).open(dir.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(source)) => Err(failed(source)),
        Err(TryLockError::WouldBlock) => match wait(file) {
            Some(locked) => locked.map_err(failed),
            None => Err(EngineError::InUse { dir: dir.to_owned() }),
        },
    }
}

/// How long another process may take to be gone: one that was killed lets go of its locks one after the other, and
/// only once its memory has been given back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits in the kernel, on a thread of its own, since that wait has no end; `None` when it took too long.
fn wait(file: File) -> Option<io::Result<File>> {
    let (taken, takes) = mpsc::sync_channel(1);
    // If nobody listens any more, the file is dropped here, and the lock with it.
    std::thread::Builder::new().spawn(move || taken.send(file.lock().map(|()| file))).ok()?;
    takes.recv_timeout(PATIENCE).ok()
}
