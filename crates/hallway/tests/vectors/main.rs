//! Runs the golden cases of `spec/vectors`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test calls may fail as loudly as the test")]

mod cases;
mod conversation;
mod framing;
mod message;
mod notes;
mod paths;
mod server;
