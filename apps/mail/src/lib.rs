//! Full-text search over the mail on this machine.
//!
//! - [`service`]: what the daemon does for anybody, declared once.
//! - [`daemon`]: the engine behind it, and [`Place`], which says which of several.
//! - [`Engine`]: stores messages in a data directory and answers [`query`] texts. It knows no daemon.
//! - [`mailbox`] finds the messages of an mbox file, a Maildir or `.eml` files, [`message`] turns the bytes of one
//!   into what is searched and shown. [`sample`] is a small mailbox to try the program on, [`synthetic`] makes large
//!   ones for measurements.

#[cfg(feature = "program")]
pub mod daemon;
#[cfg(feature = "program")]
mod engine;
#[cfg(feature = "program")]
mod error;
#[cfg(feature = "program")]
mod index;
pub mod mailbox;
pub mod message;
#[cfg(feature = "program")]
mod model;
#[cfg(feature = "program")]
mod place;
pub mod query;
#[cfg(feature = "program")]
pub mod sample;
#[cfg(feature = "program")]
pub mod service;
#[cfg(feature = "program")]
mod store;
#[cfg(feature = "program")]
pub mod synthetic;

#[cfg(feature = "program")]
pub use engine::{Engine, MAX_RESULTS};
#[cfg(feature = "program")]
pub use error::EngineError;
#[cfg(feature = "program")]
pub use model::{
    Address, Attachment, BrokenEntry, Envelope, Flags, FullMessage, ImportProgress, ImportReport,
    IndexProgress, Mark, MessageId, Sort, Stats, ThreadId,
};
#[cfg(feature = "program")]
pub use place::Place;
