//! The kernel's word that a file or a directory has changed. Without it, whoever wants to know looks from time to time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How much is read at once of what has changed: more than one change, with the longest name.
const READ_SIZE: usize = 4 * 1024;

/// Changes since it was made; readable when there are some.
pub(super) struct Changes(OwnedFd);

impl Changes {
    /// Of what is written into a file.
    pub(super) fn of_content(file: &impl AsFd) -> io::Result<Self> {
        system::of_content(file.as_fd()).map(Self)
    }

    /// Of the names in a directory, and of its own.
    #[cfg(feature = "tokio")]
    pub(super) fn of_names(dir: &impl AsFd) -> io::Result<Self> {
        system::of_names(dir.as_fd()).map(Self)
    }

    /// Of the files in a directory: which there are, and what is written into them.
    pub(super) fn of_files(dir: &impl AsFd) -> io::Result<Self> {
        system::of_files(dir.as_fd()).map(Self)
    }

    /// Takes note of them: what they were is seen by looking.
    pub(super) fn take_note(&self) {
        while nix::unistd::read(&self.0, &mut [0; READ_SIZE]).is_ok_and(|count| count > 0) {}
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(feature = "tokio")]
pub(super) use with_tokio::Watch;

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::io;

    use tokio::net::unix::pipe::Receiver;

    use super::{Changes, READ_SIZE};

    /// Changes that a task waits for.
    pub(in super::super) struct Watch(Receiver);

    impl Watch {
        pub(in super::super) fn new(changes: Changes) -> io::Result<Self> {
            // It is no pipe, but it is waited for and read like one.
            Receiver::from_owned_fd_unchecked(changes.0).map(Self)
        }

        /// Waits for changes, and takes note of them.
        ///
        /// # Cancel safety
        /// Nothing is lost.
        pub(in super::super) async fn changed(&mut self) -> io::Result<()> {
            self.0.readable().await?;
            while self.0.try_read(&mut [0; READ_SIZE]).is_ok_and(|count| count > 0) {}
            Ok(())
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::io;
    use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

    pub(super) fn of_content(file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        of(file, AddWatchFlags::IN_MODIFY)
    }

    #[cfg(feature = "tokio")]
    pub(super) fn of_names(dir: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let names = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVE;
        of(dir, names | AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF)
    }

    pub(super) fn of_files(dir: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        of(dir, AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVE)
    }

    fn of(what: BorrowedFd<'_>, kinds: AddWatchFlags) -> io::Result<OwnedFd> {
        let changes = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        changes.add_watch(format!("/proc/self/fd/{}", what.as_raw_fd()).as_str(), kinds)?;
        Ok(changes.into())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};

    pub(super) fn of_content(_file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn of_files(_dir: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(feature = "tokio")]
    pub(super) fn of_names(_dir: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
