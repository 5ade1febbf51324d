//! Many calls under way: on one connection, and on some.

use std::time::Instant;

use super::Counted;
use crate::Outcome;
use crate::figures::Figures;
use crate::peers::Client;

/// So many under way on one connection.
pub const ALONE: usize = 64;

/// So many connections, and on each so many under way.
pub const CONNECTIONS: usize = 8;
pub const EACH: usize = 16;

pub fn call(client: &mut dyn Client, depth: usize, until: Instant) -> Outcome<Counted> {
    Ok(Counted { done: client.pipelined(depth, until)?, figures: Figures::new() })
}
