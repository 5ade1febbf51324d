//! A whole daemon, [`Daemon::run`](hallway::lifecycle::Daemon::run) with a small service, and its clients.

mod accept;
mod activation;
mod calls;
mod descriptors;
mod door;
mod drain;
mod idle;
mod installed;
mod kill;
mod listed;
mod logged;
mod outside;
mod restricted;
pub(crate) mod service;
mod skew;
mod start;
mod stop;
mod upgrade;
mod writes;

use std::fs::read_to_string;
use std::os::unix::net::UnixListener;
use std::process::Child;
use std::time::Duration;

use hallway::blocking;
use hallway::client::{CallOptions, Client};
use hallway::lifecycle::Connector;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::{PATIENCE, World, eventually, instance, world_path};
use service::{DeskBlockingClient, DeskClient};

/// A place in which the daemons serve the desk.
pub(crate) fn world() -> World {
    World::new("serves")
        .var("HALLWAY_TEST_ROLE", "desk")
        .var("HALLWAY_TEST_JOURNAL", world_path("journal"))
        .var("HALLWAY_TEST_HOLD", world_path("hold"))
        .var("HALLWAY_TEST_NEXT", world_path("next"))
}

impl World {
    fn connector(&self) -> Connector {
        Connector::new(instance()).in_env(self.env()).starting(self.launcher()).within(PATIENCE)
    }

    pub(crate) fn blocking(&self) -> DeskBlockingClient {
        let client = blocking::Client::builder().options(bounded()).connect(self.connector());
        DeskBlockingClient::new(client.unwrap())
    }

    /// A client that does not wait for long.
    fn blocking_within(&self, time: Duration) -> Result<DeskBlockingClient, hallway::client::CallError> {
        let options = CallOptions::new().deadline(time);
        let client = blocking::Client::builder().options(options).connect(self.connector().within(time));
        client.map(DeskBlockingClient::new)
    }

    async fn client(&self) -> DeskClient {
        let client = Client::builder().options(bounded()).connect(self.connector()).await;
        DeskClient::new(client.unwrap())
    }

    /// What the daemons' methods have written, in order.
    fn journal(&self) -> Vec<String> {
        read_to_string(self.path("journal")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn written(&self, line: &str) -> usize {
        self.journal().iter().filter(|written| *written == line).count()
    }

    /// Where the method `wait` waits; it answers when its connection here is dropped.
    fn hold(&self) -> UnixListener {
        self.gate("hold")
    }

    fn log(&self) -> String {
        read_to_string(self.path("state/hallway/fake.log")).unwrap_or_default()
    }

    fn published(&self) -> bool {
        self.run("fake.sock").exists() || self.run("fake.json").exists()
    }
}

/// No call waits for ever.
fn bounded() -> CallOptions {
    CallOptions::new().deadline(PATIENCE)
}

/// Waits for the end of a process; its exit code, if no signal ended it.
fn ended(process: &mut Child) -> Option<i32> {
    eventually("a process to end", || process.try_wait().unwrap().is_some());
    process.wait().unwrap().code()
}

fn terminate(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
}

/// Runs a future on a runtime of its own, and not for ever.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await });
    runtime.shutdown_timeout(Duration::ZERO);
    ended.unwrap_or_else(|_| panic!("not done within {PATIENCE:?}"))
}

/// How often to race: as often as `HALLWAY_TEST_ROUNDS` says, for those who have the time.
fn rounds(usual: u64) -> u64 {
    std::env::var("HALLWAY_TEST_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap())
}
