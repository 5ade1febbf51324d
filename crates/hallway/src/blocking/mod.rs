//! The client without a runtime: one system call to send, one to receive.
//!
//! For programs that make a few calls and go, such as a command line, and for threads that may wait. What
//! it says and hears is what the asynchronous client does; it serves nothing to the server, and has one connection at a time: where
//! its server says that it goes, the streams that are open end with the next call that is begun, which goes to the next server.

mod call;
mod connect;
mod connection;
mod session;
mod streams;

pub use call::Client;
pub use connect::{ClientBuilder, Connect};
pub use streams::{Events, Items, TryItems};
