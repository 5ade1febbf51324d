//! Where things are: the processor's cores, and the directory that both processes of a measurement know.

use std::path::{Path, PathBuf};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::Outcome;

/// Which cores the two processes run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Both on the first core: what the software costs, without waking another core.
    OneCore,
    /// The server on the first, the client on the second.
    TwoCores,
    /// Wherever the scheduler puts them.
    Free,
}

/// Which of the two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Server,
    Client,
}

impl Placement {
    pub const ALL: [Self; 3] = [Self::OneCore, Self::TwoCores, Self::Free];

    pub fn name(self) -> &'static str {
        match self {
            Self::OneCore => "one core",
            Self::TwoCores => "two cores",
            Self::Free => "free",
        }
    }

    /// Keeps this process to its cores. Before it has any thread.
    pub fn pin(self, role: Role) -> Outcome {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false));
        let core = match (self, role) {
            (Self::Free, _) => return Ok(()),
            (Self::OneCore, _) | (Self::TwoCores, Role::Server) => cores.next(),
            (Self::TwoCores, Role::Client) => cores.nth(1),
        };
        let core = core.ok_or("this machine has one core only")?;
        let mut own = CpuSet::new();
        own.set(core)?;
        Ok(sched_setaffinity(Pid::from_raw(0), &own)?)
    }
}

/// The directory of one server: its sockets and whatever else it has.
#[derive(Debug, Clone)]
pub struct Site(PathBuf);

impl Site {
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    /// Tells the port of a server that listens on one.
    pub fn set_port(&self, port: u16) -> Outcome {
        Ok(std::fs::write(self.0.join("port"), port.to_string())?)
    }

    pub fn port(&self) -> Outcome<u16> {
        Ok(std::fs::read_to_string(self.0.join("port"))?.parse()?)
    }
}
