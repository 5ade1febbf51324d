//! Making a socket visible only once it answers, and taking it back.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, bind, listen, socket};
use nix::sys::stat::Mode;

use super::files::{FileId, Kind};
use super::{Instance, InstanceLock, LifecycleError, RuntimeDir};

/// How many connections wait to be accepted: as many as the system allows, since what queues there while a daemon
/// starts, drains or hands over is served rather than refused.
const BACKLOG: Backlog = Backlog::MAXCONN;

/// Publishes the instance's socket and returns its listener, in blocking mode.
///
/// The socket is made with mode 0600, bound under a private name, and listens before it gets its final name. A socket
/// that a killed predecessor left under either name is replaced.
///
/// # Errors
/// [`LifecycleError::Io`], [`LifecycleError::PathTooLong`].
pub fn publish(lock: &InstanceLock) -> Result<(UnixListener, Published), LifecycleError> {
    publish_in(lock.dir(), lock)
}

/// The same in another directory, under the same name.
pub(super) fn publish_in(
    dir: &RuntimeDir,
    lock: &InstanceLock,
) -> Result<(UnixListener, Published), LifecycleError> {
    let new = Kind::NewSocket.of(lock.instance());
    let path = dir.path_of(&new);
    let address = dir.socket_addr(&new)?;
    let socket = stream_socket().map_err(LifecycleError::io("create", &path))?;
    restrict(&socket).map_err(LifecycleError::io("restrict", &path))?;
    dir.unlink(&new)?;
    bind(socket.as_raw_fd(), &address).map_err(LifecycleError::io("bind", &path))?;
    restrict_bound(dir, &new).map_err(LifecycleError::io("restrict", &path))?;
    listen(&socket, BACKLOG).map_err(LifecycleError::io("listen on", &path))?;
    let id = dir.id_of(&new)?;
    dir.rename(&new, &Kind::Socket.of(lock.instance()))?;
    let published = Published { dir: dir.clone(), instance: lock.instance().clone(), id };
    Ok((UnixListener::from(socket), published))
}

/// A socket under its final name. Dropping this leaves it there, as a crash would.
#[derive(Debug)]
pub struct Published {
    dir: RuntimeDir,
    instance: Instance,
    id: Option<FileId>,
}

impl Published {
    /// A socket that a predecessor has published, if its name still stands for it.
    #[cfg(feature = "tokio")]
    pub(super) fn adopt(
        dir: &RuntimeDir,
        instance: &Instance,
        file: FileId,
    ) -> Result<Option<Self>, LifecycleError> {
        let published = Self { dir: dir.clone(), instance: instance.clone(), id: Some(file) };
        Ok(published.is_current()?.then_some(published))
    }

    /// Which file it is, if that is known.
    #[cfg(feature = "tokio")]
    pub(super) fn file(&self) -> Option<FileId> {
        self.id
    }

    /// Returns the socket's path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path_of(&Kind::Socket.of(&self.instance))
    }

    /// Tells whether the name still stands for this socket.
    ///
    /// # Errors
    /// [`LifecycleError::Io`].
    pub fn is_current(&self) -> Result<bool, LifecycleError> {
        Ok(self.id.is_some() && self.dir.id_of(&Kind::Socket.of(&self.instance))? == self.id)
    }

    /// Takes the socket's name and the record away, so that no new client comes.
    ///
    /// The lock is asked for because only its holder may: without it the name might be a successor's by now. For the
    /// same reason a socket that is not ours any more is left alone.
    ///
    /// # Errors
    /// [`LifecycleError::Io`].
    pub fn withdraw(self, lock: &InstanceLock) -> Result<(), LifecycleError> {
        if lock.instance() != &self.instance || !lock.is_current()? || !self.is_current()? {
            return Ok(());
        }
        lock.served();
        self.dir.unlink(&Kind::Socket.of(&self.instance))?;
        self.dir.unlink(&Kind::Record.of(&self.instance))
    }
}

/// Makes a stream socket that no child inherits.
pub(super) fn stream_socket() -> nix::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    return socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None);
    #[cfg(not(target_os = "linux"))]
    {
        use nix::fcntl::{FcntlArg, FdFlag, fcntl};
        let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
        fcntl(&fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        Ok(fd)
    }
}

/// Sets the mode that the socket's file will be created with, where the system takes it from the socket.
fn restrict(socket: &OwnedFd) -> nix::Result<()> {
    if cfg!(target_os = "linux") {
        nix::sys::stat::fchmod(socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
    }
    Ok(())
}

/// Sets the mode of the socket's file where it could not be set before; it has its private name still.
fn restrict_bound(dir: &RuntimeDir, name: &str) -> nix::Result<()> {
    if !cfg!(target_os = "linux") {
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        nix::sys::stat::fchmodat(dir, name, mode, nix::sys::stat::FchmodatFlags::FollowSymlink)?;
    }
    Ok(())
}
