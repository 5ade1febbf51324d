//! Unix domain sockets, by path; abstract names are never used, since they know no owner.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use super::{Address, BlockingStream, Peer, Ready, TransportError, receive_now, send_now, wait};
use crate::limits::SEND_ROOM;

/// Connects, and makes sure that the server belongs to this user before a byte is sent.
///
/// # Errors
/// When nobody answers, or somebody else does.
pub fn connect_blocking(path: &Path) -> Result<UnixStream, TransportError> {
    let address = Address::Unix(path.to_owned());
    match UnixStream::connect(path) {
        Ok(stream) => own(address, &stream).map(|_| stream),
        Err(source) => Err(TransportError::Connect { address, source }),
    }
}

/// The peer of a connected socket, if it is this user's own.
fn own(address: Address, socket: &impl std::os::fd::AsFd) -> Result<Peer, TransportError> {
    let connect = |source| TransportError::Connect { address: address.clone(), source };
    let peer = Peer::of_unix(address.clone(), socket).map_err(connect)?;
    if peer.is_same_user() {
        return Ok(peer);
    }
    let expected = nix::unistd::geteuid().as_raw();
    Err(TransportError::ForeignPeer { address, found: peer.uid.unwrap_or(u32::MAX), expected })
}

impl BlockingStream for UnixStream {
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send_now(self.as_fd(), bytes)
    }

    fn wait(&self, for_room: bool, timeout: Option<Duration>) -> io::Result<Ready> {
        wait(self.as_fd(), for_room.then(|| self.as_fd()), timeout)
    }

    fn read_now(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
        Some(receive_now(self.as_fd(), space))
    }

    fn bound_reads(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        self.set_read_timeout(timeout).map(|()| true)
    }

    fn widen(&self) {
        widen(self);
    }

    fn write_tells_of_end(&self) -> bool {
        true
    }
}

/// Where the system gives no more, nothing is lost but time.
pub(super) fn widen(socket: &UnixStream) {
    let _widened = setsockopt(socket, sockopt::SndBuf, &SEND_ROOM);
}

#[cfg(feature = "tokio")]
pub use with_tokio::{Listener, adopt, connect};

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::io;
    use std::os::fd::{AsRawFd as _, OwnedFd};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};

    use nix::sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect as connect_socket, listen, socket,
    };
    use nix::sys::stat::{Mode, fchmod};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use super::super::unix_halves::{halves, watched};
    use super::super::{Address, Duplex, TransportError};
    use super::own;

    /// Connects, and makes sure that the server belongs to this user before a byte is sent.
    ///
    /// # Errors
    /// When nobody answers, or somebody else does.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn connect(path: &Path) -> Result<Duplex, TransportError> {
        let address = Address::Unix(path.to_owned());
        // A Unix socket is connected at once, or not at all.
        let connected = new_socket().and_then(|socket| {
            connect_socket(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
            Ok(UnixStream::from(socket))
        });
        let connect = |source| TransportError::Connect { address: address.clone(), source };
        duplex(address.clone(), connected.map_err(connect)?)
    }

    /// Takes over a socket that is connected already.
    ///
    /// # Errors
    /// When its peer is somebody else, or the system refuses.
    pub fn adopt(stream: UnixStream) -> Result<Duplex, TransportError> {
        let path = stream.peer_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned()));
        let address = Address::Unix(path.unwrap_or_default());
        if let Err(source) = stream.set_nonblocking(true) {
            return Err(TransportError::Connect { address, source });
        }
        duplex(address, stream)
    }

    /// The connection on a socket that does not block, if its other end is this user's.
    fn duplex(address: Address, socket: UnixStream) -> Result<Duplex, TransportError> {
        let peer = own(address.clone(), &socket)?;
        let stream = halves(socket).map_err(|source| TransportError::Connect { address, source })?;
        Ok(Duplex { peer, stream })
    }

    /// Accepts connections of this user on a socket in the file system.
    #[derive(Debug)]
    pub struct Listener {
        address: Address,
        listener: AsyncFd<UnixListener>,
    }

    impl Listener {
        /// Binds `path`, readable and writable for this user only from its first moment on. A file that
        /// stands there already is left alone; daemons publish theirs through `lifecycle`.
        ///
        /// # Errors
        /// When the path is taken, too long, or not writable.
        pub fn bind(path: impl Into<PathBuf>) -> Result<Self, TransportError> {
            let path = path.into();
            let bound =
                listening_socket(&path).and_then(|socket| Self::from_std(path.clone(), socket.into()));
            bound.map_err(|source| TransportError::Listen { address: Address::Unix(path), source })
        }

        /// Takes over a socket that listens already.
        ///
        /// # Errors
        /// Those of the system.
        pub fn from_std(path: PathBuf, listener: UnixListener) -> io::Result<Self> {
            listener.set_nonblocking(true)?;
            let listener = watched(listener, Interest::READABLE)?;
            Ok(Self { address: Address::Unix(path), listener })
        }
    }

    impl super::super::Listener for Listener {
        fn address(&self) -> &Address {
            &self.address
        }

        async fn accept(&mut self) -> io::Result<Duplex> {
            let accept = |listener: &UnixListener| {
                let (socket, _) = listener.accept()?;
                socket.set_nonblocking(true)?;
                Ok(socket)
            };
            let socket = self.listener.async_io(Interest::READABLE, accept).await?;
            duplex(self.address.clone(), socket).map_err(|error| match error {
                TransportError::Connect { source, .. } => source,
                error => io::Error::new(io::ErrorKind::PermissionDenied, error),
            })
        }
    }

    fn listening_socket(path: &Path) -> io::Result<OwnedFd> {
        let fd = new_socket()?;
        // Before `bind`, so that the file never exists with another mode.
        fchmod(&fd, Mode::S_IRUSR | Mode::S_IWUSR)?;
        bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        listen(&fd, Backlog::MAXCONN)?;
        Ok(fd)
    }

    /// One that does not block.
    fn new_socket() -> io::Result<OwnedFd> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        Ok(socket(AddressFamily::Unix, SockType::Stream, flags, None)?)
    }
}
