//! The way to a daemon for calls: it starts one that does not run, as long as that is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallway::CallError;
use hallway::client::Connect;
use hallway::lifecycle::{Connector, Instance};
use hallway::transport::Duplex;

use super::starting;

/// Reaches a daemon, again and again if need be.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    starting: Connector,
    running: Connector,
    starts: Arc<AtomicBool>,
}

impl Reach {
    /// The way to the daemon of an instance, which is started where none runs.
    pub(crate) fn new(instance: &Instance, within: Duration) -> Self {
        let running = Connector::new(instance.clone()).within(within);
        Self { starting: starting(instance, within), running, starts: Arc::new(AtomicBool::new(true)) }
    }

    /// Says whether a daemon is started from now on where none runs; for every client that goes this way.
    pub(crate) fn starts(&self, starts: bool) {
        self.starts.store(starts, Ordering::Relaxed);
    }
}

impl Connect for Reach {
    async fn connect(&self) -> Result<Duplex, CallError> {
        match self.starts.load(Ordering::Relaxed) {
            true => Connect::connect(&self.starting).await,
            false => Connect::connect(&self.running).await,
        }
    }
}
