use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::restart::{self, RestartError};
use super::serve::{Drain, Shared, told};
use super::status::{ServiceStatus, Status, Usage};
use crate::protocol::code;
use crate::service::{Description, Router};

/// Stops a server and tells how it is. Does not keep it.
#[derive(Debug, Clone)]
pub struct ServerHandle {
    pub(super) shared: Weak<Shared>,
    /// The restricted listener that it speaks for, if it is one.
    pub(super) scope: Option<Arc<str>>,
}

impl ServerHandle {
    /// Tells the server to stop: no more connections and calls, a `goaway` with this reason to everybody.
    /// The first reason counts.
    pub fn drain(&self, reason: &str) {
        self.begin_drain(Drain { reason: reason.into(), hands_over: false });
    }

    /// Like [`drain`](Self::drain), and leaves the listeners to somebody else, with whoever has connected and
    /// was not accepted. `false`: the server was draining already.
    pub(crate) fn hand_over(&self, reason: &str) -> bool {
        self.begin_drain(Drain { reason: reason.into(), hands_over: true })
    }

    fn begin_drain(&self, begun: Drain) -> bool {
        let Some(shared) = self.shared.upgrade() else { return false };
        let reason = Arc::clone(&begun.reason);
        let first = shared.drain.send_if_modified(|drain| {
            let first = drain.is_none();
            drain.get_or_insert(begun);
            first
        });
        if first {
            tracing::info!(reason = &*reason, "draining");
            let links: Vec<_> = shared.connections().links.values().cloned().collect();
            for link in links {
                link.drain(Some((code::CLOSING, &reason)));
            }
        }
        first
    }

    /// Has the server replaced; `false` if it is in use and that was not wanted then.
    pub(super) async fn restart(&self, if_idle: bool) -> Result<bool, RestartError> {
        let Some(shared) = self.shared.upgrade() else {
            return Err(RestartError::cannot("the daemon has left"));
        };
        let Some(requests) = &shared.restarts else {
            return Err(RestartError::cannot(
                "this server is no daemon; whoever runs it has to start it again",
            ));
        };
        if if_idle && shared.is_in_use() {
            return Ok(false);
        }
        let outcome = restart::ask(requests).await;
        if let Err(RestartError::SuccessorFailed { reason }) = &outcome {
            let mut failed = shared.restart_failed.lock().unwrap_or_else(PoisonError::into_inner);
            *failed = Some(reason.clone());
        }
        outcome.map(|()| true)
    }

    /// Waits until the server has been told to stop.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn draining(&self) {
        let Some(mut drain) = self.shared.upgrade().map(|shared| shared.drain.subscribe()) else { return };
        told(&mut drain).await;
    }

    /// Waits until somebody has connected, or taken a lease, since it was called.
    pub(crate) fn used(&self) -> impl Future<Output = ()> + use<> {
        let leases = self.shared.upgrade().map(|shared| shared.leases.watch());
        async {
            if let Some(mut leases) = leases {
                let _gone = leases.changed().await;
            }
        }
    }

    /// Waits until a call has been handled.
    pub(crate) async fn answered(&self) {
        if let Some(mut answered) = self.shared.upgrade().map(|shared| shared.answered.watch()) {
            let _gone = answered.wait_for(|answered| *answered).await;
        }
    }

    /// Waits until nobody has held a lease, and so nobody has been connected, for so long, or the server has gone.
    ///
    /// # Cancel safety
    /// The time begins anew.
    pub async fn idle(&self, after: Duration) {
        let Some(mut leases) = self.shared.upgrade().map(|shared| shared.leases.watch()) else { return };
        while leases.wait_for(|held| *held == 0).await.is_ok() {
            // Any change, also one that comes back to nobody, is a use; none can come once the server has gone.
            let Ok(Ok(())) = tokio::time::timeout(after, leases.changed()).await else { return };
        }
    }

    /// How the server is; `None` once it has gone.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let shared = self.shared.upgrade()?;
        let connections = shared.connections();
        let (count, calls) = (connections.count, connections.calls_open());
        let of_peer = (connections.of_peer(), connections.most_of_peer);
        drop(connections);
        let services = self.router(&shared).offered().iter().map(ServiceStatus::of).collect();
        let restart_failed = shared.restart_failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(Status {
            program: shared.hello.program.clone(),
            pid: std::process::id(),
            uptime_ms: u64::try_from(shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            services,
            connections: count,
            calls_open: calls,
            draining: shared.drain.borrow().is_some(),
            restart_failed,
            usage: Usage::of(&shared.budgets, count, of_peer),
            limits: shared.budgets.limits.table(),
        })
    }

    /// The program's name and version.
    pub(super) fn program(&self) -> String {
        self.shared.upgrade().map(|shared| shared.hello.program.clone()).unwrap_or_default()
    }

    pub(super) fn descriptions(&self) -> Vec<Description> {
        self.shared.upgrade().map(|shared| self.router(&shared).offered()).unwrap_or_default()
    }

    fn router<'a>(&self, shared: &'a Shared) -> &'a Router {
        let restricted = self.scope.as_ref().and_then(|scope| shared.restricted.get(scope));
        restricted.unwrap_or(&shared.router)
    }
}
