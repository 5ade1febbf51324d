//! An instance's files: what they are called, and what is done with them relative to the directory.

use std::fs::File;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use serde::{Deserialize, Serialize};

use super::{Instance, LifecycleError, RuntimeDir};

/// The kinds of files of an instance. No suffix ends in another, so two instances never share a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The published socket.
    Socket,
    /// The socket before it is published.
    NewSocket,
    /// The lock for the daemon's life.
    Lock,
    /// The lock while a daemon starts.
    Spawn,
    /// Who serves, for people.
    Record,
    /// The record before it is published.
    NewRecord,
}

impl Kind {
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Socket => ".sock",
            Self::NewSocket => ".new",
            Self::Lock => ".lock",
            Self::Spawn => ".spawn",
            Self::Record => ".json",
            Self::NewRecord => ".tmp",
        }
    }

    pub(super) fn of(self, instance: &Instance) -> String {
        format!("{}{}", instance.stem(), self.suffix())
    }
}

/// Which file a name or a descriptor stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl From<FileStat> for FileId {
    // The fields' widths differ between systems.
    #[allow(clippy::unnecessary_cast)]
    fn from(found: FileStat) -> Self {
        Self { device: found.st_dev as u64, inode: found.st_ino as u64 }
    }
}

impl RuntimeDir {
    /// Returns a file's full path, for people.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Opens a file of ours. A link is refused, a FIFO does not block, and no other process inherits it.
    pub(super) fn open_file(&self, name: &str, flags: OFlag) -> nix::Result<File> {
        let flags = flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        openat(self, name, flags, Mode::S_IRUSR | Mode::S_IWUSR).map(File::from)
    }

    /// Tells which file stands under a name, if any.
    pub(super) fn id_of(&self, name: &str) -> Result<Option<FileId>, LifecycleError> {
        match fstatat(self, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found.into())),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(LifecycleError::io("inspect", &self.path_of(name))(errno)),
        }
    }

    /// Gives a file its final name, in place of whatever had it.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), LifecycleError> {
        renameat(self, from, self, to).map_err(LifecycleError::io("publish", &self.path_of(to)))
    }

    /// Removes a file, if it is there.
    pub(super) fn unlink(&self, name: &str) -> Result<(), LifecycleError> {
        match unlinkat(self, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(LifecycleError::io("remove", &self.path_of(name))(errno)),
        }
    }
}
