//! The runtimes that peers are driven by.

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// What drives both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Threads that block, or poll.
    Threads,
    /// tokio, on one thread.
    Current,
    /// tokio, a thread for each core.
    Multi,
}

impl Runtime {
    pub const ALL: [Self; 3] = [Self::Threads, Self::Current, Self::Multi];
    pub const THREADS: &[Self] = &[Self::Threads];
    pub const CURRENT: &[Self] = &[Self::Current];
    pub const TOKIO: &[Self] = &[Self::Current, Self::Multi];

    pub fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Current => "ct",
            Self::Multi => "mt",
        }
    }

    /// A tokio runtime of this kind; of one thread where the peer has none at this end.
    pub fn build(self) -> Outcome<tokio::runtime::Runtime> {
        let mut builder = match self {
            Self::Threads | Self::Current => tokio::runtime::Builder::new_current_thread(),
            Self::Multi => tokio::runtime::Builder::new_multi_thread(),
        };
        Ok(builder.enable_all().build()?)
    }
}
