//! A daemon under attack, looked at from outside: what the kernel says of its process, and what its own status says.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Connector, Instance, Launcher};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use super::Run;
use super::held::peer;
use super::hostile::{Peer, Speech, Target};
use super::target::{DESCRIPTORS, MEMORY, NAME};
use super::world::{PATIENCE, World};

/// Between two looks at something that comes by itself.
const LOOK: Duration = Duration::from_millis(20);

/// A daemon that runs, and its place.
pub(super) struct Site {
    pub(super) target: Target,
    pub(super) pid: Pid,
    place: Place,
}

enum Place {
    Ours { _world: World },
    Neighbour { child: Child, _dir: tempfile::TempDir },
}

impl Site {
    /// Starts our own daemon.
    pub(super) fn ours(run: &Run) -> io::Result<Self> {
        Self::in_world(World::new(run, Duration::ZERO)?)
    }

    /// Starts our own daemon, which may have only so many descriptors.
    pub(super) fn with_descriptors(run: &Run, descriptors: u32) -> io::Result<Self> {
        Self::in_world(World::new(run, Duration::ZERO)?.var(DESCRIPTORS, &descriptors.to_string()))
    }

    /// Starts our own daemon, which may have only so much memory, in MiB.
    pub(super) fn with_memory(run: &Run, memory: u64) -> io::Result<Self> {
        Self::in_world(World::new(run, Duration::ZERO)?.var(MEMORY, &memory.to_string()))
    }

    fn in_world(world: World) -> io::Result<Self> {
        let instance = Instance::new(NAME).map_err(io::Error::other)?;
        let launcher = Launcher::this_program()?.arg("gate-part").arg("target");
        let connector = Connector::new(instance).in_env(world.env()).starting(launcher).within(PATIENCE);
        let stream: UnixStream = connector.reach().map_err(io::Error::other)?;
        let pid = peer(&stream)?;
        let socket = world.path("run").join(format!("{NAME}.sock"));
        Ok(Self {
            target: Target { socket, speech: Speech::Hallway },
            pid,
            place: Place::Ours { _world: world },
        })
    }

    /// Starts a neighbour's daemon, a program that is given the path of its socket.
    pub(super) fn neighbour(program: &Path, speech: Speech) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let socket = dir.path().join("neighbour.sock");
        let child = Command::new(program).arg(&socket).stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let pid = Pid::from_raw(child.id().try_into().map_err(io::Error::other)?);
        let site =
            Self { target: Target { socket, speech }, pid, place: Place::Neighbour { child, _dir: dir } };
        site.until("it listens", PATIENCE, || Ok(is_socket(&site.target.socket) && site.connect().is_ok()))?;
        Ok(site)
    }

    pub(super) fn connect(&self) -> io::Result<Peer> {
        Peer::connect(&self.target)
    }

    pub(super) fn is_alive(&mut self) -> bool {
        match &mut self.place {
            Place::Neighbour { child, .. } => matches!(child.try_wait(), Ok(None)),
            Place::Ours { .. } => self.stat().is_ok_and(|stat| stat.state != "Z"),
        }
    }

    /// Waits until something is so.
    pub(super) fn until(
        &self,
        what: &str,
        patience: Duration,
        mut is: impl FnMut() -> io::Result<bool>,
    ) -> io::Result<Duration> {
        let begin = Instant::now();
        while !is()? {
            if begin.elapsed() > patience {
                return Err(io::Error::other(format!("{what}: not within {patience:?}")));
            }
            std::thread::sleep(LOOK);
        }
        Ok(begin.elapsed())
    }

    fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// A line of its status, in KiB or pieces.
    fn status_line(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("the kernel does not tell {name}")))
    }

    /// Its memory, in KiB: what it has of its own, without the program's text.
    pub(super) fn memory(&self) -> io::Result<u64> {
        self.status_line("RssAnon")
    }

    /// All of its memory at the most since [`forget_peak`](Self::forget_peak), in KiB.
    pub(super) fn peak_memory(&self) -> io::Result<u64> {
        self.status_line("VmHWM")
    }

    pub(super) fn forget_peak(&self) -> io::Result<()> {
        fs::write(self.proc("clear_refs"), "5")
    }

    pub(super) fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.proc("fd"))?.count())
    }

    /// What its descriptors stand for, and how many of them for each: their numbers change as a log is begun anew.
    pub(super) fn opened(&self) -> io::Result<BTreeMap<PathBuf, usize>> {
        let mut opened = BTreeMap::new();
        for entry in fs::read_dir(self.proc("fd"))? {
            // One that is gone by now is not open.
            if let Ok(target) = entry.and_then(|entry| fs::read_link(entry.path())) {
                *opened.entry(target).or_default() += 1;
            }
        }
        Ok(opened)
    }

    pub(super) fn threads(&self) -> io::Result<u64> {
        self.status_line("Threads")
    }

    /// How long it has kept processors busy.
    pub(super) fn processor_time(&self) -> io::Result<Duration> {
        Ok(self.stat()?.busy)
    }

    fn stat(&self) -> io::Result<Stat> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        // The name, which may hold anything, ends with the last bracket.
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        let fields: Vec<&str> = after.split(' ').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let ticks: u64 = [11, 12].iter().filter_map(|at| field(*at).parse::<u64>().ok()).sum();
        let a_second =
            sysconf(SysconfVar::CLK_TCK)?.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(100);
        Ok(Stat { state: field(0).to_owned(), busy: Duration::from_millis(ticks * 1000 / a_second) })
    }
}

struct Stat {
    state: String,
    busy: Duration,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _gone = kill(self.pid, Signal::SIGKILL);
        if let Place::Neighbour { child, .. } = &mut self.place {
            let _reaped = child.wait();
        }
    }
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// What the daemon's own status counts under a name, if it does; now and at the most.
pub(super) fn usage(status: &serde_json::Value, name: &str) -> Option<(u64, u64)> {
    let usage = status.get("usage")?.get(name)?;
    Some((usage.get("now")?.as_u64()?, usage.get("peak")?.as_u64()?))
}

/// How many connections it has.
pub(super) fn connections(status: &serde_json::Value) -> u64 {
    status.get("connections").and_then(|count| count.get("now")?.as_u64()).unwrap_or_default()
}
