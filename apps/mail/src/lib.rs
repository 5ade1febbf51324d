//! Full-text search over the mail on this machine.
//!
//! [`Engine`] stores mail in a data directory and answers [`query`] texts about it.

mod engine;
mod error;
mod index;
pub mod mailbox;
pub mod message;
mod model;
pub mod query;
mod store;

pub use engine::{Engine, MAX_RESULTS};
pub use error::EngineError;
pub use model::{
    Address, Attachment, BrokenEntry, Envelope, Flags, FullMessage, ImportProgress, ImportReport,
    IndexProgress, Mark, MessageId, Sort, Stats, ThreadId,
};
