//! What it takes to test a service, and hallway itself, over every transport and everything that can be
//! spoken on it.
//!
//! - [`scenarios!`] makes a test of every pair of a scenario and a [`Transport`]; each runs over every
//!   [`Wire`](hallway::connection::Wire) that there is, so that a new framing or encoding is covered by
//!   itself.
//! - A [`Stage`] is a running server with a service on it, and the ways to reach it.
//! - A [`RawPeer`] is the other end by hand: partial, hostile and late messages. [`RawServer`] is where
//!   clients of ours run into one.
//! - [`GoldenServer`] is what the golden cases of `spec/vectors` are played against; [`Pad`], [`EchoMesh`],
//!   [`Examples`] and [`Reporter`] are its services. A [`HostileServer`] is one of those that clients are tested with.
//! - A [`World`] is a place of its own for programs and their daemons.
//! - [`Probe`] is a service with one method for each thing that a call can do. Nothing in it sleeps: a test
//!   says when a handler goes on.
//!
//! A service of your own is tested as the library tests itself:
//!
//! ```
//! use hallway::server::ServerBuilder;
//! use hallway_testkit::{Setting, Stage, scenarios};
//!
//! #[hallway::service(name = "greeter", version = "1.0")]
//! trait Greeter {
//!     async fn greet(&self, name: String) -> String;
//! }
//!
//! struct Polite;
//!
//! impl Greeter for Polite {
//!     async fn greet(&self, name: String) -> String {
//!         format!("Good day, {name}.")
//!     }
//! }
//!
//! fn services(server: ServerBuilder) -> ServerBuilder {
//!     server.service(GreeterService::new(Polite))
//! }
//!
//! async fn it_greets(setting: Setting) {
//!     let stage = Stage::start(setting, services).await;
//!     let greeter = GreeterClient::new(stage.client().await);
//!     assert_eq!(greeter.greet("Ada".to_owned()).await.unwrap(), "Good day, Ada.");
//! }
//!
//! scenarios! {
//!     services: services;
//!     it_greets on everything;
//! }
//! # fn main() {}
//! ```
//!
//! Everything in here fails as a test does, by a panic with a message; nothing waits longer than
//! [`PATIENCE`].

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test kit fails as loudly as the test")]

mod child;
mod examples;
mod golden;
mod hostile;
mod jobs;
mod mesh;
mod notes;
mod patience;
mod probe;
mod raw;
mod raw_server;
mod scenarios;
mod setting;
mod spelling;
mod stage;
mod world;
mod written;

pub use child::serve_as_child;
pub use examples::{Example, ExampleService, Examples};
pub use golden::GoldenServer;
pub use hostile::HostileServer;
pub use jobs::{Done, Jobs, JobsBlockingClient, JobsClient, JobsService, Report, Reporter, State};
pub use mesh::{EchoMesh, Mesh, MeshError, MeshService, PeerId, PeerList, Said};
pub use notes::{Note, Notes, NotesError, NotesService, Pad};
pub use patience::{PATIENCE, eventually, within};
pub use probe::{
    Census, Fuse, Guest, GuestBlockingClient, GuestClient, GuestService, Odd, Probe, ProbeBlockingClient,
    ProbeClient, ProbeError, ProbeService, TOPIC_KEEPS, guest_description, probe, probe_description,
};
pub use raw::{Heard, RawPeer};
pub use raw_server::RawServer;
pub use scenarios::run;
pub use setting::{Setting, Transport};
pub use stage::{Reach, Services, Stage, TOKEN};
pub use world::{Ran, World};
pub use written::Written;
