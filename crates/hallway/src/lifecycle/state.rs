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
        let (lives, starts) = (is_locked(dir, instance, Kind::Lock), is_locked(dir, instance, Kind::Spawn));
        let there = dir.id_of(&Kind::Socket.of(instance)).is_ok_and(|file| file.is_some());
        match (lives, starts) {
            // It writes down that it has served before it stops listening; one that starts takes that away.
            (true, true) if !has_served(dir, instance) => Self::Starting,
            (true, _) => Self::Draining,
            (false, true) => Self::Starting,
            (false, false) if there => Self::Dead,
            (false, false) => Self::Stopped,
        }
    }
}

/// Whether somebody has the lock of a file, as the kernel lists them. Where it does not, nobody is known to.
fn is_locked(dir: &RuntimeDir, instance: &Instance, kind: Kind) -> bool {
    let Ok(file) = dir.open_file(&kind.of(instance), OFlag::O_RDONLY) else { return false };
    let Ok(found) = file.metadata() else { return false };
    let (major, minor) = (nix::sys::stat::major(found.dev()), nix::sys::stat::minor(found.dev()));
    let id = format!("{major:02x}:{minor:02x}:{}", found.ino());
    let locks = read_to_string("/proc/locks").unwrap_or_default();
    // `1: FLOCK  ADVISORY  WRITE 4711 00:1b:42 0 EOF`; an arrow stands before the kind for those who wait.
    locks.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some("FLOCK") && words.any(|word| word == id)
    })
}
