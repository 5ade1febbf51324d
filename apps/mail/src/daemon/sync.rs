//! Keeps up with the user's own mailbox: one run at a time, for everybody who asks.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallway::Progress;
use hallway::server::Leases;
use tokio::sync::watch;

use super::arrivals::Arrivals;
use super::{in_bytes, open};
use crate::Engine;
use crate::model::ImportReport;
use crate::service::MailError;

/// How long a run rests before it is followed by another, so that a burst of mail is a few runs.
const REST: Duration = Duration::from_millis(100);

/// A mailbox and the run that takes in what is new in it.
pub(super) struct Sync {
    engine: Arc<Engine>,
    arrivals: Arc<Arrivals>,
    mailbox: PathBuf,
    /// A file with the mailbox's path; there once all of the mailbox has been looked into.
    marker: PathBuf,
    leases: Leases,
    state: watch::Sender<State>,
    stopped: AtomicBool,
}

/// How the run is.
#[derive(Debug, Clone, Default)]
struct State {
    /// All of the mailbox has been looked into, now or in an earlier life.
    looked: bool,
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
    /// Keeps up with `mailbox`; `dir` is the engine's directory.
    pub(super) fn new(
        engine: Arc<Engine>,
        arrivals: Arc<Arrivals>,
        mailbox: PathBuf,
        dir: &Path,
        leases: Leases,
    ) -> Arc<Self> {
        let marker = dir.join("mailbox");
        let looked = marker.exists() && engine.newest().is_ok_and(|newest| newest.is_some());
        if looked {
            arrivals.tell();
        }
        let state = watch::Sender::new(State { looked, ..State::default() });
        Arc::new(Self { engine, arrivals, mailbox, marker, leases, state, stopped: AtomicBool::new(false) })
    }

    /// Has a run end after the batch that it is at.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Waits until all of the mailbox has been looked into once: an answer from half of it would be wrong.
    pub(super) async fn ready(self: &Arc<Self>, progressed: impl FnMut(Progress)) -> Result<(), MailError> {
        if self.state.borrow().looked {
            return Ok(());
        }
        self.join(progressed).await.map(drop)
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
                while this.run() {
                    std::thread::sleep(REST);
                }
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
        let outcome = self.import();
        let looked = self.state.borrow().looked || outcome.is_ok();
        match &outcome {
            Ok(report) => tracing::info!(seen = report.seen, added = report.added, "mailbox is up to date"),
            Err(error) => tracing::warn!(%error, "mailbox cannot be read"),
        }
        if looked {
            self.arrivals.tell();
        }
        let mut again = false;
        self.state.send_modify(|state| {
            again = std::mem::take(&mut state.again) && !self.is_stopped();
            state.looked = looked;
            state.ended += 1;
            state.begun += u64::from(again);
            state.progress = Progress::default();
            state.outcome = Some(outcome);
        });
        again
    }

    fn import(&self) -> Result<ImportReport, MailError> {
        let mut mailbox = open(&self.engine, &self.mailbox)?;
        let total = mailbox.len_hint();
        let report = self.engine.import(&mut mailbox, &mut |progress| {
            self.state.send_modify(|state| state.progress = in_bytes(progress, total));
            if self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if !self.marker.exists()
            && let Err(error) = std::fs::write(&self.marker, self.mailbox.as_os_str().as_encoded_bytes())
        {
            tracing::warn!(%error, marker = %self.marker.display(), "the next start will look into all of the mailbox");
        }
        Ok(report)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
