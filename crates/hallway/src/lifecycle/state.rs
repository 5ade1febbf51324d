//! How an instance is, for people: asked of the socket and of the kernel, never of a pid.

use std::fs::read_to_string;
use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

use nix::fcntl::OFlag;

use super::connect::connect_in;
use super::files::Kind;
use super::served::has_served;
use super::{Instance, RuntimeDir};

/// How an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// A daemon answers.
    Running,
    /// A daemon is starting, or about to.
    Starting,
    /// A daemon has stopped listening, and has not ended yet.
    Draining,
    /// A daemon was killed, and its socket is left. The next one replaces it.
    Dead,
    /// Nothing runs.
    Stopped,
}

impl State {
    /// Looks how an instance is. Nothing is started, and no lock is taken, not for a moment: whoever wants one would
    /// believe that it was held.
    #[must_use]
    pub fn of(dir: &RuntimeDir, instance: &Instance) -> Self {
        if connect_in(dir, instance, Instant::now()).is_ok() {
            return Self::Running;
        }
        let Holders { life, start } = Holders::of(dir, instance);
        let there = dir.id_of(&Kind::Socket.of(instance)).is_ok_and(|file| file.is_some());
        match (life.is_some(), start.is_some()) {
            // It writes down that it has served before it stops listening; one that starts takes that away.
            (true, true) if !has_served(dir, instance) => Self::Starting,
            (true, _) => Self::Draining,
            (false, true) => Self::Starting,
            (false, false) if there => Self::Dead,
            (false, false) => Self::Stopped,
        }
    }
}

/// Who has an instance's locks, as the kernel lists them: for people. Where it does not, nobody is known to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Holders {
    /// The process that took the lock for the daemon's life. A successor to which it was handed is not listed.
    pub life: Option<u32>,
    /// The process that took the lock for the moment of a start.
    pub start: Option<u32>,
}

impl Holders {
    /// Looks, and takes no lock.
    #[must_use]
    pub fn of(dir: &RuntimeDir, instance: &Instance) -> Self {
        let holder = |kind| holder(dir, instance, kind);
        Self { life: holder(Kind::Lock), start: holder(Kind::Spawn) }
    }
}

fn holder(dir: &RuntimeDir, instance: &Instance, kind: Kind) -> Option<u32> {
    let found = dir.open_file(&kind.of(instance), OFlag::O_RDONLY).ok()?.metadata().ok()?;
    let (major, minor) = (nix::sys::stat::major(found.dev()), nix::sys::stat::minor(found.dev()));
    let id = format!("{major:02x}:{minor:02x}:{}", found.ino());
    let locks = read_to_string("/proc/locks").unwrap_or_default();
    // `1: FLOCK  ADVISORY  WRITE 4711 00:1b:42 0 EOF`; an arrow stands before the kind for those who wait.
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            // A process that this one cannot see is listed as 0 or -1, and holds the lock nevertheless.
            [_, "FLOCK", _, _, pid, file, ..] if file == id => Some(pid.parse().unwrap_or_default()),
            _ => None,
        }
    })
}
