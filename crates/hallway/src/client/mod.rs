//! The calling side: a client that many tasks share, and what its calls bring.

mod error;

#[cfg(feature = "tokio")]
mod call;
#[cfg(feature = "tokio")]
mod connect;
mod options;
#[cfg(feature = "tokio")]
mod streams;

#[cfg(feature = "tokio")]
pub use call::Client;
#[cfg(feature = "tokio")]
pub use connect::{ClientBuilder, Connect};
pub use error::{CallError, Outcome};
pub use options::CallOptions;
#[cfg(feature = "tokio")]
pub use streams::{Events, Items, TryItems};
