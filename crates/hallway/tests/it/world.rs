//! A server that is reached in the same process and over a real Unix socket.

use std::path::PathBuf;
use std::time::Duration;

use hallway::blocking;
use hallway::client::ClientBuilder;
use hallway::service::Service;
use hallway::transport::{Address, Duplex, memory, unix};
use hallway::{Client, Server, ServerHandle};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// How long something that should happen may take before a test says that it did not.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that should happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it should have happened by now")
}

/// A server and its two addresses.
pub(crate) struct World {
    server: Server,
    memory: memory::Connector,
    socket: PathBuf,
    /// Both end well when the server has been told to stop.
    listening: JoinSet<std::io::Result<()>>,
    _directory: TempDir,
}

impl World {
    pub(crate) fn serving(service: impl Service) -> Self {
        let server = Server::builder().service(service).program("world 1").build();
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("world.sock");
        let over_socket = unix::Listener::bind(&socket).expect("a socket");
        let (in_memory, memory) = memory::listener();
        let mut listening = JoinSet::new();
        let (one, other) = (server.clone(), server.clone());
        listening.spawn(async move { one.serve(over_socket).await });
        listening.spawn(async move { other.serve(in_memory).await });
        Self { server, memory, socket, listening, _directory: directory }
    }

    pub(crate) fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves one more connection.
    pub(crate) fn serve_connection(&self, connection: Duplex) {
        self.server.serve_connection(connection);
    }

    pub(crate) fn address(&self) -> Address {
        Address::Unix(self.socket.clone())
    }

    /// A client of each address, made as `build` says.
    pub(crate) async fn clients_from(&self, build: impl Fn() -> ClientBuilder) -> [Client; 2] {
        [
            build().connect(self.memory.clone()).await.expect("connected in memory"),
            build().connect(self.address()).await.expect("connected over the socket"),
        ]
    }

    /// A client of each address.
    pub(crate) async fn clients(&self) -> [Client; 2] {
        self.clients_from(Client::builder).await
    }

    /// Lets a thread call and wait.
    pub(crate) async fn blocking<R: Send + 'static>(
        &self,
        act: impl FnOnce(blocking::Client) -> R + Send + 'static,
    ) -> R {
        let address = self.address();
        let thread = tokio::task::spawn_blocking(move || {
            act(blocking::Client::builder().connect(address).expect("connected over the socket"))
        });
        soon(thread).await.expect("the thread's own assertions hold")
    }

    /// Waits until the server has stopped listening, and until everybody has gone.
    pub(crate) async fn stopped(mut self) {
        while let Some(ended) = soon(self.listening.join_next()).await {
            ended.expect("not panicked").expect("ended well");
        }
        soon(self.server.drained()).await;
    }
}
