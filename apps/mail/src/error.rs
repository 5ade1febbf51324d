//! Why the engine cannot do what it was asked.

use std::io;
use std::path::PathBuf;

use crate::mailbox::MailboxError;
use crate::model::MessageId;
use crate::query::QueryError;

/// Why the engine cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The query is not in the language.
    #[error(transparent)]
    BadQuery(#[from] QueryError),
    /// A label that cannot be one.
    #[error(
        "{label:?} cannot be a label: it needs 1 to {} characters without control characters",
        crate::store::MAX_LABEL_CHARS
    )]
    BadLabel {
        /// What was given.
        label: String,
    },
    /// No message has this id. Nothing was changed.
    #[error("there is no message {id}")]
    NotFound {
        /// What was asked for.
        id: MessageId,
    },
    /// The disk is full. What was stored before is intact, and what was asked for can be asked again.
    #[error("the disk is full; free some space and try again")]
    StorageFull {
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process has this directory open.
    #[error("{} is in use by another process", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The data directory cannot be used.
    #[error("cannot use the data directory {}", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database was written by a newer version of this program.
    #[error("the database was written by a newer version of this program; use that version")]
    NewerDatabase,
    /// The database does not do its work.
    #[error("the database failed")]
    Store {
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The index does not do its work. It can be built anew from the database.
    #[error("the search index failed; `reindex` builds it anew")]
    Index {
        /// What it said.
        #[source]
        source: tantivy::TantivyError,
    },
    /// The mailbox became unreadable in the middle of the import. What was read before is stored.
    #[error("the mailbox cannot be read further")]
    Unreadable {
        /// What is wrong with it.
        #[source]
        source: MailboxError,
    },
    /// The caller asked to stop. What was done before is kept.
    #[error("cancelled")]
    Cancelled,
}

impl From<rusqlite::Error> for EngineError {
    fn from(error: rusqlite::Error) -> Self {
        // The shared-memory file of the write-ahead log grows by itself, and fails with its own code.
        let full = error.sqlite_error().is_some_and(|failure| {
            failure.code == rusqlite::ErrorCode::DiskFull
                || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        });
        if full { Self::StorageFull { source: error.into() } } else { Self::Store { source: error.into() } }
    }
}

impl From<tantivy::TantivyError> for EngineError {
    fn from(error: tantivy::TantivyError) -> Self {
        if io_cause(&error).is_some_and(is_storage_full) {
            Self::StorageFull { source: error.into() }
        } else {
            Self::Index { source: error }
        }
    }
}

/// Whether the system refused to write for want of space.
pub(crate) fn is_storage_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

fn io_cause(error: &tantivy::TantivyError) -> Option<&io::Error> {
    use tantivy::TantivyError as E;
    use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
    match error {
        E::IoError(error)
        | E::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | E::LockFailure(LockError::IoError(error), _)
        | E::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | E::OpenDirectoryError(
            OpenDirectoryError::IoError { io_error: error, .. }
            | OpenDirectoryError::FailedToCreateTempDir(error),
        ) => Some(error),
        _ => None,
    }
}
