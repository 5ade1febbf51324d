//! The serving side: services under their names, connections accepted, and one way to stop.

mod admin;
mod answered;
mod leases;
mod serve;
mod status;

pub use admin::{AdminBlockingClient, AdminClient};
pub use leases::{Lease, Leases};
pub use serve::{Server, ServerBuilder, ServerHandle};
pub use status::Status;
