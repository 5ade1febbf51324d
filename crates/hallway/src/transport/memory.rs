//! Peers in one process: for tests, and for a service used without a daemon.

use std::io;

use tokio::io::{DuplexStream, ReadHalf as TokioReadHalf, WriteHalf as TokioWriteHalf, duplex, split};
use tokio::sync::mpsc;

use super::{Address, Duplex, Peer, ReadHalf, Stream, TransportError, WriteHalf};

/// Two ends of one connection.
#[must_use]
pub fn pair() -> (Duplex, Duplex) {
    let (one, other) = duplex(CAPACITY);
    (end(one), end(other))
}

/// A listener, and what connects to it.
#[must_use]
pub fn listener() -> (Listener, Connector) {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    (Listener { receiver }, Connector { sender })
}

/// Bytes under way in one direction: what a default Unix socket holds, about.
const CAPACITY: usize = 200 * 1024;

/// Connections that wait to be accepted.
const BACKLOG: usize = 64;

fn end(stream: DuplexStream) -> Duplex {
    let (reader, writer) = split(stream);
    let peer = Peer { address: Address::Memory, uid: Some(nix::unistd::geteuid().as_raw()), pid: None };
    Duplex { peer, stream: Stream::new(reader, writer) }
}

impl ReadHalf for TokioReadHalf<DuplexStream> {}

impl WriteHalf for TokioWriteHalf<DuplexStream> {
    fn peer_is_gone(&self) -> bool {
        true
    }
}

/// Connects to the listener that it was made with.
#[derive(Debug, Clone)]
pub struct Connector {
    sender: mpsc::Sender<Duplex>,
}

impl Connector {
    /// Connects.
    ///
    /// # Errors
    /// When the listener is gone.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn connect(&self) -> Result<Duplex, TransportError> {
        let (mine, theirs) = pair();
        self.sender.send(theirs).await.map_err(|_| TransportError::Connect {
            address: Address::Memory,
            source: io::ErrorKind::ConnectionRefused.into(),
        })?;
        Ok(mine)
    }
}

/// Accepts what its connector connects.
#[derive(Debug)]
pub struct Listener {
    receiver: mpsc::Receiver<Duplex>,
}

impl super::Listener for Listener {
    fn address(&self) -> &Address {
        &Address::Memory
    }

    async fn accept(&mut self) -> io::Result<Duplex> {
        self.receiver.recv().await.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}
