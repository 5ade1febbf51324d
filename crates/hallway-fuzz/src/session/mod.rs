//! Whole conversations: the real server and the real client, each facing a stranger whose every move the fuzzer chooses,
//! in one thread and by a clock that moves when nobody has anything else to do.

mod blocking;
mod client;
mod desk;
mod judge;
mod pipe;
mod server;
mod stranger;

use std::future::Future;
use std::time::Duration;

pub use blocking::blocking;
pub use client::client;
pub use server::server;

/// Longer than anything that the library waits for, by the clock that moves by itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// Holds a conversation on a runtime of its own.
fn converse(conversation: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O").block_on(conversation);
}

/// Returns when everybody waits for somebody else: only then does the clock move.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// What has to come to its end.
async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => panic!("stuck: {what}"),
    }
}
