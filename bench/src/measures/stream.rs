//! A stream of small items, from the server to the client.

use std::time::Instant;

use super::Counted;
use crate::Outcome;
use crate::figures::Figures;
use crate::peers::Client;

pub fn call(client: &mut dyn Client, until: Instant) -> Outcome<Counted> {
    Ok(Counted { done: client.stream(until)?, figures: Figures::new() })
}
