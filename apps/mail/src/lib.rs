//! Full-text search over the mail on this machine.
//!
//! - [`service`]: what the daemon does for anybody, declared once.
//! - [`daemon`]: the engine behind it, and [`Place`], which says which of several.
//! - [`Engine`]: stores messages in a data directory and answers [`query`] texts. It knows no daemon.
//! - [`mailbox`] finds the messages of an mbox file, a Maildir or `.eml` files, [`message`] turns the bytes of one
//!   into what is searched and shown. [`sample`] is a small mailbox to try the program on, [`synthetic`] makes large
//!   ones for measurements.

pub mod daemon;
mod engine;
mod error;
mod index;
pub mod mailbox;
pub mod message;
mod model;
mod place;
pub mod query;
pub mod sample;
pub mod service;
mod store;
pub mod synthetic;

pub use engine::{Engine, MAX_RESULTS};
pub use error::EngineError;
pub use model::{
    Address, Attachment, BrokenEntry, Envelope, Flags, FullMessage, ImportProgress, ImportReport,
    IndexProgress, Mark, MessageId, Sort, Stats, ThreadId,
};
pub use place::Place;
