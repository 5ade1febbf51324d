#![doc = include_str!("../../../README.md")]

// What the macros write names this crate as its users do; here too.
extern crate self as hallway;

pub mod blocking;
mod caller;
mod chaos;
pub mod client;
pub mod connection;
pub mod encoding;
#[cfg(feature = "tokio")]
mod fairness;
pub mod framing;
pub mod lifecycle;
pub mod limits;
pub mod protocol;
#[cfg(feature = "tokio")]
pub mod server;
pub mod service;
#[cfg(feature = "tokio")]
mod topic;
pub mod transport;

pub use caller::Caller;
pub use client::{CallError, CallOptions, Outcome};
pub use encoding::Bytes;
pub use hallway_macros::{Error, Open, service};
pub use protocol::{Progress, WireError};
pub use service::{Event, Unknown};

#[cfg(feature = "tokio")]
pub use client::{Client, Events, Items, TryItems};
#[cfg(feature = "tokio")]
pub use server::{Server, ServerHandle};
#[cfg(feature = "tokio")]
pub use service::Context;
#[cfg(feature = "tokio")]
pub use topic::{Subscription, Topic};

/// What this library says of itself where the program has not.
const PROGRAM: &str = concat!("hallway ", env!("CARGO_PKG_VERSION"));

/// For what the macros write; not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use {schemars, serde};
}
