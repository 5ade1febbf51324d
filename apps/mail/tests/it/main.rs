//! The engine as its users see it, on real disks and in real processes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod child;
mod concurrent;
mod crash;
mod disk_full;
mod import;
mod level;
mod mail;
mod search;
mod threads;
