use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A process that plays the server of one case.
pub(crate) struct Server {
    dir: TempDir,
    socket: PathBuf,
    process: Child,
}

impl Server {
    /// Listens by the time this returns.
    pub(crate) fn start(case: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("hostile.sock");
        let mut process = Command::new(env!("CARGO_BIN_EXE_hallway-hostile"))
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(process.stdin.take().unwrap(), "{case}").unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "listens\n", "{case}");
        Self { dir, socket, process }
    }

    pub(crate) fn socket(&self) -> &Path {
        assert!(self.dir.path().exists());
        &self.socket
    }

    /// What the server says of its client, which has closed.
    pub(crate) fn end(mut self) -> Result<(), String> {
        let mut said = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        if self.process.wait().unwrap().success() { Ok(()) } else { Err(said) }
    }
}

/// Nobody waits for a server whose client has failed.
impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
