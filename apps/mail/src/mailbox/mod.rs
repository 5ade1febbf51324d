//! Where mail is kept: the messages of an mbox file, a Maildir or `.eml` files, one after the other.
//!
//! Knows files and nothing of MIME beyond the few headers that carry a message's state. Memory is
//! bounded by one message of [`MESSAGE_MAX`] bytes and the file names of one folder. What is broken is
//! reported in its place as [`Found::Broken`], and reading goes on with what follows.
//!
//! The forms name their entries by the place inside the mailbox; [`Mailbox`] puts its own path before that.
//!
//! `mbox`, `maildir` and `eml` are the three forms, each an iterator with the same order of items.

mod eml;
mod entry;
mod error;
mod file;
mod known;
mod maildir;
mod mbox;
mod open;
mod state;

pub use entry::{Entry, Flags, Found};
pub use error::MailboxError;
pub use file::{DEPTH_MAX, MESSAGE_MAX};
pub use mbox::Mbox;
pub use open::Mailbox;
