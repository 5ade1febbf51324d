//! The serving side: services under their names, connections accepted, and one way to stop.

mod admin;
mod answered;
mod builder;
mod discover;
mod handle;
mod leases;
mod restart;
mod serve;
mod status;

pub use admin::{AdminBlockingClient, AdminClient};
pub use builder::ServerBuilder;
pub use handle::ServerHandle;
pub use leases::{Lease, Leases};
pub(crate) use restart::Request;
pub use restart::{ControlBlockingClient, ControlClient, RestartError};
pub use serve::Server;
pub use status::Status;
