//! A real server on a real socket, and a client that knows nothing but bytes.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use hallway::framing::Framing;
use hallway_testkit::GoldenServer;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything takes on a busy machine, shorter than anybody waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of its own for each conversation, so that none sees what another has left.
pub(crate) struct TestServer {
    server: GoldenServer,
    _dir: TempDir,
}

impl TestServer {
    /// With the pad of notes alone.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With other services as well.
    pub(crate) fn with(also: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { server: GoldenServer::start(&dir.path().join("notes.sock"), also), _dir: dir }
    }

    pub(crate) fn socket(&self) -> &Path {
        self.server.socket()
    }

    pub(crate) fn connect_unix(&self) -> Peer {
        Self::connect(self.socket())
    }

    pub(crate) fn connect_restricted(&self) -> Peer {
        Self::connect(&self.server.restricted())
    }

    fn connect(path: &Path) -> Peer {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (reader, writer) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
        Peer::new(
            Box::new(reader),
            Box::new(writer),
            Box::new(move || stream.shutdown(Shutdown::Write).unwrap()),
        )
    }

    pub(crate) fn connect_tcp(&self) -> Peer {
        let stream = TcpStream::connect(self.server.tcp()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (reader, writer) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
        Peer::new(
            Box::new(reader),
            Box::new(writer),
            Box::new(move || stream.shutdown(Shutdown::Write).unwrap()),
        )
    }
}

/// A client that frames by hand: at first with four bytes of length.
pub(crate) struct Peer {
    reader: BufReader<Box<dyn Read>>,
    writer: Box<dyn Write>,
    finish: Box<dyn Fn()>,
    framing: Framing,
}

impl Peer {
    fn new(reader: Box<dyn Read>, writer: Box<dyn Write>, finish: Box<dyn Fn()>) -> Self {
        Self { reader: BufReader::new(reader), writer, finish, framing: Framing::Length }
    }

    /// Sends nothing more.
    pub(crate) fn finish(&self) {
        (self.finish)();
    }

    pub(crate) fn frames_by(&mut self, framing: Framing) {
        self.framing = framing;
    }

    pub(crate) fn send(&mut self, body: &[u8]) {
        let (before, after) = match self.framing {
            Framing::Lines => (Vec::new(), "\n"),
            Framing::ContentLength => (format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes(), ""),
            _ => (u32::try_from(body.len()).unwrap().to_be_bytes().to_vec(), ""),
        };
        self.send_raw(&[&before, body, after.as_bytes()].concat());
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        // A server that has had enough may have closed; the next read tells.
        let _written = self.writer.write_all(bytes);
    }

    /// The next message, as text; `None` at the end of the connection.
    pub(crate) fn receive(&mut self) -> Result<Option<String>, String> {
        let length = match self.length() {
            Ok(length) => length,
            Err(error) if ended(&error) => return Ok(None),
            Err(error) => return Err(format!("no answer: {error}")),
        };
        let mut body = match length {
            Some(length) => vec![0; length],
            None => {
                let mut line = Vec::new();
                self.reader.read_until(b'\n', &mut line).map_err(|error| format!("half a line: {error}"))?;
                match line.pop() {
                    Some(b'\n') => {
                        return String::from_utf8(line).map(Some).map_err(|error| error.to_string());
                    }
                    _ => return Err(format!("a line that does not end: {}", line.escape_ascii())),
                }
            }
        };
        self.reader.read_exact(&mut body).map_err(|error| format!("half an answer: {error}"))?;
        String::from_utf8(body).map(Some).map_err(|error| error.to_string())
    }

    /// How long the next body is, where that stands before it.
    fn length(&mut self) -> std::io::Result<Option<usize>> {
        match self.framing {
            Framing::Lines => match self.reader.fill_buf()?.is_empty() {
                true => Err(std::io::ErrorKind::UnexpectedEof.into()),
                false => Ok(None),
            },
            Framing::ContentLength => {
                let (mut header, mut empty) = (String::new(), String::new());
                self.reader.read_line(&mut header)?;
                if header.is_empty() {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                self.reader.read_line(&mut empty)?;
                let length = header.strip_prefix("Content-Length: ").filter(|_| empty == "\r\n");
                let length = length.and_then(|length| length.trim_end().parse().ok());
                length.map(Some).ok_or_else(|| std::io::Error::other(format!("no header: {header:?}")))
            }
            _ => {
                let mut prefix = [0; 4];
                self.reader.read_exact(&mut prefix)?;
                Ok(Some(u32::from_be_bytes(prefix) as usize))
            }
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
