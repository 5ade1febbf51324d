use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What has happened at a [`Probe`](super::Probe).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Census {
    /// Calls of `echo`, `add` and `hold` that have begun.
    pub runs: u64,
    /// Calls that have waited at a gate, or still do.
    pub held: u64,
    /// Calls and streams that were dropped before their end.
    pub dropped: u64,
    /// Notes.
    pub noted: u64,
    /// Gates that are open.
    pub open: BTreeSet<String>,
}

/// The census, and everybody who waits for it to change.
#[derive(Debug)]
pub(super) struct Board(watch::Sender<Census>);

impl Default for Board {
    fn default() -> Self {
        Self(watch::channel(Census::default()).0)
    }
}

impl Board {
    pub(super) fn census(&self) -> Census {
        self.0.borrow().clone()
    }

    pub(super) async fn until(&self, holds: impl FnMut(&Census) -> bool) -> Census {
        let mut receiver = self.0.subscribe();
        // The sender is `self`, so it is there as long as anybody waits here.
        let census = receiver.wait_for(holds).await.map(|census| census.clone());
        census.unwrap_or_default()
    }

    pub(super) fn ran(&self) {
        self.0.send_modify(|census| census.runs += 1);
    }

    pub(super) fn held(&self) {
        self.0.send_modify(|census| census.held += 1);
    }

    pub(super) fn noted(&self) {
        self.0.send_modify(|census| census.noted += 1);
    }

    pub(super) fn open(&self, gate: String) {
        self.0.send_modify(|census| {
            census.open.insert(gate);
        });
    }

    /// Something that counts as dropped unless it is told that it is over.
    pub(super) fn stay(self: &Arc<Self>) -> Stay {
        Stay { board: Arc::clone(self), over: false }
    }
}

#[derive(Debug)]
pub(super) struct Stay {
    board: Arc<Board>,
    over: bool,
}

impl Stay {
    pub(super) fn finish(mut self) {
        self.over = true;
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if !self.over {
            self.board.0.send_modify(|census| census.dropped += 1);
        }
    }
}
