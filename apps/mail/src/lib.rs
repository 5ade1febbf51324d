//! Full-text search over the mail on this machine.
//!
//! The reading side: [`mailbox`] finds the messages of an mbox file, a Maildir or `.eml` files,
//! [`message`] turns the bytes of one into what is searched and shown. [`sample`] is a small mailbox
//! to try the program on, [`synthetic`] makes large ones for measurements.
//!
//! The searching side: [`Engine`] stores messages in a data directory and answers [`query`] texts.

mod engine;
mod error;
mod index;
pub mod mailbox;
pub mod message;
mod model;
pub mod query;
pub mod sample;
mod store;
pub mod synthetic;

pub use engine::{Engine, MAX_RESULTS};
pub use error::EngineError;
pub use model::{
    Address, Attachment, BrokenEntry, Envelope, Flags, FullMessage, ImportProgress, ImportReport,
    IndexProgress, Mark, MessageId, Sort, Stats, ThreadId,
};
