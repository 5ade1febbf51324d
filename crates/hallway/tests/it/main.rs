//! The library from outside: what a program that declares, serves and calls a service gets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test calls may fail as loudly as the test"
)]

mod admin;
mod batch;
mod codes;
mod descriptors;
mod jsonrpc;
mod limits;
mod open_enums;
mod pressure;
mod recognition;
mod service_macro;
mod sidecar;
mod ui;
mod world;
