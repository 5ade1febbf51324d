use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::admin::AdminService;
use super::answered::Answering;
use super::leases::{Lease, Leases};
use super::status::{Count, ServiceStatus, Status};
use crate::connection::link::Opening;
use crate::connection::{Closed, Driver, Link, Wire};
use crate::limits::{self, ACCEPT_PAUSE, CONNECTIONS_MAX, DESCRIPTORS_RESERVED, DRAIN_DEADLINE};
use crate::protocol::{Hello, code};
use crate::service::{Description, Router, Service};
use crate::transport::{Duplex, Listener};

/// How long nobody has to come before those who had connected when a server began to drain have all been
/// taken: time enough for the runtime to hear from the system of the last of them.
const LAST_ARRIVALS: Duration = Duration::from_millis(1);

/// How many connections in a row may fail each by itself before the accept loop rests all the same: so many at
/// once are not an accident.
const ACCEPT_FAILURES: u32 = 64;

/// Puts a server together.
#[derive(Debug)]
pub struct ServerBuilder {
    leases: Leases,
    router: Router,
    wire: Option<Wire>,
    program: String,
}

impl ServerBuilder {
    /// Adds a service.
    #[must_use]
    pub fn service(mut self, service: impl Service) -> Self {
        self.router.add(Arc::new(service));
        self
    }

    /// What to speak; what each client begins with, see [`recognise`](crate::connection::recognise), if not
    /// said.
    #[must_use]
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = Some(wire);
        self
    }

    /// The program's name and version, for `hello` and `hallway.status`.
    #[must_use]
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.program = program.into();
        self
    }

    /// What keeps the server from being idle, for work that goes on without a connection.
    #[must_use]
    pub fn leases(&self) -> Leases {
        self.leases.clone()
    }

    /// What the service of this name is for, or else the first one.
    pub(crate) fn summary_for(&self, name: &str) -> String {
        let service = self.router.descriptions().min_by_key(|service| service.name != name);
        service.map(Description::summary).unwrap_or_default()
    }

    /// The server.
    #[must_use]
    pub fn build(mut self) -> Server {
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            self.router.add(Arc::new(AdminService::new(ServerHandle { shared: shared.clone() })));
            Shared {
                services: Arc::new(Answering::new(self.router)),
                wire: self.wire,
                hello: Hello::new(self.program),
                started: Instant::now(),
                connections: Mutex::default(),
                connections_max: connections_max(),
                leases: self.leases,
                drain: watch::channel(None).0,
            }
        });
        Server { shared }
    }
}

/// Serves services on any number of listeners until it is told to stop.
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    services: Arc<Answering>,
    /// What is spoken; `None`: what each client begins with.
    wire: Option<Wire>,
    hello: Hello,
    started: Instant,
    connections: Mutex<Connections>,
    connections_max: usize,
    leases: Leases,
    /// Why the server stops, once it does.
    drain: watch::Sender<Option<Drain>>,
}

#[derive(Debug, Default)]
struct Connections {
    last: u64,
    links: HashMap<u64, Arc<Link>>,
    count: Count,
}

/// Why a server stops, as its clients are told.
#[derive(Debug, Clone)]
struct Drain {
    reason: Arc<str>,
}

