use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::{CallError, CallOptions, Client};
use crate::connection::link::Opening;
use crate::connection::{Driver, Link, Wire};
use crate::protocol::Hello;
use crate::service::{Router, Service};
use crate::transport::{Address, Duplex, memory, stdio, tcp, unix};

/// Something that reaches a server, again and again if need be.
pub trait Connect: Send + Sync + 'static {
    /// Connects; starts the server first where that is its job.
    ///
    /// # Errors
    /// When nobody can be reached.
    fn connect(&self) -> impl Future<Output = Result<Duplex, CallError>> + Send;
}

impl Connect for Address {
    async fn connect(&self) -> Result<Duplex, CallError> {
        Ok(match self {
            Self::Unix(path) => unix::connect(path).await?,
            Self::Tcp(address) => tcp::connect(*address).await?,
            Self::Exec(program) => stdio::connect(std::process::Command::new(program))?,
            Self::Memory => {
                return Err(crate::transport::TransportError::BadAddress { text: "memory".to_owned() }.into());
            }
        })
    }
}

impl Connect for memory::Connector {
    async fn connect(&self) -> Result<Duplex, CallError> {
        Ok(Self::connect(self).await?)
    }
}

/// Puts a client together.
#[derive(Debug)]
pub struct ClientBuilder {
    wire: Wire,
    hello: Hello,
    router: Router,
    options: CallOptions,
    spins: bool,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        let hello = Hello::new(crate::PROGRAM);
        Self {
            wire: Wire::NATIVE,
            hello,
            router: Router::default(),
            options: CallOptions::new(),
            spins: false,
        }
    }
}

impl ClientBuilder {
    /// What to speak; [`Wire::NATIVE`] if not said.
    #[must_use]
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// The caller's name and version, for the server's log.
    #[must_use]
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.hello.program = program.into();
        self
    }

    /// The token that the listener asks for.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.hello.token = Some(token.into());
        self
    }

    /// A service that the server may call on this connection.
    #[must_use]
    pub fn serve(mut self, service: impl Service) -> Self {
        self.router.add(Arc::new(service));
        self
    }

    /// What goes along with every call.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Looks for an answer for a moment, up to [`SPIN_TIME`](crate::limits::SPIN_TIME), before going to sleep, if there is
    /// more than one processor. Where short calls follow each other it saves most of the time that waking takes, and costs
    /// the processor for as long; where it does not pay, it is left out by itself. After
    /// [several answers at once](crate::limits::QUEUE_MESSAGES) every client does so.
    #[must_use]
    pub fn spin(mut self, spins: bool) -> Self {
        self.spins = spins;
        self
    }

    /// Connects now, and again whenever the connection is lost.
    ///
    /// # Errors
    /// When nobody can be reached now.
    pub async fn connect(self, to: impl Connect) -> Result<Client, CallError> {
        let options = self.options.clone();
        let source = Reconnecting::new(self, Box::new(to));
        source.link().await?;
        Ok(Client::new(Source::Reconnecting(Arc::new(source)), options))
    }

    /// Uses a connection that is there already; when it is lost, so is the client.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn over(self, connection: Duplex) -> Client {
        let connection = open(self.opening(), Arc::new(self.router), connection);
        Client::new(Source::Once(Arc::new(connection)), self.options)
    }

    fn opening(&self) -> Opening {
        Opening {
            wire: Some(self.wire),
            hello: Arc::new(self.hello.clone()),
            greets: true,
            token: None,
            budgets: Arc::default(),
            spins: self.spins,
        }
    }
}

/// Where a client's calls go.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A connection that comes back.
    Reconnecting(Arc<Reconnecting>),
    /// A connection that does not.
    Once(Arc<Connection>),
    /// A connection that somebody else holds: a handler calls its caller.
    Borrowed(Arc<Link>),
}

impl Source {
    /// A connection to call on.
    pub(super) async fn link(&self) -> Result<Held, CallError> {
        match self {
            Self::Reconnecting(source) => source.link().await.map(Held::Own),
            Self::Once(connection) => Ok(Held::Own(Arc::clone(connection))),
            Self::Borrowed(link) => Ok(Held::Borrowed(Arc::clone(link))),
        }
    }

    pub(super) fn comes_back(&self) -> bool {
        matches!(self, Self::Reconnecting(_))
    }
}

/// A connection while it is in use: a stream keeps its connection after the client has gone.
#[derive(Debug, Clone)]
pub(super) enum Held {
    Own(Arc<Connection>),
    Borrowed(Arc<Link>),
}

impl Held {
    pub(super) fn link(&self) -> &Arc<Link> {
        match self {
            Self::Own(connection) => &connection.0,
            Self::Borrowed(link) => link,
        }
    }
}

/// Ends its connection when the last who uses it goes: what is in line is still written.
#[derive(Debug)]
pub(super) struct Connection(Arc<Link>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.drain(None);
    }
}

pub(super) struct Reconnecting {
    to: Box<dyn DynConnect>,
    opening: Opening,
    router: Arc<Router>,
    current: Mutex<Option<Arc<Connection>>>,
    /// Held while connecting, so that many callers make one connection.
    connecting: tokio::sync::Mutex<()>,
}

impl Reconnecting {
    fn new(builder: ClientBuilder, to: Box<dyn DynConnect>) -> Self {
        Self {
            to,
            opening: builder.opening(),
            router: Arc::new(builder.router),
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    async fn link(&self) -> Result<Arc<Connection>, CallError> {
        if let Some(connection) = self.usable() {
            return Ok(connection);
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(connection) = self.usable() {
            return Ok(connection);
        }
        let duplex = self.to.connect().await?;
        let connection = Arc::new(open(self.opening.clone(), Arc::clone(&self.router), duplex));
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&connection));
        Ok(connection)
    }

    fn usable(&self) -> Option<Arc<Connection>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|connection| connection.0.takes_calls()).cloned()
    }
}

impl std::fmt::Debug for Reconnecting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconnecting").field("current", &self.current).finish_non_exhaustive()
    }
}

/// Begins a conversation; it runs as a task of its own.
fn open(opening: Opening, router: Arc<Router>, duplex: Duplex) -> Connection {
    let link = Link::new(opening, duplex.peer);
    let driver = Driver::new(Arc::clone(&link), duplex.stream, router);
    tokio::spawn(driver);
    Connection(link)
}

/// [`Connect`] behind a pointer.
trait DynConnect: Send + Sync {
    fn connect(&self) -> Pin<Box<dyn Future<Output = Result<Duplex, CallError>> + Send + '_>>;
}

impl<C: Connect> DynConnect for C {
    fn connect(&self) -> Pin<Box<dyn Future<Output = Result<Duplex, CallError>> + Send + '_>> {
        Box::pin(Connect::connect(self))
    }
}
