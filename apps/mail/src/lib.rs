//! Full-text search over the mail on this machine.
//!
//! The reading side: [`mailbox`] finds the messages of an mbox file, a Maildir or `.eml` files,
//! [`message`] turns the bytes of one into what is searched and shown. [`sample`] is a small mailbox
//! to try the program on, [`synthetic`] makes large ones for measurements.

pub mod mailbox;
pub mod message;
pub mod sample;
pub mod synthetic;