impl Server {
    /// Puts a server together.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        let program = crate::PROGRAM.to_owned();
        ServerBuilder { leases: Leases::default(), router: Router::default(), wire: None, program }
    }

    /// A way to stop it and to ask how it is, that does not keep it.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        ServerHandle { shared: Arc::downgrade(&self.shared) }
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
        self.serve_until_drained(listener, async {}).await
    }

    /// Like [`serve`](Self::serve); `withdraw` runs when the server begins to drain, before the last
    /// connections are taken: whoever connects after it must find no listener.
    pub(crate) async fn serve_until_drained(
        &self,
        mut listener: impl Listener,
        withdraw: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let mut drain = self.shared.drain.subscribe();
        let mut failed = 0;
        tracing::info!(address = %listener.address(), "serving");
        loop {
            tokio::select! {
                biased;
                () = told(&mut drain) => break,
                accepted = listener.accept() => self.admit(accepted, listener.token(), &mut failed).await?,
            }
        }
        withdraw.await;
        for _ in 0..CONNECTIONS_MAX {
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
        self.open(connection, None);
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
                self.open(connection, token.map(str::to_owned));
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Err(error),
            Err(error) => {
                *failed += 1;
                tracing::warn!(%error, "a connection was not accepted");
                if !concerns_one_connection(&error) || *failed >= ACCEPT_FAILURES {
                    *failed = 0;
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        Ok(())
    }

    fn open(&self, connection: Duplex, token: Option<String>) {
        let shared = &self.shared;
        let opening = Opening { wire: shared.wire, hello: shared.hello.clone(), greets: false, token };
        let link = Link::new(opening, connection.peer);
        let Some(entry) = Entry::new(shared, &link) else {
            let most = shared.connections_max;
            let message = format!("{most} connections are open; try again later");
            return self.turn_away(&link, connection.stream, code::BUSY, &message);
        };
        if let Some(drain) = &*shared.drain.borrow() {
            link.drain(Some((code::CLOSING, &drain.reason)));
        }
        let driver = Driver::new(link, connection.stream, Arc::clone(&shared.services) as _);
        tokio::spawn(async move {
            driver.run().await;
            drop(entry);
        });
    }

    /// Says why, and closes.
    fn turn_away(&self, link: &Arc<Link>, stream: crate::transport::Stream, code: &str, message: &str) {
        link.drain(Some((code, message)));
        let driver = Driver::new(Arc::clone(link), stream, Arc::clone(&self.shared.services) as _);
        tokio::spawn(async move {
            // A peer that does not read its refusal is not waited for.
            let _refused = tokio::time::timeout(ACCEPT_PAUSE, driver.run()).await;
        });
    }
}

/// As many connections as this process has descriptors for, those for everything else put aside.
fn connections_max() -> usize {
    use nix::sys::resource::{Resource, getrlimit};

    let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let spare = usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(DESCRIPTORS_RESERVED);
    spare.clamp(1, CONNECTIONS_MAX)
}

/// Waits until there is a reason to stop, or the server has gone. What it looks at is locked, and let go
/// here: a future that held it could not move between threads.
async fn told(drain: &mut watch::Receiver<Option<Drain>>) {
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

/// A connection's place in the register; it is given back when the connection ends, however that happens.
struct Entry {
    shared: Arc<Shared>,
    number: u64,
    /// The last to go: whoever waits for it finds the register in order.
    _lease: Lease,
}

impl Entry {
    fn new(shared: &Arc<Shared>, link: &Arc<Link>) -> Option<Self> {
        // Not under the lock of the register, which whoever waits for the leases looks at.
        let lease = shared.leases.take();
        let mut connections = shared.connections();
        if connections.links.len() >= shared.connections_max {
            return None;
        }
        connections.last += 1;
        let number = connections.last;
        connections.links.insert(number, Arc::clone(link));
        connections.count.add();
        Some(Self { shared: Arc::clone(shared), number, _lease: lease })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut connections = self.shared.connections();
        connections.links.remove(&self.number);
        connections.count.remove();
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops a server and tells how it is. Does not keep it.
#[derive(Debug, Clone)]
pub struct ServerHandle {
    shared: Weak<Shared>,
}

impl ServerHandle {
    /// Tells the server to stop: no more connections and calls, a `goaway` with this reason to everybody.
    /// The first reason counts.
    pub fn drain(&self, reason: &str) {
        let Some(shared) = self.shared.upgrade() else { return };
        let first = shared.drain.send_if_modified(|drain| {
            let first = drain.is_none();
            drain.get_or_insert_with(|| Drain { reason: reason.into() });
            first
        });
        if first {
            tracing::info!(reason, "draining");
            let links: Vec<_> = shared.connections().links.values().cloned().collect();
            for link in links {
                link.drain(Some((code::CLOSING, reason)));
            }
        }
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
        if let Some(mut answered) = self.shared.upgrade().map(|shared| shared.services.watch()) {
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
        let calls = connections.links.values().map(|link| link.incoming().open_now() as u64).sum();
        let (count, services) =
            (connections.count, shared.services.router().descriptions().map(ServiceStatus::of).collect());
        drop(connections);
        let mut limits = limits::table();
        limits.insert("connections_max".to_owned(), shared.connections_max as u64);
        Some(Status {
            program: shared.hello.program.clone(),
            pid: std::process::id(),
            uptime_ms: u64::try_from(shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            services,
            connections: count,
            calls_open: calls,
            draining: shared.drain.borrow().is_some(),
            limits,
        })
    }

    pub(super) fn descriptions(&self) -> Vec<&'static crate::service::Description> {
        self.shared
            .upgrade()
            .map(|shared| shared.services.router().descriptions().collect())
            .unwrap_or_default()
    }
}
