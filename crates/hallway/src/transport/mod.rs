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

pub use address::Address;
#[cfg(feature = "tokio")]
pub use duplex::{Duplex, Listener, Stream, WriteHalf};
pub use error::TransportError;
pub use peer::Peer;

use std::io::{Read, Write};
use std::time::Duration;

/// A byte stream that blocks: what the client without a runtime works on.
pub trait BlockingStream: Read + Write + Send {
    /// Bounds how long a read waits; `None` for ever. A read that times out fails with
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) or [`TimedOut`](std::io::ErrorKind::TimedOut).
    ///
    /// # Errors
    /// Those of the system.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> std::io::Result<()>;
}
