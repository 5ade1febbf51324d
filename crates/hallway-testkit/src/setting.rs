use std::fmt;

use hallway::connection::Wire;

/// How the bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// Within the process.
    Memory,
    /// A Unix socket in a directory of the test's own.
    Unix,
    /// A free port of the loopback interface, guarded by a token.
    Tcp,
    /// The standard input and output of a child process, which is this test program once more.
    Stdio,
}

impl Transport {
    /// Every transport.
    pub const ALL: &[Self] = &[Self::Memory, Self::Unix, Self::Tcp, Self::Stdio];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Unix => "unix",
            Self::Tcp => "tcp",
            Self::Stdio => "stdio",
        }
    }

    /// Whether several connections reach the same server. A child has one connection and one server.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self != Self::Stdio
    }
}

/// One point of the matrix: how the bytes travel, and what they say.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Setting {
    /// How the bytes travel.
    pub transport: Transport,
    /// What they say.
    pub wire: Wire,
}

impl Setting {
    /// One point of the matrix.
    #[must_use]
    pub fn new(transport: Transport, wire: Wire) -> Self {
        Self { transport, wire }
    }

    /// The same with another limit for message bodies, in bytes, so that the limit is cheap to reach.
    #[must_use]
    pub fn with_frame_max(mut self, bytes: usize) -> Self {
        self.wire = self.wire.with_frame_max(bytes);
        self
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.transport.name(), self.wire)
    }
}
