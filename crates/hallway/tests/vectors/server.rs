//! A real server on a real socket, and a client that knows nothing but bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use hallway::Server;
use hallway::service::Scope;
use hallway::transport::{Address, Listener as _, tcp, unix};
use hallway_testkit::Pad;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The token of the listener on `tcp`.
pub(crate) const TOKEN: &str = "open sesame";

/// Longer than anything takes on a busy machine, shorter than anybody waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of its own for each conversation, so that none sees what another has left.
pub(crate) struct TestServer {
    dir: TempDir,
    tcp: SocketAddr,
    _runtime: Runtime,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let entered = runtime.enter();
        let reader = Scope::new("reader", ["notes.find", "notes.numbers"]);
        let server =
            Server::builder().program("notes 1.2.0").service(Pad::service()).restricted(reader).build();
        let restricted = unix::Listener::bind(dir.path().join("restricted.sock")).unwrap();
        let on_unix = unix::Listener::bind(dir.path().join("notes.sock")).unwrap();
        let on_tcp = runtime.block_on(tcp::Listener::bind(([127, 0, 0, 1], 0).into(), TOKEN)).unwrap();
        let Address::Tcp(tcp) = *on_tcp.address() else { panic!("no TCP address") };
        runtime.spawn({
            let server = server.clone();
            async move { server.serve(on_unix).await }
        });
        runtime.spawn({
            let server = server.restricted("reader").unwrap();
            async move { server.serve(restricted).await }
        });
        runtime.spawn(async move { server.serve(on_tcp).await });
        drop(entered);
        Self { dir, tcp, _runtime: runtime }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("notes.sock")
    }

    pub(crate) fn connect_unix(&self) -> Peer {
        Self::connect(self.socket())
    }

    pub(crate) fn connect_restricted(&self) -> Peer {
        Self::connect(self.dir.path().join("restricted.sock"))
    }

    fn connect(path: PathBuf) -> Peer {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Peer { reader: Box::new(stream.try_clone().unwrap()), writer: Box::new(stream) }
    }

    pub(crate) fn connect_tcp(&self) -> Peer {
        let stream = TcpStream::connect(self.tcp).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Peer { reader: Box::new(stream.try_clone().unwrap()), writer: Box::new(stream) }
    }
}

/// A client that frames by hand: four bytes of length, then JSON.
pub(crate) struct Peer {
    reader: Box<dyn Read>,
    writer: Box<dyn Write>,
}

impl Peer {
    pub(crate) fn send(&mut self, body: &[u8]) {
        let length = u32::try_from(body.len()).unwrap();
        self.send_raw(&[&length.to_be_bytes()[..], body].concat());
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        // A server that has had enough may have closed; the next read tells.
        let _written = self.writer.write_all(bytes);
    }

    /// The next message, as text; `None` at the end of the connection.
    pub(crate) fn receive(&mut self) -> Result<Option<String>, String> {
        let mut prefix = [0; 4];
        match self.reader.read_exact(&mut prefix) {
            Ok(()) => (),
            Err(error) if ended(&error) => return Ok(None),
            Err(error) => return Err(format!("no answer: {error}")),
        }
        let mut body = vec![0; u32::from_be_bytes(prefix) as usize];
        self.reader.read_exact(&mut body).map_err(|error| format!("half an answer: {error}"))?;
        String::from_utf8(body).map(Some).map_err(|error| error.to_string())
    }
}

fn ended(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset)
}

/// Whether `found` has everything that is expected: objects may have more members.
pub(crate) fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => expected
            .iter()
            .all(|(name, expected)| found.get(name).is_some_and(|found| holds(found, expected))),
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| holds(found, expected))
        }
        (found, expected) => found == expected,
    }
}
