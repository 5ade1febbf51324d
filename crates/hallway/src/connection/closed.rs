use std::fmt;
use std::sync::Arc;

use crate::protocol::{WireError, code};
#[cfg(feature = "tokio")]
use crate::transport::Peer;

/// Why a connection ended. Every call that was open on it hears this.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// A stable code, see `spec/errors.md`.
    pub code: &'static str,
    /// What happened, for people.
    pub reason: Arc<str>,
}

impl Closed {
    /// The peer closed without a word.
    pub const BY_PEER: &str = "closed_by_peer";
    /// The peer said that it closes.
    pub const GOAWAY: &str = "goaway";
    /// The system failed to read or write.
    pub const IO: &str = "io";
    /// The peer broke the rules of the protocol.
    pub const VIOLATION: &str = "protocol_violation";
    /// The peer did not read what was written to it.
    pub const SLOW_READER: &str = "slow_reader";
    /// The peer began a message and did not end it.
    pub const SLOW_WRITER: &str = "slow_writer";
    /// This side had no more use for it.
    pub const BY_US: &str = "closed_by_us";

    /// The peer closed, and had said why.
    pub(crate) fn with_words(words: &WireError) -> Self {
        let known = code::ALL.iter().find(|entry| entry.code == words.code);
        Self::new(known.map_or(Self::BY_PEER, |entry| entry.code), words.message.as_str())
    }

    /// Says once, in the log, why a connection ended; at a level that is seen if somebody may have to look into it.
    #[cfg(feature = "tokio")]
    pub(super) fn log(&self, peer: &Peer) {
        let (address, pid, code, reason) = (&peer.address, peer.pid, self.code, &self.reason);
        match code {
            Self::BY_PEER | Self::GOAWAY | Self::BY_US => {
                tracing::debug!(peer = %address, pid, code, ?reason, "a connection ended");
            }
            _ => tracing::info!(peer = %address, pid, code, ?reason, "a connection ended"),
        }
    }

    pub(crate) fn new(code: &'static str, reason: impl Into<Arc<str>>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
