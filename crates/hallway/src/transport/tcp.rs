//! TCP on loopback addresses. The system says nothing about the peer, and every user of the machine can
//! connect: a listener therefore asks for a token, and nothing is answered without it. A peer that has
//! finished sending counts as gone: what it still waits for is dropped.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;

use super::{Address, BlockingStream, Ready, TransportError, receive_now, send_now, wait};

/// Connects; the token goes into the `hello`.
///
/// # Errors
/// When nobody answers, or the address is not a loopback address.
pub fn connect_blocking(to: SocketAddr) -> Result<TcpStream, TransportError> {
    let address = loopback(to)?;
    let connected = TcpStream::connect(to).and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    connected.map_err(|source| TransportError::Connect { address, source })
}

fn loopback(address: SocketAddr) -> Result<Address, TransportError> {
    if address.ip().is_loopback() {
        Ok(Address::Tcp(address))
    } else {
        Err(TransportError::NotLoopback { address: Address::Tcp(address) })
    }
}

impl BlockingStream for TcpStream {
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send_now(self.as_fd(), bytes)
    }

    fn wait(&self, for_room: bool, timeout: Option<Duration>) -> io::Result<Ready> {
        wait(self.as_fd(), for_room.then(|| self.as_fd()), timeout)
    }

    fn bound_reads(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        self.set_read_timeout(timeout).map(|()| true)
    }

    fn read_now(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
        Some(receive_now(self.as_fd(), space))
    }
}

#[cfg(feature = "tokio")]
pub use with_tokio::{Listener, connect};

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::io;
    use std::net::SocketAddr;

    use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::{Address, Duplex, Peer, ReadHalf, Stream, TransportError, WriteHalf};
    use super::loopback;

    /// Connects; the token goes into the `hello`.
    ///
    /// # Errors
    /// When nobody answers, or the address is not a loopback address.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn connect(to: SocketAddr) -> Result<Duplex, TransportError> {
        let address = loopback(to)?;
        let connected = TcpStream::connect(to).await.and_then(|stream| duplex(address.clone(), stream));
        connected.map_err(|source| TransportError::Connect { address, source })
    }

    fn duplex(address: Address, stream: TcpStream) -> io::Result<Duplex> {
        // A call is one small write that somebody waits for.
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Duplex { peer: Peer::unknown(address), stream: Stream::new(reader, writer) })
    }

    impl ReadHalf for OwnedReadHalf {
        fn read_now(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
            Some(self.try_read(space))
        }
    }

    impl WriteHalf for OwnedWriteHalf {
        // The system tells a peer that has only finished sending from one that is gone when something is
        // sent to it, and not before: the handlers of a client that was killed would stay for ever.
        fn peer_is_gone(&self) -> bool {
            true
        }
    }

    /// Accepts connections on a loopback address, from whoever knows the token.
    pub struct Listener {
        address: Address,
        token: String,
        listener: TcpListener,
    }

    impl Listener {
        /// Binds a loopback address; port 0 takes a free one, told by
        /// [`address`](super::super::Listener::address).
        ///
        /// # Errors
        /// When the address is taken or not a loopback address.
        pub async fn bind(to: SocketAddr, token: impl Into<String>) -> Result<Self, TransportError> {
            let address = loopback(to)?;
            let listen = |source| TransportError::Listen { address: address.clone(), source };
            let listener = TcpListener::bind(to).await.map_err(listen)?;
            let bound = Address::Tcp(listener.local_addr().map_err(listen)?);
            Ok(Self { address: bound, token: token.into(), listener })
        }
    }

    impl std::fmt::Debug for Listener {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "Listener({})", self.address)
        }
    }

    impl super::super::Listener for Listener {
        fn address(&self) -> &Address {
            &self.address
        }

        fn token(&self) -> Option<&str> {
            Some(&self.token)
        }

        async fn accept(&mut self) -> io::Result<Duplex> {
            let (stream, from) = self.listener.accept().await?;
            duplex(Address::Tcp(from), stream)
        }
    }
}
