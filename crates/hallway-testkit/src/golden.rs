//! The server that the conversations of `spec/vectors` are held with. `spec/vectors/README.md` describes it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hallway::Server;
use hallway::server::ServerBuilder;
use hallway::service::Scope;
use hallway::transport::{Address, Listener as _, tcp, unix};
use tokio::runtime::{Builder, Runtime};

use crate::{EchoMesh, ExampleService, Examples, JobsService, Pad, Reporter};

/// The token of the listener on TCP.
const TOKEN: &str = "open sesame";

/// What the restricted listener carries.
const READER: &str = "reader";
const READS: [&str; 2] = ["notes.find", "notes.numbers"];

/// The server of one conversation, on its three listeners, until it is dropped.
#[derive(Debug)]
pub struct GoldenServer {
    socket: PathBuf,
    tcp: SocketAddr,
    _runtime: Runtime,
}

impl GoldenServer {
    /// Serves the pad, and the services named in `also`: `mesh`, `example`, `jobs`. The socket must not be there yet.
    #[must_use]
    pub fn start<S: AsRef<str>>(socket: &Path, also: &[S]) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let entered = runtime.enter();
        let pad = Server::builder().program("notes 1.2.0").service(Pad::service());
        let scope = Scope::new(READER, READS);
        let server =
            also.iter().fold(pad.restricted(scope), |server, name| add(server, name.as_ref())).build();
        let on_unix = unix::Listener::bind(socket).unwrap();
        let on_restricted = unix::Listener::bind(restricted(socket)).unwrap();
        let on_tcp = runtime.block_on(tcp::Listener::bind(([127, 0, 0, 1], 0).into(), TOKEN)).unwrap();
        let Address::Tcp(tcp) = *on_tcp.address() else { panic!("no TCP address") };
        let reader = server.restricted(READER).unwrap();
        runtime.spawn(async move { reader.serve(on_restricted).await });
        runtime.spawn({
            let server = server.clone();
            async move { server.serve(on_unix).await }
        });
        runtime.spawn(async move { server.serve(on_tcp).await });
        drop(entered);
        Self { socket: socket.to_owned(), tcp, _runtime: runtime }
    }

    /// Where everything is carried.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where `notes.find` and `notes.numbers` are carried: the socket's path with `.restricted` after it.
    #[must_use]
    pub fn restricted(&self) -> PathBuf {
        restricted(&self.socket)
    }

    /// Where everything is carried for who has the token.
    #[must_use]
    pub fn tcp(&self) -> SocketAddr {
        self.tcp
    }
}

fn add(server: ServerBuilder, service: &str) -> ServerBuilder {
    match service {
        "mesh" => server.service(EchoMesh::service()),
        "example" => server.service(ExampleService::new(Examples)),
        "jobs" => server.service(JobsService::new(Reporter)),
        other => panic!("there is no service `{other}` in spec/vectors/README.md"),
    }
}

fn restricted(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".restricted");
    path.into()
}
