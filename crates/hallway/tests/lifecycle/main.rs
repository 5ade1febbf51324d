//! The life cycle of daemons, proved with real processes.
//!
//! This program is its own daemon, client and intruder: a child is this executable run with `roles::role` as its only
//! test and the part that it plays in `HALLWAY_TEST_ROLE`. What the harness prints before that role begins is noise on
//! the start-up channel, as a library's would be.

#![allow(
    clippy::unwrap_used,
    clippy::exit,
    reason = "what a test or a role calls may fail as loudly as the test"
)]

mod access;
mod desk;
mod dirs;
mod foreground;
mod locks;
mod race;
mod roles;
mod separation;
mod service_files;
mod sockets;
mod start;
mod units;
mod waiters;
mod world;
