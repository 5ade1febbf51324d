use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hallway::limits::CALLS_OPEN_MAX;
use hallway::protocol::Message;
use hallway::server::{Server, ServerHandle};
use hallway::transport::{Address, Duplex, Listener};

use super::desk::Clerk;
use super::judge::Judge;
use super::stranger::{Stranger, TOKEN};
use super::{converse, in_time, pipe, settle};
use crate::choices::Choices;

/// The choices: what the stranger speaks, whether the server knows, whether it asks for a token, and the sizes of
/// pieces; the rest is what the stranger does.
///
/// - What [`Judge`] says of every call.
/// - Budgets hold at every step.
/// - In the end, every call has an end, and nothing is left of the connection.
pub fn server(data: &[u8]) {
    let mut choices = Choices::new(data);
    let wire = choices.wire();
    let kind = choices.byte();
    let (pinned, guarded) = (kind & 1 > 0, kind & 2 > 0);
    let sizes = choices.sizes();
    converse(async move {
        let running = Arc::<AtomicUsize>::default();
        let server = Server::builder().program("fuzz").service(Clerk::service(&running));
        let server = if pinned { server.wire(wire) } else { server }.build();
        let handle = server.handle();

        let (ours, theirs, gauge) = pipe::pair(&sizes);
        let listener = Once { connection: Some(ours), token: guarded };
        let serving = tokio::spawn({
            let server = server.clone();
            async move { server.serve(listener).await }
        });
        settle().await;
        let judge = Judge::new(pinned.then_some(wire));
        let mut stranger = Stranger::new(wire, judge, theirs, gauge);
        while !choices.is_over() && !stranger.has_ended() {
            if choices.byte() == DRAIN {
                handle.drain("the fuzzer says so");
            } else {
                stranger.act(&mut choices).await;
            }
            in_budget(&handle);
        }
        everything_ends(stranger, &handle, guarded).await;
        assert_eq!(running.load(Ordering::Relaxed), 0, "handlers go on");
        serving.abort();
    });
}

/// One byte in so many: a server that stops takes no more calls.
const DRAIN: u8 = 0xd1;

fn in_budget(handle: &ServerHandle) {
    let status = handle.status().expect("the server is there");
    assert!(status.connections.now <= 1 && status.calls_open <= CALLS_OPEN_MAX as u64, "{status:?}");
}

/// Takes everything back, hears everything out, and goes.
async fn everything_ends(mut stranger: Stranger, handle: &ServerHandle, guarded: bool) {
    in_time("what is said is answered", stranger.hear_out()).await;
    let follows = stranger.judge().is_between_messages() && !guarded;
    if follows && !stranger.has_ended() {
        for id in stranger.judge().open() {
            stranger.send(&Message::Cancel::<()> { id });
        }
        in_time("calls that are taken back end", stranger.hear_out()).await;
    }
    if follows && !stranger.has_ended() {
        stranger.judge().all_answered();
        stranger.finish().await;
        in_time("the connection ends after its last answer", stranger.hear_out()).await;
        let ended = stranger.has_ended() || stranger.judge().lasts();
        assert!(ended, "everything is answered, and the connection goes on");
    }
    let gauge = stranger.go();
    settle_for_good(handle).await;
    gauge.check();
    assert_eq!(Arc::strong_count(&gauge), 1, "something still holds the connection");
}

/// Waits until the server has nothing to do with anybody.
async fn settle_for_good(handle: &ServerHandle) {
    in_time("nothing is left of the connection", async {
        loop {
            settle().await;
            let status = handle.status().expect("the server is there");
            if status.connections.now == 0 && status.calls_open == 0 {
                return;
            }
        }
    })
    .await;
}

/// A listener that one connection comes to.
struct Once {
    connection: Option<Duplex>,
    token: bool,
}

impl Listener for Once {
    fn address(&self) -> &Address {
        &Address::Memory
    }

    fn token(&self) -> Option<&str> {
        self.token.then_some(TOKEN)
    }

    async fn accept(&mut self) -> io::Result<Duplex> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => std::future::pending().await,
        }
    }
}
