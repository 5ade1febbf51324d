//! A daemon's own socket, watched: one that cannot be found any more is of no use, and in the way of the next one.
//!
//! The kernel tells when something in the directory changes. What it does not tell of, such as a directory that was
//! renamed further up, is looked at every [`LOOK_EVERY`].

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::changes::{Changes, Watch};
use super::{Env, InstanceLock, LifecycleError, Published, Record, RuntimePath, publish};
use crate::server::ServerHandle;
use crate::transport::{self, Address, Duplex, unix};

/// How often a daemon looks at its place unasked. A directory can go without an event: with one above it, or since a
/// better one has appeared. Two looks a minute cost nothing, and nobody waits for them: they let two daemons of one
/// instance be for so long at most.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The listener of a daemon: accepts, and publishes itself again where its socket was taken away. Where its lock was,
/// or its directory, another daemon may serve, and this one is told to leave.
pub(super) struct Door {
    listener: unix::Listener,
    /// The one before it was published again: some had reached that already.
    previous: Option<unix::Listener>,
    published: Withdrawal,
    record: Record,
    server: ServerHandle,
    changes: Option<Watch>,
    look: Interval,
    /// Where clients look that have no directory named to them, if that was here.
    by_rule: bool,
    /// The name may be a successor's by now. It cannot be withdrawn, so nobody may be answered at it.
    lost: bool,
}

/// The name under which a daemon is found, until it is withdrawn.
#[derive(Clone)]
pub(super) struct Withdrawal {
    lock: &'static InstanceLock,
    published: Arc<Mutex<Option<Published>>>,
}

impl Withdrawal {
    /// Takes the name away, so that no new client comes, nor the name again.
    pub(super) fn withdraw(&self) {
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = published.map(|published| published.withdraw(self.lock)) {
            tracing::warn!(%error, "the socket could not be withdrawn");
        }
    }
}

impl Door {
    /// Publishes the instance's socket. Needs a runtime.
    pub(super) fn open(
        lock: &'static InstanceLock,
        record: Record,
        server: ServerHandle,
    ) -> Result<Self, LifecycleError> {
        let changes = Changes::of_names(lock.dir()).and_then(Watch::new);
        if let Err(error) = &changes {
            tracing::debug!(%error, "the directory is looked at every {LOOK_EVERY:?} only");
        }
        let (listener, published) = published(lock, &record)?;
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            listener,
            previous: None,
            published: Withdrawal { lock, published: Arc::new(Mutex::new(Some(published))) },
            record,
            server,
            changes: changes.ok(),
            look,
            by_rule: better_place(lock).is_none(),
            lost: false,
        })
    }

    /// What takes its name away.
    pub(super) fn withdrawal(&self) -> Withdrawal {
        self.published.clone()
    }

    /// Looks whether it can still be found.
    fn look(&mut self) {
        let lock = self.published.lock;
        let mut current = self.published.published.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(socket) = &*current else { return };
        match lock.is_in_place().and_then(|held| Ok((held, socket.is_current()?))) {
            Ok((false, _)) => {
                self.lost = true;
                self.server.drain("its lock file or directory was taken away");
            }
            Ok((true, true)) => {
                if let Some(better) = better_place(lock).filter(|_| self.by_rule) {
                    self.server.drain(&format!("clients look for it in {} now", better.path.display()));
                }
            }
            // Whatever has the name is no successor's: that would have the lock.
            Ok((true, false)) => match published(lock, &self.record) {
                Ok((listener, published)) => {
                    tracing::warn!("the socket was taken away; published again");
                    *current = Some(published);
                    self.previous = Some(std::mem::replace(&mut self.listener, listener));
                }
                Err(error) => {
                    tracing::warn!(%error, "the socket was taken away and cannot be published again")
                }
            },
            Err(error) => tracing::warn!(%error, "the socket cannot be looked at"),
        }
    }
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
                () = changed(&mut self.changes) => {}
                _ = self.look.tick() => {}
            }
            self.look();
        }
        // The server has been told to leave, and hears of it before it asks again.
        std::future::pending().await
    }
}

async fn accept(listener: &mut Option<unix::Listener>) -> io::Result<Duplex> {
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

fn published(lock: &InstanceLock, record: &Record) -> Result<(unix::Listener, Published), LifecycleError> {
    let (listener, published) = publish(lock)?;
    let path = published.path();
    let listener =
        unix::Listener::from_std(path.clone(), listener).map_err(LifecycleError::io("listen on", &path))?;
    if let Err(error) = record.write(lock) {
        // It is for people; clients do without.
        tracing::warn!(%error, "no record of this daemon");
    }
    Ok((listener, published))
}

/// Where clients look now, if not here.
fn better_place(lock: &InstanceLock) -> Option<RuntimePath> {
    let chosen = RuntimePath::choose(&Env::process().without("HALLWAY_RUNTIME_DIR")).ok()?;
    Some(chosen).filter(|chosen| chosen.path != lock.dir().path())
}
