//! Runs the golden cases of `spec/vectors`, and holds `spec/wire.md` and `spec/errors.md` to the code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test calls may fail as loudly as the test")]

mod answers;
mod cases;
mod conversation;
mod errors_md;
mod framing;
mod message;
mod paths;
mod recognition;
mod server;
mod service_files;
mod starting;
mod wire_md;
