use std::fmt;
use std::sync::Arc;

use crate::limits::REASON_MAX;
use crate::protocol::{Goaway, WireError, code};
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

    /// What the peer has said of no call in particular, which may be why it goes.
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

    /// The peer has said that it goes.
    pub(crate) fn by_goaway(goaway: &Goaway) -> Self {
        Self::new(Self::GOAWAY, goaway.message.as_str())
    }

    /// Of a longer reason, the beginning: a peer's own words are kept as long as the connection is.
    pub(crate) fn new(code: &'static str, reason: impl AsRef<str>) -> Self {
        let reason = reason.as_ref();
        let kept = reason.floor_char_boundary(REASON_MAX);
        Self { code, reason: reason.get(..kept).unwrap_or_default().into() }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_peers_long_words_the_beginning_is_kept() {
        let words = WireError::new("odd", "é".repeat(10_000)).with_details(&[0; 9]);
        let closed = Closed::with_words(&words);
        assert_eq!((closed.code, closed.reason.len()), (Closed::BY_PEER, REASON_MAX));
        let closed = Closed::by_goaway(&Goaway::new(code::CLOSING, format!("a{}", "é".repeat(10_000)), 1));
        assert_eq!((closed.code, closed.reason.len()), (Closed::GOAWAY, REASON_MAX - 1));
    }
}
