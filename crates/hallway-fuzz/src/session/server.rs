use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hallway::limits::{CALLS_OPEN_MAX, Limits, OUTBOUND_HIGH, PLACES_OWN};
use hallway::protocol::Message;
use hallway::server::{Server, ServerHandle};
use hallway::transport::{Address, Duplex, Listener};

use super::desk::Clerk;
use super::judge::Judge;
use super::stranger::{Stranger, TOKEN};
use super::{converse, in_time, pipe, settle};
use crate::choices::Choices;

/// The choices: what the stranger speaks, whether the server knows, whether it asks for a token, whether it bears little,
/// and the sizes of pieces; the rest is what the stranger does.
///
/// - What `Judge` says of every call.
/// - No budget was ever exceeded.
/// - In the end, every call has an end, and nothing is left of the connection.
pub fn server(data: &[u8]) {
    let mut choices = Choices::new(data);
    let wire = choices.wire();
    let kind = choices.byte();
    let (pinned, guarded, limits) = (kind & 1 > 0, kind & 2 > 0, limits(kind & 4 > 0));
    let sizes = choices.sizes();
    converse(async move {
        let running = Arc::<AtomicUsize>::default();
        let server = Server::builder().program("fuzz").service(Clerk::service(&running)).limits(limits);
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
                // To who has not told what it speaks, farewell is said in another way.
                settle().await;
                handle.drain("the fuzzer says so");
                if !stranger.judge().knows_what_is_spoken() {
                    settle().await;
                }
            } else {
                stranger.act(&mut choices).await;
            }
        }
        everything_ends(stranger, &handle, guarded).await;
        assert_eq!(running.load(Ordering::Relaxed), 0, "handlers go on");
        serving.abort();
    });
}

/// One byte in so many: a server that stops takes no more calls.
const DRAIN: u8 = 0xd1;

/// The limits of a server, or so little that a stranger comes up against all of it.
fn limits(little: bool) -> Limits {
    let mut limits = Limits::default();
    if little {
        limits.calls_open_all = 8;
        limits.calls_running = 2;
        limits.calls_running_all = 3;
        limits.subscriptions = 2;
        limits.inbound_all = 40_000;
        limits.outbound_all = 300_000;
    }
    limits
}

/// What is used of anything was never more than there is.
fn in_budget(handle: &ServerHandle) {
    let status = handle.status().expect("the server is there");
    assert!(status.connections.now <= 1 && status.calls_open <= CALLS_OPEN_MAX as u64, "{status:?}");
    let running = status.usage.get("calls_running").map_or(0, |running| running.max);
    for (name, usage) in &status.usage {
        // What has begun is answered, at such length at the most.
        let begun =
            if name == "outbound_bytes" { (running + PLACES_OWN as u64) * OUTBOUND_HIGH as u64 } else { 0 };
        assert!(usage.now <= usage.peak && usage.peak <= usage.max + begun, "{name}: {usage:?}");
    }
}

/// Takes everything back, hears everything out, and goes.
async fn everything_ends(mut stranger: Stranger, handle: &ServerHandle, guarded: bool) {
    in_time("what is said is answered", stranger.hear_out()).await;
    let wire = stranger.judge().between_messages().filter(|_| !guarded);
    let wire = wire.filter(|_| stranger.speaks_on());
    if let Some(wire) = wire {
        stranger.speak(wire);
        for id in stranger.judge().open() {
            stranger.send(&Message::Cancel::<()> { id });
        }
        in_time("calls that are taken back end", stranger.hear_out()).await;
    }
    if wire.is_some() && !stranger.has_ended() {
        stranger.judge().all_answered();
        stranger.finish().await;
        in_time("the connection ends after its last answer", stranger.hear_out()).await;
        let ended = stranger.has_ended() || stranger.judge().lasts();
        assert!(ended, "everything is answered, and the connection goes on");
    }
    let gauge = stranger.go();
    settle_for_good(handle).await;
    in_budget(handle);
    gauge.check();
    assert_eq!(Arc::strong_count(&gauge), 1, "something still holds the connection");
}

/// Waits until the server has nothing to do with anybody.
async fn settle_for_good(handle: &ServerHandle) {
    in_time("nothing is left of the connection", async {
        loop {
            settle().await;
            let status = handle.status().expect("the server is there");
            if status.calls_open == 0 && status.usage.values().all(|usage| usage.now == 0) {
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
