//! Calls that are begun together.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hallway::transport::{Duplex, Stream, WriteHalf, memory};
use hallway::{Client, Server};
use hallway_testkit::{ProbeClient, probe};
use tokio::io::AsyncWrite;

/// Counts what is written as one.
struct Counting {
    inner: Box<dyn WriteHalf>,
    writes: Arc<AtomicUsize>,
}

impl AsyncWrite for Counting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl WriteHalf for Counting {
    fn peer_is_gone(&self) -> bool {
        self.inner.peer_is_gone()
    }
}

/// On several threads, the connection's task would else begin to write while others still call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_leaves_in_one_write() {
    let (ours, theirs) = memory::pair();
    probe(Server::builder()).build().serve_connection(theirs);
    let writes = Arc::new(AtomicUsize::new(0));
    let (reader, inner) = ours.stream.into_halves();
    let writer = Counting { inner, writes: Arc::clone(&writes) };
    let stream = Stream::new(reader, writer);
    let client = Client::builder().over(Duplex { peer: ours.peer, stream });
    let probe = ProbeClient::new(client.clone());
    probe.add(0, 0).await.unwrap();
    for round in 0..50 {
        let before = writes.load(Ordering::SeqCst);
        let answers = client.batch((0..200).map(|number| probe.add(number, 0))).await;
        let answers: Result<Vec<i64>, _> = answers.into_iter().collect();
        assert_eq!(answers.unwrap(), (0..200).collect::<Vec<_>>());
        assert_eq!(writes.load(Ordering::SeqCst) - before, 1, "in round {round}");
    }
    assert!(client.batch(Vec::<std::future::Ready<()>>::new()).await.is_empty());
}
