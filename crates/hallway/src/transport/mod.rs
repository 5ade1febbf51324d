//! Layer 1, transport: bytes from one process to another, and who the other one is.
//!
//! Knows byte streams and the peer's identity. Must not know messages.
//!
//! Each transport is one file with the same parts in the same order: how to connect, how to listen.
//! The half that needs tokio is behind the feature of that name; the rest serves the blocking client.

mod address;
mod error;
mod peer;
pub mod stdio;
pub mod tcp;
pub mod unix;

#[cfg(feature = "tokio")]
mod duplex;
#[cfg(feature = "tokio")]
pub mod memory;
#[cfg(feature = "tokio")]
mod unix_halves;

pub use address::Address;
#[cfg(feature = "tokio")]
pub use duplex::{Duplex, Listener, ReadHalf, Stream, WriteHalf};
pub use error::TransportError;
pub use peer::Peer;

use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// A byte stream that blocks: what the client without a runtime works on. Only reading blocks; who writes
/// more than the system takes has to look in between what the peer says, or both may wait for ever.
pub trait BlockingStream: Read + Send {
    /// Writes as much as the system takes without waiting.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if that is nothing; those of the system.
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Waits until there is something to read or, if asked for, room to write; at most so long.
    ///
    /// # Errors
    /// Those of the system.
    fn wait(&self, for_room: bool, timeout: Option<Duration>) -> io::Result<Ready>;

    /// Has every read from now on give up after so long, with [`WouldBlock`](io::ErrorKind::WouldBlock). `false`: it cannot,
    /// and who has a deadline has to [`wait`](Self::wait) before each.
    ///
    /// # Errors
    /// Those of the system.
    fn bound_reads(&mut self, _timeout: Option<Duration>) -> io::Result<bool> {
        Ok(false)
    }

    /// As [`WriteHalf::widen`].
    fn widen(&self) {}

    /// Whether a write to a peer that has gone already fails. Where it does not, who writes has to look before.
    fn write_tells_of_end(&self) -> bool {
        false
    }

    /// Reads what is there without waiting. `None`: that cannot be done.
    fn read_now(&mut self, _space: &mut [u8]) -> Option<io::Result<usize>> {
        None
    }
}

/// What a stream is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ready {
    /// A read does not block: there are bytes, the end, or an error.
    pub to_read: bool,
    /// A write takes something, or fails.
    pub to_write: bool,
}

impl Ready {
    /// For streams of one's own.
    #[must_use]
    pub const fn new(to_read: bool, to_write: bool) -> Self {
        Self { to_read, to_write }
    }
}

/// Waits for two descriptors, which may be the same.
fn wait(
    input: BorrowedFd<'_>,
    output: Option<BorrowedFd<'_>>,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    // Rounded up, so that nobody is woken just before the time to wait once more.
    let timeout = timeout.map(|timeout| timeout.as_micros().div_ceil(1000));
    let timeout =
        timeout.map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX));
    let mut waited = vec![PollFd::new(input, PollFlags::POLLIN)];
    waited.extend(output.map(|output| PollFd::new(output, PollFlags::POLLOUT)));
    match poll(&mut waited, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => (),
        Err(error) => return Err(error.into()),
    }
    let mut ready = waited.iter().map(|waited| waited.any().unwrap_or(false));
    Ok(Ready { to_read: ready.next().unwrap_or(false), to_write: ready.next().unwrap_or(false) })
}

/// Reads from a socket without waiting, whatever mode it is in.
fn receive_now(socket: BorrowedFd<'_>, space: &mut [u8]) -> io::Result<usize> {
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{MsgFlags, recv};

    Ok(recv(socket.as_raw_fd(), space, MsgFlags::MSG_DONTWAIT)?)
}

/// Writes to a socket without waiting, whatever mode it is in.
fn send_now(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{MsgFlags, send};

    let flags = MsgFlags::MSG_DONTWAIT;
    #[cfg(not(target_vendor = "apple"))]
    let flags = flags | MsgFlags::MSG_NOSIGNAL;
    Ok(send(socket.as_raw_fd(), bytes, flags)?)
}
