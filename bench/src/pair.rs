//! The two processes of a measurement, as whoever measures holds them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tempfile::TempDir;

use crate::Outcome;
use crate::figures::{Case, Figures};
use crate::measures::Measure;
use crate::part::{Does, Part};
use crate::peers::Ready;

/// How long a process may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, and a client if there is one. Both end with it.
pub struct Pair<'a> {
    case: &'a Case,
    site: TempDir,
    server: Process,
    client: Option<Process>,
}

impl<'a> Pair<'a> {
    /// Starts a server that takes calls.
    pub fn serve(case: &'a Case) -> Outcome<Self> {
        let site = TempDir::with_prefix("hallway-bench-")?;
        let mut server = Process::start(command(case, &site, Does::Serve)?)?;
        server.hear(Ready::WORD)?;
        Ok(Self { case, site, server, client: None })
    }

    /// A server and a client that talk once.
    pub fn talk(case: &Case, measure: Measure, time: Duration) -> Outcome<Figures> {
        let mut pair = Pair::serve(case)?;
        pair.start(Does::Call { measure, time, server: pair.server() })?;
        pair.finish()
    }

    /// Starts a client and waits until it is ready; returns its process.
    pub fn start(&mut self, does: Does) -> Outcome<u32> {
        let mut client = Process::start(self.part(does)?)?;
        client.hear(Ready::WORD)?;
        Ok(self.client.insert(client).child.id())
    }

    /// Has the client go on, and hears what it measured.
    pub fn finish(mut self) -> Outcome<Figures> {
        let client = self.client.as_mut().ok_or("there is no client")?;
        client.go_on()?;
        Ok(serde_json::from_str(&client.line()?)?)
    }

    /// Has the client go on, and waits until it has left.
    pub fn leave(&mut self) -> Outcome {
        let mut client = self.client.take().ok_or("there is no client")?;
        client.go_on()?;
        client.child.wait()?;
        Ok(())
    }

    /// A process that does something with this server.
    pub fn part(&self, does: Does) -> Outcome<Command> {
        command(self.case, &self.site, does)
    }

    /// The server's process.
    pub fn server(&self) -> u32 {
        self.server.child.id()
    }
}

fn command(case: &Case, site: &TempDir, does: Does) -> Outcome<Command> {
    let Case { placement, runtime, .. } = *case;
    let part = Part { peer: case.peer.to_owned(), site: site.path().to_owned(), placement, runtime, does };
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("part").arg(serde_json::to_string(&part)?).stdin(Stdio::null());
    Ok(command)
}

/// A process that says a line when it is ready, and goes on when it is told a line.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(mut command: Command) -> Outcome<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (input, output) = (input.ok_or("no standard input")?, output.ok_or("no standard output")?);
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn line(&mut self) -> Outcome<String> {
        let mut heard = [PollFd::new(self.output.get_ref().as_fd(), PollFlags::POLLIN)];
        if poll(&mut heard, PollTimeout::try_from(PATIENCE)?)? == 0 {
            return Err(format!("a process has not said anything for {} s", PATIENCE.as_secs()).into());
        }
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() {
            return Err(format!("a process has left: {}", self.child.wait()?).into());
        }
        Ok(line)
    }

    fn hear(&mut self, word: &str) -> Outcome {
        let line = self.line()?;
        if line.trim() == word {
            Ok(())
        } else {
            Err(format!("a process said {line:?}, not {word:?}").into())
        }
    }

    fn go_on(&mut self) -> Outcome {
        Ok(self.input.write_all(b"go on\n")?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has left already, or is ended; neither can fail in a way that matters here.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
