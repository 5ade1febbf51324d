use std::future::Future;
use std::io;
use std::os::fd::BorrowedFd;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Address, Peer};

/// Both directions of a byte stream, apart, so that neither waits for the other.
pub struct Stream {
    pub(crate) reader: Box<dyn ReadHalf>,
    pub(crate) writer: Box<dyn WriteHalf>,
}

impl Stream {
    /// Puts two halves together.
    pub fn new(reader: impl ReadHalf + 'static, writer: impl WriteHalf + 'static) -> Self {
        Self { reader: Box::new(reader), writer: Box::new(writer) }
    }

    /// Takes the halves apart, for whoever stands between.
    #[must_use]
    pub fn into_halves(self) -> (Box<dyn ReadHalf>, Box<dyn WriteHalf>) {
        (self.reader, self.writer)
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// The direction from the peer.
pub trait ReadHalf: AsyncRead + Send + Unpin {
    /// Reads what is there, whether the runtime has been told of it or not. `None`: that cannot be done.
    fn read_now(&mut self, _space: &mut [u8]) -> Option<io::Result<usize>> {
        None
    }
}

impl<R: ReadHalf + ?Sized> ReadHalf for Box<R> {
    fn read_now(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
        (**self).read_now(space)
    }
}

/// The direction towards the peer.
pub trait WriteHalf: AsyncWrite + Send + Unpin {
    /// After the end of what the peer sends: whether it has gone altogether, or has only finished sending
    /// and still reads, as `socat` does at the end of its input.
    fn peer_is_gone(&self) -> bool;

    /// Asks the system for [more room](crate::limits::SEND_ROOM) for what is on its way. It may give less, or none.
    fn widen(&self) {}
}

/// A connection: the bytes, and who they come from.
#[derive(Debug)]
pub struct Duplex {
    /// Who is at the other end.
    pub peer: Peer,
    /// The bytes.
    pub stream: Stream,
}

/// Where connections come in.
pub trait Listener: Send + 'static {
    /// Where it listens.
    fn address(&self) -> &Address;

    /// The secret that a peer has to name in its `hello`, if there is one.
    fn token(&self) -> Option<&str> {
        None
    }

    /// Waits for the next connection. An error of one connection is an error of this call only: the
    /// listener goes on, [`PermissionDenied`](io::ErrorKind::PermissionDenied) standing for a peer that
    /// was turned away.
    ///
    /// # Cancel safety
    /// No connection is lost when the future is dropped.
    fn accept(&mut self) -> impl Future<Output = io::Result<Duplex>> + Send;
}

/// Whether both directions of a socket are closed.
pub(super) fn hung_up(socket: BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let mut sockets = [PollFd::new(socket, PollFlags::empty())];
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    let found = poll(&mut sockets, PollTimeout::ZERO);
    found.is_err()
        || sockets.iter().any(|socket| socket.revents().is_some_and(|events| events.intersects(gone)))
}
