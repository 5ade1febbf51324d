use std::sync::Arc;

use hallway::blocking;
use hallway::client::{Client, ClientBuilder};
use hallway::server::{Server, ServerBuilder, ServerHandle};
use hallway::transport::{Address, BlockingStream, Duplex, Listener, memory, stdio, tcp, unix};
use hallway::{CallError, client};
use tempfile::TempDir;

use crate::{RawPeer, Setting, Transport, child, within};

/// Puts services onto a server.
pub type Services = fn(ServerBuilder) -> ServerBuilder;

/// The token of every guarded listener of the test kit.
pub const TOKEN: &str = "the token of the test";

/// A running server, and the ways to reach it.
#[derive(Debug)]
pub struct Stage {
    setting: Setting,
    reach: Reach,
    server: Option<Server>,
    _directory: Arc<TempDir>,
}

/// How a server of the test kit is reached, by clients of both kinds.
#[derive(Debug, Clone)]
pub struct Reach {
    setting: Setting,
    to: To,
}

#[derive(Debug, Clone)]
enum To {
    Memory(memory::Connector),
    Address(Address),
    /// Every connection starts a child of its own.
    Child,
}

impl Stage {
    /// Starts a server with these services.
    ///
    /// # Panics
    /// When the system does not let it.
    pub async fn start(setting: Setting, services: Services) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        if setting.transport == Transport::Stdio {
            let reach = Reach { setting, to: To::Child };
            return Self { setting, reach, server: None, _directory: directory };
        }
        let server = services(Server::builder().wire(setting.wire)).build();
        let to = match setting.transport {
            Transport::Memory => {
                let (listener, connector) = memory::listener();
                spawn(&server, listener);
                To::Memory(connector)
            }
            Transport::Unix => {
                let listener = unix::Listener::bind(directory.path().join("socket")).expect("a new path");
                To::Address(spawn(&server, listener))
            }
            Transport::Tcp => {
                let listener = tcp::Listener::bind(([127, 0, 0, 1], 0).into(), TOKEN).await;
                To::Address(spawn(&server, listener.expect("a free port")))
            }
            Transport::Stdio => unreachable!("seen to above"),
        };
        Self { setting, reach: Reach { setting, to }, server: Some(server), _directory: directory }
    }

    /// Where on the matrix this is.
    #[must_use]
    pub fn setting(&self) -> Setting {
        self.setting
    }

    /// How the server is reached.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach.clone()
    }

    /// The server, unless it is in a child.
    ///
    /// # Panics
    /// When it is in a child.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a child's server is out of reach: run this on `shared` transports")
    }

    /// What stops the server and tells how it is.
    ///
    /// # Panics
    /// When the server is in a child.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server().handle()
    }

    /// A client that connects again when it has lost its connection.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn client(&self) -> Client {
        self.client_from(Client::builder()).await
    }

    /// A client with something of its own, such as a service that the server calls.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn client_from(&self, builder: ClientBuilder) -> Client {
        self.reach.client_from(builder).await.expect("the server can be reached")
    }

    /// Does something with a client that blocks, in a thread of its own.
    ///
    /// # Panics
    /// When it cannot connect, when `act` does, and when it takes longer than [`PATIENCE`](crate::PATIENCE).
    pub async fn blocking<R: Send + 'static>(
        &self,
        act: impl FnOnce(blocking::Client) -> R + Send + 'static,
    ) -> R {
        self.reach.blocking(act).await
    }

    /// A peer of the server that says nothing of its own.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn raw(&self) -> RawPeer {
        let connection = within("a connection", client::Connect::connect(&self.reach)).await;
        RawPeer::new(self.setting.wire, connection.expect("the server can be reached"))
    }

    /// A peer of the server that has been greeted, and is let in where a token is asked for.
    ///
    /// # Panics
    /// When it cannot connect or is not greeted.
    pub async fn greeted(&self) -> RawPeer {
        let mut raw = self.raw().await;
        raw.hello().await;
        raw
    }
}

fn spawn(server: &Server, listener: impl Listener) -> Address {
    let (address, server) = (listener.address().clone(), server.clone());
    tokio::spawn(async move { server.serve(listener).await });
    address
}

impl Reach {
    pub(crate) fn new(setting: Setting, address: Address) -> Self {
        Self { setting, to: To::Address(address) }
    }

    pub(crate) fn within_process(setting: Setting, connector: memory::Connector) -> Self {
        Self { setting, to: To::Memory(connector) }
    }

    /// A client that comes here, knows the token, and speaks the setting's wire.
    ///
    /// # Errors
    /// When nobody can be reached.
    pub async fn client_from(&self, builder: ClientBuilder) -> Result<Client, CallError> {
        let connecting = builder.wire(self.setting.wire).token(TOKEN).connect(self.clone());
        within("a client connects", connecting).await
    }

    /// Does something with a client that blocks, in a thread of its own.
    ///
    /// # Panics
    /// When it cannot connect, when `act` does, and when it takes longer than [`PATIENCE`](crate::PATIENCE).
    pub async fn blocking<R: Send + 'static>(
        &self,
        act: impl FnOnce(blocking::Client) -> R + Send + 'static,
    ) -> R {
        let reach = self.clone();
        let thread = tokio::task::spawn_blocking(move || {
            let builder = blocking::Client::builder().wire(reach.setting.wire).token(TOKEN);
            act(builder.connect(reach).expect("the server can be reached"))
        });
        match within("the blocking client's thread", thread).await {
            Ok(done) => done,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

impl client::Connect for Reach {
    async fn connect(&self) -> Result<Duplex, CallError> {
        match &self.to {
            To::Memory(connector) => client::Connect::connect(connector).await,
            To::Address(address) => client::Connect::connect(address).await,
            To::Child => Ok(stdio::connect(child::command(self.setting))?),
        }
    }
}

impl blocking::Connect for Reach {
    fn connect(&self) -> Result<Box<dyn BlockingStream>, CallError> {
        match &self.to {
            To::Memory(_) => panic!("memory is no place for a client that blocks: run this elsewhere"),
            To::Address(address) => blocking::Connect::connect(address),
            To::Child => Ok(Box::new(stdio::connect_blocking(&mut child::command(self.setting))?)),
        }
    }
}
