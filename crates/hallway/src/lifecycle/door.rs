//! A daemon's own socket, watched: one that cannot be found any more is of no use, and in the way of the next one.
//!
//! The kernel tells when something in the directory changes. What it does not tell of, such as a directory that was
//! renamed further up, is looked at every [`LOOK_EVERY`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::changes::{Changes, Watch};
use super::sockets::Sockets;
use super::successor::Succession;
use super::{Env, InstanceLock, LifecycleError, Record, RuntimePath};
use crate::server::ServerHandle;
use crate::transport::unix::Listener;
use crate::transport::{self, Address, Duplex};

/// How often a daemon looks at its place unasked. A directory can go without an event: with one above it, or since a
/// better one has appeared. Two looks a minute cost nothing, and nobody waits for them: they let two daemons of one
/// instance be for so long at most.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// When it is tried again to publish a socket where that has failed. Not when the directory changes: the attempt changes it.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// One of a daemon's listeners: accepts, and publishes its socket again where that was taken away. Where the lock was,
/// or the directory, another daemon may serve, and this one is told to leave.
pub(super) struct Door {
    /// The restricted set that it is for.
    scope: Option<String>,
    listener: Listener,
    /// The one before it was published again: some had reached that already.
    previous: Option<Listener>,
    sockets: Arc<Sockets>,
    lock: &'static InstanceLock,
    record: Record,
    server: ServerHandle,
    changes: Option<Watch>,
    look: Interval,
    /// It could not be published again.
    failed: bool,
    /// It is where clients look that have no directory named to them.
    by_rule: bool,
    /// The name may be a successor's by now. It cannot be withdrawn, so nobody may be answered at it.
    lost: bool,
}

impl Door {
    /// Watches a socket that listens. Needs a runtime.
    pub(super) fn new(
        scope: Option<String>,
        listener: Listener,
        succession: &Succession,
        record: &Record,
        server: ServerHandle,
    ) -> Self {
        let lock = succession.lock;
        let changes = Changes::of_names(lock.dir()).and_then(Watch::new);
        if let Err(error) = &changes {
            tracing::debug!(%error, "the directory is looked at every {LOOK_EVERY:?} only");
        }
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            scope,
            listener,
            previous: None,
            sockets: Arc::clone(&succession.sockets),
            lock,
            record: record.clone(),
            server,
            changes: changes.ok(),
            look,
            failed: false,
            by_rule: better_place(lock).is_none(),
            lost: false,
        }
    }

    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Looks whether it can still be found.
    fn look(&mut self) {
        match self.found() {
            Ok(Found::InPlace) => self.failed = false,
            Ok(Found::Lost) => {
                self.lost = true;
                self.server.drain("its lock file or directory was taken away");
            }
            Ok(Found::Better(place)) => {
                self.server.drain(&format!("clients look for it in {} now", place.path.display()));
            }
            // Whatever has the name is no successor's: that would have the lock.
            Ok(Found::Gone) => match self.sockets.publish_again(self.scope(), self.lock) {
                Ok(listener) => {
                    tracing::warn!("the socket was taken away; published again");
                    self.failed = false;
                    self.previous = Some(std::mem::replace(&mut self.listener, listener));
                    let _for_people = self.record.write(self.lock);
                }
                Err(error) => {
                    tracing::warn!(%error, "the socket was taken away and cannot be published again");
                    self.failed = true;
                    self.look.reset_after(AGAIN_AFTER);
                }
            },
            Err(error) => tracing::warn!(%error, "the socket cannot be looked at"),
        }
    }

    fn found(&self) -> Result<Found, LifecycleError> {
        let Some(is_current) = self.sockets.is_current(self.scope())? else { return Ok(Found::InPlace) };
        if !self.lock.is_in_place()? {
            return Ok(Found::Lost);
        }
        if !is_current {
            return Ok(Found::Gone);
        }
        let better = better_place(self.lock).filter(|_| self.by_rule);
        Ok(better.map_or(Found::InPlace, Found::Better))
    }
}

/// How a daemon finds its socket.
enum Found {
    InPlace,
    /// Its lock or directory is not what clients find.
    Lost,
    /// Its name is gone, or stands for something else.
    Gone,
    /// Clients look elsewhere now.
    Better(RuntimePath),
}

impl transport::Listener for Door {
    fn address(&self) -> &Address {
        self.listener.address()
    }

    async fn accept(&mut self) -> io::Result<Duplex> {
        if self.lost {
            // Whoever waits here is refused, and starts the next one.
            return Err(io::ErrorKind::NotConnected.into());
        }
        while !self.lost {
            tokio::select! {
                accepted = self.listener.accept() => return accepted,
                accepted = accept(&mut self.previous) => return accepted,
                () = changed(&mut self.changes), if !self.failed => {}
                _ = self.look.tick() => {}
            }
            self.look();
        }
        // The server has been told to leave, and hears of it before it asks again.
        std::future::pending().await
    }
}

async fn accept(listener: &mut Option<Listener>) -> io::Result<Duplex> {
    match listener {
        Some(listener) => transport::Listener::accept(listener).await,
        None => std::future::pending().await,
    }
}

/// Waits for a change in the directory; for ever where the system does not tell.
async fn changed(changes: &mut Option<Watch>) {
    let Some(watch) = changes else { return std::future::pending().await };
    if let Err(error) = watch.changed().await {
        tracing::warn!(%error, "the directory is looked at every {LOOK_EVERY:?} only");
        *changes = None;
    }
}

/// Where clients look now, if not here.
fn better_place(lock: &InstanceLock) -> Option<RuntimePath> {
    let chosen = RuntimePath::choose(&Env::process().without("HALLWAY_RUNTIME_DIR")).ok()?;
    Some(chosen).filter(|chosen| chosen.path != lock.dir().path())
}
