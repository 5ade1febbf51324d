//! Full-text search over the mail on this machine.

pub mod mailbox;
pub mod message;
pub mod sample;
