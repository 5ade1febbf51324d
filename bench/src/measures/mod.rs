//! What is measured, each in a file of its own.

mod bulk;
mod cold;
mod latency;
mod memory;
mod pipelined;
mod stream;
mod syscalls;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::figures::{Case, Figure, Figures};
use crate::pair::Pair;
use crate::peers::Client;
use crate::place::Placement;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    Latency,
    Pipelined,
    Many,
    Bulk,
    Stream,
    Memory,
    Cold,
    Syscalls,
}

/// How much is done for a sample.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How long calls are made.
    pub time: Duration,
    /// How many processes are started one after the other.
    pub starts: usize,
    /// Idle connections.
    pub connections: &'static [(usize, Figure)],
}

impl Effort {
    pub const FULL: Self = Self {
        time: Duration::from_millis(200),
        starts: 20,
        connections: &[(1000, Figure::Kib1000), (10_000, Figure::Kib10000)],
    };

    pub const QUICK: Self =
        Self { time: Duration::from_millis(30), starts: 3, connections: &[(1000, Figure::Kib1000)] };
}

/// What a client counted.
#[derive(Debug, Default)]
pub struct Counted {
    pub done: u64,
    pub figures: Figures,
}

impl Measure {
    pub const ALL: [Self; 8] = [
        Self::Latency,
        Self::Pipelined,
        Self::Many,
        Self::Bulk,
        Self::Stream,
        Self::Memory,
        Self::Cold,
        Self::Syscalls,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Pipelined => "pipelined",
            Self::Many => "many",
            Self::Bulk => "bulk",
            Self::Stream => "stream",
            Self::Memory => "memory",
            Self::Cold => "cold",
            Self::Syscalls => "syscalls",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Latency => "Round trip: one call after the other",
            Self::Pipelined => "64 calls under way on one connection",
            Self::Many => "8 connections with 16 calls under way on each",
            Self::Bulk => "1 MiB there and back, one after the other",
            Self::Stream => "A stream of small items",
            Self::Memory => "The server's own memory for an idle connection, after one call on it",
            Self::Cold => "A whole process: started, connected, one call, gone",
            Self::Syscalls => "System calls for each call",
        }
    }

    pub fn placements(self) -> &'static [Placement] {
        match self {
            Self::Latency => &Placement::ALL,
            Self::Pipelined | Self::Many | Self::Bulk | Self::Stream => {
                &[Placement::TwoCores, Placement::Free]
            }
            Self::Memory | Self::Cold | Self::Syscalls => &[Placement::Free],
        }
    }

    /// Whether each round shows it anew: what is counted rather than timed is not.
    pub fn is_timed(self) -> bool {
        !matches!(self, Self::Memory | Self::Syscalls)
    }

    /// Whether each runtime of a peer is measured, or its first one alone.
    pub fn is_of_runtimes(self) -> bool {
        self.is_timed() && self != Self::Cold
    }

    /// How many connections a client has.
    pub fn connections(self) -> usize {
        if self == Self::Many { pipelined::CONNECTIONS } else { 1 }
    }

    /// The calling side's work, until the time has come.
    pub fn call(self, client: &mut dyn Client, until: Instant) -> Outcome<Counted> {
        match self {
            Self::Latency => latency::call(client, until),
            Self::Pipelined => pipelined::call(client, pipelined::ALONE, until),
            Self::Many => pipelined::call(client, pipelined::EACH, until),
            Self::Bulk => bulk::call(client, until),
            Self::Stream => stream::call(client, until),
            Self::Memory | Self::Cold | Self::Syscalls => Err("no client calls for this".into()),
        }
    }

    /// Measures once.
    pub fn take(self, case: &Case, effort: &Effort) -> Outcome<Figures> {
        match self {
            Self::Latency | Self::Pipelined | Self::Many | Self::Stream => {
                Pair::talk(case, self, effort.time)
            }
            Self::Bulk => bulk::take(case, effort.time),
            Self::Memory => memory::take(case, effort.connections),
            Self::Cold => cold::take(case, effort.starts),
            Self::Syscalls => syscalls::take(case, effort.time),
        }
    }
}
