//! The tool as its users see it: real processes, real daemons, and what is printed, byte for byte.
//!
//! What a command prints is held in `snapshots/`; `HALLWAY_SNAPSHOTS=update` writes it anew, to be read before it is
//! committed. The daemon that it talks to is this program, in the part of [`kitchen`].
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod call;
mod codegen;
mod compat;
mod completions;
mod describe;
mod dial;
mod doctor;
mod kitchen;
mod life;
mod listing;
mod logs;
mod new;
mod snapshot;
mod tool;
mod units;
mod watch;
mod world;
