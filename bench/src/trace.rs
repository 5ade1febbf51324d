//! Counts the system calls of a process, with `perf`, which slows it little.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use tempfile::TempDir;

use crate::Outcome;

const NEEDED: &str = "system calls are counted with `perf` (apt-get install linux-perf), as root";

/// How long `perf` may take until it counts.
const PATIENCE: Duration = Duration::from_secs(5);

/// Counts from when it was made.
pub struct Trace {
    perf: Child,
    directory: TempDir,
    /// What it was told is lost if nobody has the pipe open before it has.
    _control: File,
}

impl Trace {
    pub fn of(process: u32) -> Outcome<Self> {
        let directory = TempDir::with_prefix("hallway-bench-")?;
        let [control, told, counted] = ["control", "told", "counted"].map(|name| directory.path().join(name));
        mkfifo(&control, Mode::S_IRWXU)?;
        mkfifo(&told, Mode::S_IRWXU)?;
        let perf = Command::new("perf")
            .args(["stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-D", "-1", "-p"])
            .arg(process.to_string())
            .arg("-o")
            .arg(&counted)
            .arg("--control")
            .arg(format!("fifo:{},{}", control.display(), told.display()))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let perf = perf.map_err(|error| match error.kind() {
            ErrorKind::NotFound => NEEDED.into(),
            _ => format!("{NEEDED}: {error}"),
        })?;
        // Both are opened for reading and writing: so neither waits for somebody at the other end.
        let open = |path| File::options().read(true).write(true).open(path);
        let mut control = open(control)?;
        control.write_all(b"enable\n")?;
        let trace = Self { perf, directory, _control: control };
        let told = open(told)?;
        let mut heard = [PollFd::new(told.as_fd(), PollFlags::POLLIN)];
        if poll(&mut heard, PollTimeout::try_from(PATIENCE)?)? == 0 {
            return Err(NEEDED.into());
        }
        Ok(trace)
    }

    /// How many there were.
    pub fn count(mut self) -> Outcome<u64> {
        kill(Pid::from_raw(i32::try_from(self.perf.id())?), Signal::SIGINT)?;
        self.perf.wait()?;
        let counted = std::fs::read_to_string(self.directory.path().join("counted"))?;
        let line = counted.lines().find(|line| line.contains("sys_enter")).ok_or(NEEDED)?;
        let count = line.split(',').next().unwrap_or_default();
        Ok(count.parse().map_err(|_not_counted| NEEDED)?)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // It has left already, or is ended; neither can fail in a way that matters here.
        let _ended = self.perf.kill();
        let _waited = self.perf.wait();
    }
}
