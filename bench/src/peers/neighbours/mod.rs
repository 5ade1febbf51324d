//! Other libraries, each used as its own documentation recommends.

mod axum;
/// Written by capnpc 0.27 from `schema/bench.capnp`, with the parent module `peers::neighbours`: the compiler that it starts is no
/// library that Cargo could build.
#[rustfmt::skip]
#[allow(clippy::all, unused_parens)]
mod bench_capnp;
mod capnp;
mod iceoryx2;
mod jsonrpsee;
mod local;
mod tarpc;
mod tonic;
mod ttrpc;
mod zbus;
mod zeromq;
mod zlink;

use super::{Client, Laps, Peer, Ready, Shift, driven, expect, laps};
use driven::Driven;

/// Every one of them.
pub static ALL: &[&dyn Peer] = &[
    &Driven(tarpc::Tarpc::Bincode),
    &Driven(tarpc::Tarpc::Json),
    &Driven(tonic::Tonic),
    &Driven(axum::Axum),
    &Driven(ttrpc::Ttrpc),
    &Driven(zbus::Zbus),
    &zlink::Zlink,
    &capnp::Capnp,
    &Driven(jsonrpsee::Jsonrpsee),
    &zeromq::Zeromq,
    &iceoryx2::Iceoryx2,
];
