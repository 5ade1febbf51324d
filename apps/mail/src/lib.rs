//! Full-text search over the mail on this machine.

pub mod message;
