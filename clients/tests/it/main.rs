//! Runs the clients in other languages: their own tests, and all of them against each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test calls may fail as loudly as the test")]

mod python;
mod race;
mod typescript;
