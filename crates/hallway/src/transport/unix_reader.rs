use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, recvmsg};
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;

/// The direction from the peer. Descriptors that it sends along are closed by the system as they come.
///
/// The system ends a read at every message that has some, with more behind it. tokio takes a short read for a
/// sign that everything has been read, and would wait for what is there already: for ever, where the peer has sent its own
/// socket, which then cannot be seen to close.
#[derive(Debug)]
pub(super) struct Reader(pub(super) OwnedReadHalf);

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream: &UnixStream = self.0.as_ref();
        loop {
            std::task::ready!(stream.poll_read_ready(cx))?;
            let mut taken = None;
            let tried = stream.try_io(Interest::READABLE, || {
                let space = buffer.initialize_unfilled();
                let most = space.len();
                let (read, more) = receive(stream.as_fd(), space)?;
                taken = Some(read);
                // Short, and nothing behind it: the next read need not be tried before the system says that there is more.
                let more = more && !crate::chaos::without("descriptors");
                if 0 < read && read < most && !more { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (taken, tried) {
                (Some(read), _) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                (None, _) => {}
            }
        }
    }
}

/// Reads what is there; tells how much, and whether there may be more although it is short.
fn receive(socket: BorrowedFd<'_>, space: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut none = RecvAncillaryBuffer::default();
    let mut space = [io::IoSliceMut::new(space)];
    let received = recvmsg(socket, &mut space, &mut none, RecvFlags::empty())?;
    Ok((received.bytes, received.flags.contains(ReturnFlags::CTRUNC)))
}
