use std::collections::{BTreeMap, HashMap, hash_map};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::answered::{Answered, Answering};
use super::leases::{Lease, Leases};
use super::restart::Requests;
use super::status::Count;
use super::{ServerBuilder, ServerHandle};
use crate::connection::budgets::Budgets;
use crate::connection::link::Opening;
use crate::connection::{Closed, Driver, Link, Wire};
use crate::fairness::others_first;
use crate::limits::{ACCEPT_PAUSE, DESCRIPTORS_RESERVED, DRAIN_DEADLINE};
use crate::protocol::{Hello, code};
use crate::service::{Description, Router};
use crate::transport::{Duplex, Listener};

/// How long nobody has to come before those who had connected when a server began to drain have all been
/// taken: time enough for the runtime to hear from the system of the last of them.
const LAST_ARRIVALS: Duration = Duration::from_millis(1);

/// How many connections in a row may fail each by itself before the accept loop rests all the same: so many at
/// once are not an accident.
const ACCEPT_FAILURES: u32 = 64;

/// Serves services on any number of listeners until it is told to stop.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) shared: Arc<Shared>,
    /// What its listeners carry: everything, or what a scope leaves of it.
    pub(super) answering: Arc<Answering>,
}

/// What all the listeners of a server have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) router: Arc<Router>,
    pub(super) answered: Arc<Answered>,
    /// What is left of the services on restricted listeners, by name.
    pub(super) restricted: BTreeMap<Arc<str>, Arc<Router>>,
    /// What is spoken; `None`: what each client begins with.
    pub(super) wire: Option<Wire>,
    pub(super) hello: Arc<Hello>,
    pub(super) started: Instant,
    pub(super) connections: Mutex<Connections>,
    pub(super) budgets: Arc<Budgets>,
    pub(super) spins: bool,
    /// Connections that may be told at the same time why they are refused.
    pub(super) turned_away: Arc<Semaphore>,
    pub(super) leases: Leases,
    /// Who has it replaced, if it can be.
    pub(super) restarts: Option<Requests>,
    /// Why that came to nothing the last time.
    pub(super) restart_failed: Mutex<Option<String>>,
    /// Why the server stops, once it does.
    pub(super) drain: watch::Sender<Option<Drain>>,
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    last: u64,
    pub(super) links: HashMap<u64, Arc<Link>>,
    /// How many of them each process has.
    of_peer: HashMap<i32, usize>,
    pub(super) most_of_peer: usize,
    pub(super) count: Count,
}

/// Why a server stops, as its clients are told.
#[derive(Debug, Clone)]
pub(super) struct Drain {
    pub(super) reason: Arc<str>,
    /// Somebody else goes on accepting where this server did.
    pub(super) hands_over: bool,
}

impl Server {
    /// Puts a server together.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    /// One that carries this of what they have in common.
    pub(super) fn new(shared: Arc<Shared>, router: Arc<Router>) -> Self {
        let answering = Arc::new(Answering::new(router, Arc::clone(&shared.answered)));
        Self { shared, answering }
    }

