use std::io;
use std::path::{Path, PathBuf};

/// Why a mailbox cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailboxError {
    /// There is nothing at the path.
    #[error("there is no mailbox at {}; check the path", path.display())]
    NotFound {
        /// The path that was given.
        path: PathBuf,
    },
    /// The system refuses to show what is there.
    #[error("this user may not read {}; allow it with `chmod u+rX`, or run as the user who owns the mail", path.display())]
    Denied {
        /// The file or directory that is closed.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("cannot read {}: {source}; what was read before stays valid, try again", path.display())]
    Unreadable {
        /// The file or directory that cannot be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is there is no mail.
    #[error(
        "{} is not a mailbox: give an mbox file (it starts with `From `), a Maildir (a directory with cur, \
         new and tmp, or folders of that kind), a directory with .eml files, or one .eml file",
        path.display()
    )]
    NotMail {
        /// The path that was given.
        path: PathBuf,
    },
}

impl MailboxError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Unreadable { path, source },
        }
    }
}
