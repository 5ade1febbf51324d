use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// When a call may begin. Those that their caller has given no name run one after the other, in the order in
/// which they came: so their answers can be told apart, and a command finds the effect of the one before.
pub(super) enum Turn {
    /// Beside all others.
    Any,
    /// It is this call's, until it is dropped.
    Come { _until_dropped: OwnedMutexGuard<()> },
    /// Others come first.
    Waiting(Pin<Box<dyn Future<Output = OwnedMutexGuard<()>> + Send>>),
}

impl Turn {
    /// A place at the end of the line.
    pub(super) fn last_of(line: Arc<Mutex<()>>) -> Self {
        // Not stopped by the runtime's own budget: from the first poll on, it has its place.
        let mut turn: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(tokio::task::unconstrained(line.lock_owned()));
        match turn.as_mut().now_or_never() {
            Some(_until_dropped) => Self::Come { _until_dropped },
            None => Self::Waiting(turn),
        }
    }

    pub(super) fn has_come(&self) -> bool {
        !matches!(self, Self::Waiting(_))
    }

    /// Waits for it.
    pub(super) async fn comes(&mut self) {
        if let Self::Waiting(turn) = self {
            let _until_dropped = turn.await;
            *self = Self::Come { _until_dropped };
        }
    }
}
