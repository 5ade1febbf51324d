use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use hallway::transport::{Duplex, ReadHalf, Stream, WriteHalf, memory};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Two ends of a connection within the process: the library's, whose reads and writes are cut into pieces of these
/// sizes, over and over, and the stranger's.
pub(super) fn pair(sizes: &[usize]) -> (Duplex, Duplex, Arc<Gauge>) {
    let (ours, theirs) = memory::pair();
    let gauge = Arc::<Gauge>::default();
    let (reader, writer) = ours.stream.into_halves();
    let half = |half| Half { half, cut: Cut::new(sizes), gauge: Arc::clone(&gauge) };
    let stream =
        Stream::new(half(reader), Half { half: writer, cut: Cut::new(sizes), gauge: Arc::clone(&gauge) });
    (Duplex { peer: ours.peer, stream }, theirs, gauge)
}

/// What is known of the library's end from outside.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    polls: AtomicU64,
    moved: AtomicU64,
    spins: AtomicBool,
    /// The stranger is not there any more, in either direction.
    pub(super) gone: AtomicBool,
}

impl Gauge {
    /// How often the library may look without anything to move: some thousand messages, each with its wake-ups.
    const IDLE_POLLS_MAX: u64 = 50_000;
    /// How often for each byte that has moved.
    const POLLS_FOR_BYTE: u64 = 16;

    /// Counts a look; a connection that looks on and on is ended.
    fn polled(&self) -> io::Result<()> {
        let polls = self.polls.fetch_add(1, Ordering::Relaxed);
        let moved = self.moved.load(Ordering::Relaxed);
        if polls < Self::IDLE_POLLS_MAX + Self::POLLS_FOR_BYTE * moved {
            return Ok(());
        }
        self.spins.store(true, Ordering::Relaxed);
        Err(io::ErrorKind::TimedOut.into())
    }

    fn moved(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Fails if the connection went round in circles.
    pub(super) fn check(&self) {
        let (polls, moved) = (&self.polls, &self.moved);
        assert!(!self.spins.load(Ordering::Relaxed), "{polls:?} looks for {moved:?} bytes: it spins");
    }
}

/// One direction of the library's end.
struct Half<T> {
    half: T,
    cut: Cut,
    gauge: Arc<Gauge>,
}

/// How much is moved at a time, and when nothing is at first.
struct Cut {
    sizes: Vec<usize>,
    at: usize,
    paused: bool,
}

impl Cut {
    /// A size of this and more is no cut: the connection moves what there is.
    const WHOLE: usize = 128;
    const PIECE_MAX: usize = 16 * 1024;

    fn new(sizes: &[usize]) -> Self {
        Self { sizes: sizes.to_owned(), at: 0, paused: false }
    }

    /// How much may be moved now. Before one piece in so many there is a pause, which ends by itself.
    fn next(&mut self, cx: &Context<'_>) -> Poll<usize> {
        let size = self.sizes[self.at % self.sizes.len()];
        if size.is_multiple_of(5) && !std::mem::replace(&mut self.paused, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(if size < Self::WHOLE { size } else { Self::PIECE_MAX })
    }

    /// The piece has been moved.
    fn moved(&mut self) {
        self.at += 1;
        self.paused = false;
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Half<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.gauge.polled()?;
        let size = ready!(self.cut.next(cx)).min(buffer.remaining());
        let mut piece = [0; Cut::PIECE_MAX];
        let mut piece = ReadBuf::new(&mut piece[..size]);
        ready!(Pin::new(&mut self.half).poll_read(cx, &mut piece))?;
        self.cut.moved();
        self.gauge.moved(piece.filled().len());
        buffer.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Half<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.gauge.polled()?;
        let size = ready!(self.cut.next(cx)).min(bytes.len());
        let written = ready!(Pin::new(&mut self.half).poll_write(cx, &bytes[..size]))?;
        self.cut.moved();
        self.gauge.moved(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.half).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.half).poll_shutdown(cx)
    }
}

impl<T: AsyncRead + Send + Unpin> ReadHalf for Half<T> {}

impl<T: AsyncWrite + Send + Unpin> WriteHalf for Half<T> {
    fn peer_is_gone(&self) -> bool {
        self.gauge.gone.load(Ordering::Relaxed)
    }
}
