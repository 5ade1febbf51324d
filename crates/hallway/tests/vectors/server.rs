//! A real server on a real socket, and a client that knows nothing but bytes.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use hallway::Server;
use hallway::framing::Framing;
use hallway::server::ServerBuilder;
use hallway::transport::{Address, Listener as _, tcp, unix};
use hallway_testkit::{EchoMesh, Pad};
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
    /// With the pad of notes.
    pub(crate) fn start() -> Self {
        Self::serving(|server| server.service(Pad::service()))
    }

    /// With the mesh as well.
    pub(crate) fn start_with_mesh() -> Self {
        Self::serving(|server| server.service(Pad::service()).service(EchoMesh::service()))
    }

    fn serving(services: fn(ServerBuilder) -> ServerBuilder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let entered = runtime.enter();
        let server = services(Server::builder().program("notes 1.2.0")).build();
        let on_unix = unix::Listener::bind(dir.path().join("notes.sock")).unwrap();
        let on_tcp = runtime.block_on(tcp::Listener::bind(([127, 0, 0, 1], 0).into(), TOKEN)).unwrap();
        let Address::Tcp(tcp) = *on_tcp.address() else { panic!("no TCP address") };
        runtime.spawn({
            let server = server.clone();
            async move { server.serve(on_unix).await }
        });
        runtime.spawn(async move { server.serve(on_tcp).await });
        drop(entered);
        Self { dir, tcp, _runtime: runtime }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("notes.sock")
    }

    pub(crate) fn connect_unix(&self) -> Peer {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (reader, writer) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
        Peer::new(reader, writer, move || stream.shutdown(Shutdown::Write).unwrap())
    }

    pub(crate) fn connect_tcp(&self) -> Peer {
        let stream = TcpStream::connect(self.tcp).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (reader, writer) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
        Peer::new(reader, writer, move || stream.shutdown(Shutdown::Write).unwrap())
    }
}

/// A client that frames by hand: four bytes of length, then JSON; or JSON in lines.
pub(crate) struct Peer {
    framing: Framing,
    reader: BufReader<Box<dyn Read>>,
    writer: Box<dyn Write>,
    finish: Box<dyn Fn()>,
}

impl Peer {
    fn new(reader: impl Read + 'static, writer: impl Write + 'static, finish: impl Fn() + 'static) -> Self {
        let reader = BufReader::new(Box::new(reader) as Box<dyn Read>);
        Self { framing: Framing::Length, reader, writer: Box::new(writer), finish: Box::new(finish) }
    }

    /// Sends nothing more.
    pub(crate) fn finish(&self) {
        (self.finish)();
    }

    /// The same with another framing.
    pub(crate) fn framed(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    pub(crate) fn send(&mut self, body: &[u8]) {
        if self.framing == Framing::Lines {
            return self.send_raw(&[body, b"\n"].concat());
        }
        let length = u32::try_from(body.len()).unwrap();
        self.send_raw(&[&length.to_be_bytes()[..], body].concat());
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        // A server that has had enough may have closed; the next read tells.
        let _written = self.writer.write_all(bytes);
    }

    /// The next message, as text; `None` at the end of the connection.
    pub(crate) fn receive(&mut self) -> Result<Option<String>, String> {
        if self.framing == Framing::Lines {
            return self.receive_line();
        }
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

    fn receive_line(&mut self) -> Result<Option<String>, String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => Ok(None),
            Err(error) if ended(&error) => Ok(None),
            Ok(_) => {
                line.strip_suffix('\n').map(|line| Some(line.to_owned())).ok_or("half a line".to_owned())
            }
            Err(error) => Err(format!("no answer: {error}")),
        }
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
