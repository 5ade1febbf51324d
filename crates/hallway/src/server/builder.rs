use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::admin::AdminService;
use super::discover::DiscoveryService;
use super::leases::Leases;
use super::restart::{ControlService, Requests};
use super::serve::{Shared, connections_max};
use super::{Server, ServerHandle};
use crate::connection::Wire;
use crate::connection::budgets::Budgets;
use crate::limits::{Limits, TURNED_AWAY_MAX};
use crate::protocol::Hello;
use crate::service::{Router, Scope, Service};

/// Puts a server together.
#[derive(Debug, Default)]
pub struct ServerBuilder {
    leases: Leases,
    router: Router,
    scopes: Vec<Scope>,
    wire: Option<Wire>,
    program: String,
    limits: Limits,
    spins: bool,
    restarts: Option<Requests>,
    restart_failed: Option<String>,
}

impl ServerBuilder {
    pub(super) fn new() -> Self {
        Self { program: crate::PROGRAM.to_owned(), ..Self::default() }
    }

    /// Adds a service.
    ///
    /// # Panics
    /// When it is spoken to in messages with a type, and another service has a command or an event of the same
    /// type.
    #[must_use]
    pub fn service(mut self, service: impl Service) -> Self {
        self.router.add(Arc::new(service));
        self
    }

    /// Adds a smaller set of methods, for a listener that is served by [`Server::restricted`].
    #[must_use]
    pub fn restricted(mut self, scope: Scope) -> Self {
        self.scopes.push(scope);
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

    /// What it bears, where the defaults do not fit. Connections are never more than the process has descriptors
    /// for.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Looks for the next call for a moment, up to [`SPIN_TIME`](crate::limits::SPIN_TIME), before going to sleep, if there
    /// is more than one processor. Where clients make short calls one after the other it saves most of the time that
    /// waking takes, and costs the processor for as long; where it does not pay, it is left out by itself. A server that
    /// nobody calls sleeps. After [several calls at once](crate::limits::QUEUE_MESSAGES) every server does so.
    #[must_use]
    pub fn spin(mut self, spins: bool) -> Self {
        self.spins = spins;
        self
    }

    /// What keeps the server from being idle, for work that goes on without a connection.
    #[must_use]
    pub fn leases(&self) -> Leases {
        self.leases.clone()
    }

    /// Who is asked to have the server replaced.
    pub(crate) fn restarted_by(mut self, requests: Requests) -> Self {
        self.restarts = Some(requests);
        self
    }

    /// Why the last attempt to replace it came to nothing, if there was one.
    pub(crate) fn restart_failed(mut self, reason: Option<String>) -> Self {
        self.restart_failed = reason;
        self
    }

    /// What the service of this name is for, or else the first one.
    pub(crate) fn summary_for(&self, name: &str) -> String {
        let services = self.router.offered();
        let service = services.iter().min_by_key(|service| service.name != name);
        service.map(|service| service.summary()).unwrap_or_default()
    }

    /// The server.
    #[must_use]
    pub fn build(mut self) -> Server {
        self.limits.connections = self.limits.connections.min(connections_max());
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            let tell_about = |router: &mut Router, scope: Option<&Scope>| {
                let handle =
                    ServerHandle { shared: shared.clone(), scope: scope.map(|one| one.name().into()) };
                router.add(Arc::new(AdminService::new(handle.clone())));
                router.add_unlisted(Arc::new(DiscoveryService::new(handle)));
            };
            tell_about(&mut self.router, None);
            if self.restarts.is_some() {
                let handle = ServerHandle { shared: shared.clone(), scope: None };
                self.router.add(Arc::new(ControlService::new(handle)));
            }
            let narrowed = |scope: Scope| {
                let mut router = self.router.clone();
                tell_about(&mut router, Some(&scope));
                (scope.name().into(), Arc::new(router.narrowed(scope)))
            };
            Shared {
                restricted: self.scopes.into_iter().map(narrowed).collect::<BTreeMap<_, _>>(),
                router: Arc::new(self.router.clone()),
                answered: Arc::default(),
                wire: self.wire,
                hello: Arc::new(Hello::new(self.program)),
                started: Instant::now(),
                connections: Mutex::default(),
                budgets: Arc::new(Budgets::new(self.limits)),
                spins: self.spins,
                turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
                leases: self.leases,
                restarts: self.restarts,
                restart_failed: Mutex::new(self.restart_failed),
                drain: watch::channel(None).0,
            }
        });
        let router = Arc::clone(&shared.router);
        Server::new(shared, router)
    }
}
