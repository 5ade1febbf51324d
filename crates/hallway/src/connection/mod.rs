//! The only place where transport, framing, encoding and protocol meet.
//!
//! [`Wire`] and [`Inbox`] are the meeting itself, free of I/O, and serve both the asynchronous side and
//! the blocking client. `Link` is what is known about one connection, shared by everybody
//! who uses it; its `Driver` is the one task that reads and writes. A connection has no client and no
//! server side: both ends may call and both may serve.

pub(crate) mod arrival;
mod call_error;
mod held;
pub(crate) mod inbox;
mod names;
mod recognise;
mod refusal;
pub(crate) mod spin;
pub(crate) mod window;
mod wire;

#[cfg(feature = "tokio")]
mod act;
#[cfg(feature = "tokio")]
mod admission;
#[cfg(feature = "tokio")]
mod batch;
#[cfg(feature = "tokio")]
pub(crate) mod budgets;
#[cfg(feature = "tokio")]
mod deadlines;
#[cfg(feature = "tokio")]
mod driver;
#[cfg(feature = "tokio")]
mod first_bytes;
#[cfg(feature = "tokio")]
pub(crate) mod handler;
#[cfg(feature = "tokio")]
mod hasher;
#[cfg(feature = "tokio")]
mod incoming;
#[cfg(feature = "tokio")]
pub(crate) mod link;
#[cfg(feature = "tokio")]
pub(crate) mod messages;
#[cfg(feature = "tokio")]
mod outbox;
#[cfg(feature = "tokio")]
mod outgoing;
#[cfg(feature = "tokio")]
mod output;
#[cfg(feature = "tokio")]
pub(crate) mod places;
#[cfg(feature = "tokio")]
pub(crate) mod ticket;
#[cfg(feature = "tokio")]
mod turn;
#[cfg(feature = "tokio")]
mod work;

mod closed;

pub use call_error::{CallError, Outcome};
pub use closed::Closed;
#[cfg(feature = "tokio")]
pub(crate) use driver::Driver;
#[cfg(feature = "tokio")]
pub(crate) use handler::Dispatch;
pub use inbox::{Inbox, Received};
#[cfg(feature = "tokio")]
pub(crate) use link::Link;
pub use recognise::{Recognition, recognise};
pub use refusal::Refusal;
pub use wire::{Wire, WriteError};
