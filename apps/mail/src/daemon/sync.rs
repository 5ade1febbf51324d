//! Keeps up with the user's own mailbox: one run at a time, for everybody who asks.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use hallway::Progress;
use hallway::server::Leases;
use tokio::sync::watch;

use super::arrivals::Arrivals;
use super::in_bytes;
use crate::Engine;
use crate::mailbox::Mailbox;
use crate::model::ImportReport;
use crate::service::MailError;

/// A mailbox and the run that takes in what is new in it.
pub(super) struct Sync {
    engine: Arc<Engine>,
    arrivals: Arc<Arrivals>,
    mailbox: PathBuf,
    leases: Leases,
    state: watch::Sender<State>,
}

/// How the run is.
#[derive(Debug, Clone, Default)]
struct State {
    /// Runs that have begun.
    begun: u64,
    /// Runs that have ended.
    ended: u64,
    /// Something may have come while the run was under way: another one follows.
    again: bool,
    progress: Progress,
    outcome: Option<Result<ImportReport, MailError>>,
}

impl Sync {
    pub(super) fn new(
        engine: Arc<Engine>,
        arrivals: Arc<Arrivals>,
        mailbox: PathBuf,
        leases: Leases,
    ) -> Arc<Self> {
        Arc::new(Self { engine, arrivals, mailbox, leases, state: watch::Sender::new(State::default()) })
    }

    /// Begins a run, or has the one that is under way followed by another.
    pub(super) fn begin(self: &Arc<Self>) {
        let begins = self.state.send_if_modified(|state| {
            let idle = state.begun == state.ended;
            state.begun += u64::from(idle);
            state.again |= !idle;
            idle
        });
        if begins {
            let this = Arc::clone(self);
            // A run goes on without a connection, and keeps the daemon.
            let lease = self.leases.take();
            tokio::task::spawn_blocking(move || {
                while this.run() {}
                drop(lease);
            });
        }
    }

    /// Waits for the end of a run: the one that is under way, or one that begins now.
    pub(super) async fn join(
        self: &Arc<Self>,
        mut progressed: impl FnMut(Progress),
    ) -> Result<ImportReport, MailError> {
        let mut state = self.state.subscribe();
        let awaited = {
            let now = state.borrow_and_update();
            if now.begun == now.ended { now.begun + 1 } else { now.begun }
        };
        if awaited > self.state.borrow().begun {
            self.begin();
        }
        loop {
            {
                let now = state.borrow_and_update();
                if now.ended >= awaited {
                    return now.outcome.clone().unwrap_or(Err(MailError::Stopped));
                }
                progressed(now.progress.clone());
            }
            if state.changed().await.is_err() {
                return Err(MailError::Stopped);
            }
        }
    }

    /// One run. Whether another one follows.
    fn run(&self) -> bool {
        let first = self.engine.newest().is_ok_and(|newest| newest.is_none());
        let outcome = self.import();
        match &outcome {
            Ok(report) => tracing::info!(seen = report.seen, added = report.added, "mailbox is up to date"),
            Err(error) => tracing::warn!(%error, "mailbox cannot be read"),
        }
        if first {
            self.arrivals.pass_over(&self.engine);
        } else {
            self.arrivals.publish_new(&self.engine);
        }
        let mut again = false;
        self.state.send_modify(|state| {
            again = std::mem::take(&mut state.again);
            state.ended += 1;
            state.begun += u64::from(again);
            state.progress = Progress::default();
            state.outcome = Some(outcome);
        });
        again
    }

    fn import(&self) -> Result<ImportReport, MailError> {
        let mut mailbox = Mailbox::open(&self.mailbox)?;
        let total = mailbox.len_hint();
        let report = self.engine.import(&mut mailbox, &mut |progress| {
            self.state.send_modify(|state| state.progress = in_bytes(progress, total));
            ControlFlow::Continue(())
        })?;
        Ok(report)
    }
}
