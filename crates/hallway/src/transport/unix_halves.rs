use std::io;
use std::os::fd::{AsFd as _, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, recvmsg};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use super::duplex::hung_up;
use super::{ReadHalf, Stream, WriteHalf, send_now};

/// Both directions of a socket that does not block.
///
/// The system is asked for news of what there is to read, and of room to write only after a write fell short: it would
/// wake us at each message that the peer reads, for nothing.
pub(super) fn halves(socket: UnixStream) -> io::Result<Stream> {
    let socket = Arc::new(socket);
    let reader = Reader(watched(Arc::clone(&socket), Interest::READABLE)?);
    Ok(Stream::new(reader, Writer { socket, short: None }))
}

/// Has the runtime tell of this alone.
#[expect(
    deprecated,
    reason = "its successor is unsafe, and unsafe code is forbidden: what is asked for there, a socket of the standard library keeps"
)]
pub(super) fn watched<T: AsRawFd>(socket: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(socket, interest)
}

/// The direction from the peer. Descriptors that it sends along are closed by the system as they come.
///
/// The system ends a read at every message that has some, with more behind it. A short read is else a
/// sign that everything has been read; here one would wait for what is there already: for ever, where the peer has sent its own
/// socket, which then cannot be seen to close.
#[derive(Debug)]
struct Reader(AsyncFd<Arc<UnixStream>>);

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.0.poll_read_ready(cx))?;
            let space = buffer.initialize_unfilled();
            let most = space.len();
            match receive(self.0.get_ref().as_fd(), space) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Poll::Ready(Err(error)),
                Ok((read, more)) => {
                    // Short, and nothing behind it: the next read need not be tried before the system says that there is more.
                    let more = more && !crate::chaos::without("descriptors");
                    if 0 < read && read < most && !more {
                        ready.clear_ready();
                    }
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl ReadHalf for Reader {
    fn read_now(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
        Some(receive(self.0.get_ref().as_fd(), space).map(|(read, _more)| read))
    }
}

/// Reads what is there; tells how much, and whether there may be more although it is short.
fn receive(socket: BorrowedFd<'_>, space: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut none = RecvAncillaryBuffer::default();
    let mut space = [io::IoSliceMut::new(space)];
    let received = recvmsg(socket, &mut space, &mut none, RecvFlags::empty())?;
    Ok((received.bytes, received.flags.contains(ReturnFlags::CTRUNC)))
}

/// The direction to the peer.
#[derive(Debug)]
struct Writer {
    socket: Arc<UnixStream>,
    /// While the peer makes no room: the same socket again, of which the system tells when there is some.
    short: Option<AsyncFd<UnixStream>>,
}

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let ready = match &self.short {
                Some(socket) => Some(ready!(socket.poll_write_ready(cx))?),
                None => None,
            };
            match send_now(self.socket.as_fd(), bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match ready {
                    Some(mut ready) => ready.clear_ready(),
                    None => {
                        let socket = self.socket.try_clone()?;
                        self.short = Some(watched(socket, Interest::WRITABLE)?);
                    }
                },
                written => {
                    if written.as_ref().is_ok_and(|&written| written == bytes.len()) {
                        self.short = None;
                    }
                    return Poll::Ready(written);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.shutdown(std::net::Shutdown::Write))
    }
}

impl WriteHalf for Writer {
    fn peer_is_gone(&self) -> bool {
        hung_up(self.socket.as_fd())
    }

    fn widen(&self) {
        super::unix::widen(&self.socket);
    }
}

/// As with a socket's own half: who listens at the other end hears that nothing more comes.
impl Drop for Writer {
    fn drop(&mut self) {
        let _closed = self.socket.shutdown(std::net::Shutdown::Write);
    }
}
