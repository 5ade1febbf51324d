use std::io;

use super::Address;

/// Bytes cannot be exchanged with a peer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nobody answers at the address, or the system refuses.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
    /// The process at the other end belongs to another user; nothing was sent to it.
    #[error("{address} is served by user {found}, not by user {expected}: refusing to speak to it")]
    ForeignPeer {
        /// Where.
        address: Address,
        /// Whose it is.
        found: u32,
        /// Who we are.
        expected: u32,
    },
    /// An address that can be reached from other machines.
    #[error("{address} is not a loopback address: hallway is for the processes of one machine")]
    NotLoopback {
        /// The address.
        address: Address,
    },
    /// Text that is no address.
    #[error("{text:?} is no address; write `unix:/path`, `tcp:127.0.0.1:PORT` or `exec:/program`")]
    BadAddress {
        /// The text.
        text: String,
    },
}

impl TransportError {
    /// The stable code of this error, see `spec/errors.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "unreachable",
            Self::Listen { .. } => "cannot_listen",
            Self::ForeignPeer { .. } => "foreign_peer",
            Self::NotLoopback { .. } => "not_loopback",
            Self::BadAddress { .. } => "bad_address",
        }
    }
}
