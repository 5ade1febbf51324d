//! How the processes on one machine talk to each other.

pub mod lifecycle;
