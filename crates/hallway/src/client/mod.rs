//! The calling side: a client that many tasks share, and what its calls bring.

#[cfg(feature = "tokio")]
mod call;
#[cfg(feature = "tokio")]
mod connect;
mod options;
#[cfg(feature = "tokio")]
mod streams;

pub use crate::connection::{CallError, Outcome};
#[cfg(feature = "tokio")]
pub use call::Client;
#[cfg(feature = "tokio")]
pub use connect::{ClientBuilder, Connect};
pub use options::CallOptions;
#[cfg(feature = "tokio")]
pub use streams::{Events, Items, TryItems};