    /// A way to stop it and to ask how it is, that does not keep it.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        ServerHandle { shared: Arc::downgrade(&self.shared), scope: None }
    }

    /// The same server for listeners that carry only what [`ServerBuilder::restricted`] named; `None` if it named
    /// no such set. On them, other methods are answered with `not_permitted`.
    #[must_use]
    pub fn restricted(&self, name: &str) -> Option<Self> {
        let router = self.shared.restricted.get(name)?;
        Some(Self::new(Arc::clone(&self.shared), Arc::clone(router)))
    }

    /// What its listeners carry.
    pub(crate) fn offered(&self) -> Vec<Description> {
        self.answering.router().offered()
    }

    /// Accepts and serves until the server is told to [`drain`](ServerHandle::drain); then takes what has
    /// connected by that moment, tells everybody, and returns. Open calls go on: see
    /// [`drained`](Self::drained).
    ///
    /// Nothing that a peer or the system does ends the loop: without descriptors or memory it rests for
    /// [`ACCEPT_PAUSE`].
    ///
    /// # Errors
    /// When the listener is gone for good.
    ///
    /// # Cancel safety
    /// Dropping the future stops accepting; connections live on.
    pub async fn serve(&self, listener: impl Listener) -> io::Result<()> {
        self.serve_until_drained(listener, async { true }).await
    }

    /// Like [`serve`](Self::serve); `withdraw` runs when the server begins to drain, before the last
    /// connections are taken: whoever connects after it must find no listener. If it says `false`, or the server
    /// hands over, somebody else goes on accepting there, and they are left to that one.
    pub(crate) async fn serve_until_drained(
        &self,
        mut listener: impl Listener,
        withdraw: impl Future<Output = bool> + Send,
    ) -> io::Result<()> {
        let mut drain = self.shared.drain.subscribe();
        let mut failed = 0;
        tracing::info!(address = %listener.address(), "serving");
        loop {
            tokio::select! {
                biased;
                () = told(&mut drain) => break,
                accepted = listener.accept() => {
                    self.admit(accepted, listener.token(), &mut failed).await?;
                    // A thousand that come at once have their first turns one by one, with everybody else's in between.
                    others_first().await;
                }
            }
        }
        let hands_over = self.shared.drain.borrow().as_ref().is_some_and(|drain| drain.hands_over);
        if hands_over || !withdraw.await {
            return Ok(());
        }
        for _ in 0..self.shared.budgets.limits.connections {
            let Ok(accepted) = tokio::time::timeout(LAST_ARRIVALS, listener.accept()).await else { break };
            if accepted.as_ref().is_err_and(|error| !concerns_one_connection(error)) {
                break;
            }
            self.admit(accepted, listener.token(), &mut failed).await?;
        }
        Ok(())
    }

    /// Serves one connection that came from elsewhere, a child's pipes for one.
    pub fn serve_connection(&self, connection: Duplex) {
        if let Some(turned_away) = self.open(connection, None) {
            tokio::spawn(turned_away);
        }
    }

    /// Waits until every connection has ended, at most [`DRAIN_DEADLINE`] from now; what is open then ends.
    pub async fn drained(&self) {
        let mut leases = self.shared.leases.watch();
        // Each connection holds a lease, given back after it has left the register.
        let ended = leases.wait_for(|_| self.shared.connections().links.is_empty());
        if tokio::time::timeout(DRAIN_DEADLINE, ended).await.is_err() {
            let links: Vec<_> = self.shared.connections().links.values().cloned().collect();
            tracing::warn!(connections = links.len(), "not drained within {DRAIN_DEADLINE:?}");
            for link in links {
                link.close(&Closed::new(Closed::BY_US, "the daemon stops and waits no longer"));
            }
        }
    }

    /// Takes a connection, or rests; so many before it have failed without one in between.
    async fn admit(
        &self,
        accepted: io::Result<Duplex>,
        token: Option<&str>,
        failed: &mut u32,
    ) -> io::Result<()> {
        match accepted {
            Ok(connection) => {
                *failed = 0;
                if let Some(turned_away) = self.open(connection, token.map(str::to_owned)) {
                    // Each has a descriptor that handlers may need. The semaphore is never closed.
                    let place = Arc::clone(&self.shared.turned_away).acquire_owned().await;
                    tokio::spawn(async move {
                        turned_away.await;
                        drop(place);
                    });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Err(error),
            Err(error) => {
                *failed += 1;
                tracing::warn!(%error, "a connection was not accepted");
                if !concerns_one_connection(&error) || *failed >= ACCEPT_FAILURES {
                    *failed = 0;
                    if !crate::chaos::without("accept-pause") {
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        Ok(())
    }

    /// Begins to serve a connection; if there is no place for it, returns what tells it so and closes it.
    fn open(&self, connection: Duplex, token: Option<String>) -> Option<impl Future<Output = ()> + use<>> {
        let shared = &self.shared;
        let opening = Opening {
            wire: shared.wire,
            hello: Arc::clone(&shared.hello),
            greets: false,
            token,
            budgets: Arc::clone(&shared.budgets),
            spins: shared.spins,
        };
        let link = Link::new(opening, connection.peer);
        let entry = match Entry::new(shared, &link) {
            Ok(entry) => entry,
            Err(message) => {
                link.drain(Some((code::BUSY, &message)));
                let driver = Driver::new(link, connection.stream, self.answering.clone());
                return Some(async move {
                    // A peer that does not read its refusal is not waited for.
                    let _refused = tokio::time::timeout(ACCEPT_PAUSE, driver).await;
                });
            }
        };
        if let Some(drain) = &*shared.drain.borrow() {
            link.drain(Some((code::CLOSING, &drain.reason)));
        }
        let driver = Driver::new(link, connection.stream, self.answering.clone());
        tokio::spawn(Served { driver, _entry: entry });
        None
    }
}

/// As many connections as this process has descriptors for, those for everything else put aside.
pub(super) fn connections_max() -> usize {
    use nix::sys::resource::{Resource, getrlimit};

    let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let spare = usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(DESCRIPTORS_RESERVED);
    spare.max(1)
}

/// Waits until there is a reason to stop, or the server has gone. What it looks at is locked, and let go
/// here: a future that held it could not move between threads.
pub(super) async fn told(drain: &mut watch::Receiver<Option<Drain>>) {
    let _reason_or_gone = drain.wait_for(Option::is_some).await;
}

/// Whether the next connection may do better at once: the listener itself, the descriptors and the memory
/// are well.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::PermissionDenied
    )
}

/// A connection that is served.
struct Served {
    driver: Driver,
    _entry: Entry,
}

impl Future for Served {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.driver).poll(cx)
    }
}

/// A connection's place in the register; it is given back when the connection ends, however that happens.
struct Entry {
    shared: Arc<Shared>,
    number: u64,
    /// The last to go: whoever waits for it finds the register in order.
    _lease: Lease,
}

impl Entry {
    /// `Err`: why there is no place.
    fn new(shared: &Arc<Shared>, link: &Arc<Link>) -> Result<Self, String> {
        // Not under the lock of the register, which whoever waits for the leases looks at.
        let lease = shared.leases.take();
        let limits = &shared.budgets.limits;
        let mut connections = shared.connections();
        if connections.links.len() >= limits.connections {
            return Err(format!("{} connections are open; try again later", limits.connections));
        }
        if let Some(pid) = link.peer().pid {
            let of_peer = connections.of_peer.entry(pid).or_default();
            if *of_peer >= limits.connections_of_peer {
                let most = limits.connections_of_peer;
                return Err(format!("this process has {most} connections open; use one for many calls"));
            }
            *of_peer += 1;
            let now = *of_peer;
            connections.most_of_peer = connections.most_of_peer.max(now);
        }
        connections.last += 1;
        let number = connections.last;
        connections.links.insert(number, Arc::clone(link));
        connections.count.add();
        Ok(Self { shared: Arc::clone(shared), number, _lease: lease })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut connections = self.shared.connections();
        let link = connections.links.remove(&self.number);
        connections.count.remove();
        if let Some(pid) = link.as_ref().and_then(|link| link.peer().pid)
            && let hash_map::Entry::Occupied(mut of_peer) = connections.of_peer.entry(pid)
        {
            *of_peer.get_mut() -= 1;
            if *of_peer.get() == 0 {
                of_peer.remove();
            }
        }
        if crate::chaos::without("let-go") {
            std::mem::forget(link);
        }
    }
}

impl Connections {
    /// How many the process has that has the most.
    pub(super) fn of_peer(&self) -> usize {
        self.of_peer.values().copied().max().unwrap_or_default()
    }

    pub(super) fn calls_open(&self) -> u64 {
        self.links.values().map(|link| link.incoming().open_now() as u64).sum()
    }
}

impl Shared {
    /// Whether anybody but the caller of a call waits for an answer or an item, or something goes on without a
    /// connection. Who is connected and asks for nothing does not count: that one comes back by itself.
    pub(super) fn is_in_use(&self) -> bool {
        let connections = self.connections();
        let background = self.leases.held() > connections.links.len();
        background || connections.calls_open() > 1
    }

    pub(super) fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
