//! Ctrl-C takes a call back, and waits until the service knows.

use std::time::Duration;

use hallway::server::AdminClient;
use hallway::{CallOptions, Client};

use super::Prepared;
use crate::exit::Exit;
use crate::failure::Failure;

/// How long the service may take to notice. A second Ctrl-C does not wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

impl Prepared {
    /// Waits for something that the call is part of; Ctrl-C drops it, which takes the call back.
    pub(crate) async fn unless_interrupted<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            // Listened for before the call goes, so that nothing can be told of the call which cannot be taken back.
            biased;
            _ = tokio::signal::ctrl_c() => {}
            done = work => return done,
        }
        // Where the daemon is gone there is nothing to be heard, and nobody to be started for it.
        self.reach.starts(false);
        tokio::select! {
            () = heard(&self.client) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Err(Failure::new(Exit::Interrupted, "cancelled", "interrupted"))
    }
}

/// Waits until what was said before on this connection has been heard: an answer to what is said after it tells.
pub(crate) async fn heard(client: &Client) {
    let options = CallOptions::new().deadline(PATIENCE);
    // Whoever does not answer has not heard, or is gone; there is nothing more to do about it.
    let _answered = AdminClient::new(client.with(options)).ping().await;
}
