//! The method table: what a service is called, what its methods take and return, and how a call reaches
//! its handler.
//!
//! `#[hallway::service]` writes everything in here from one trait; the description is what every dynamic
//! client, bridge and document is made from.

mod description;
pub mod documents;
mod error;
#[cfg(feature = "tokio")]
mod messages;
mod method;
pub mod near;
mod open;

#[cfg(feature = "tokio")]
mod context;
#[cfg(feature = "tokio")]
mod request;
#[cfg(feature = "tokio")]
mod responder;
#[cfg(feature = "tokio")]
mod router;
#[cfg(feature = "tokio")]
mod scope;

#[cfg(feature = "tokio")]
pub use context::{Cancellation, Context};
pub use description::{
    Description, DescriptionBuilder, ErrorDescription, ErrorsDescription, MethodBuilder, MethodDescription,
    MethodKind, ParamDescription, params_max,
};
pub use error::{Never, ServiceError};
pub use method::{Event, Method};
pub use open::{Open, OpenSchema, Unknown};
#[cfg(feature = "tokio")]
pub use request::{Handling, Request, Service};
#[cfg(feature = "tokio")]
pub use responder::Responder;
#[cfg(feature = "tokio")]
pub use router::Router;
#[cfg(feature = "tokio")]
pub use scope::Scope;
