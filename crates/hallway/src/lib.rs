//! How the processes on one machine talk to each other.

pub mod encoding;
pub mod framing;
pub mod limits;
pub mod protocol;
pub mod transport;
