//! The directory of an index, which remembers that the disk was full.
//!
//! Tantivy turns some of its write errors into text before they reach the caller. Here they are
//! still what the system said.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
};

use crate::error::is_storage_full;

/// A directory on disk.
#[derive(Debug, Clone)]
pub(super) struct DiskDirectory {
    files: MmapDirectory,
    full: Full,
}

/// Whether a write has failed because the disk was full.
#[derive(Debug, Clone, Default)]
pub(super) struct Full(Arc<AtomicBool>);

impl Full {
    /// Whether it has since this was last asked.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && is_storage_full(error)
        {
            self.0.store(true, Ordering::Release);
        }
        result
    }
}

impl DiskDirectory {
    pub(super) fn open(dir: &Path) -> tantivy::Result<Self> {
        Ok(Self { files: MmapDirectory::open(dir)?, full: Full::default() })
    }

    pub(super) fn full(&self) -> Full {
        self.full.clone()
    }
}

impl Directory for DiskDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.files.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let opened = self.files.open_write(path);
        if let Err(OpenWriteError::IoError { io_error, .. }) = &opened
            && is_storage_full(io_error)
        {
            self.full.0.store(true, Ordering::Release);
        }
        let file = DiskFile { file: opened?, full: self.full.clone() };
        // The file inside has a buffer already.
        Ok(BufWriter::with_capacity(0, Box::new(file)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.files.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.full.note(self.files.atomic_write(path, data))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.full.note(self.files.sync_directory())
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.files.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.files.watch(callback)
    }
}

struct DiskFile {
    file: WritePtr,
    full: Full,
}

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.full.note(self.file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.full.note(self.file.flush())
    }
}

impl TerminatingWrite for DiskFile {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.full.note(self.file.terminate_ref(token))
    }
}
