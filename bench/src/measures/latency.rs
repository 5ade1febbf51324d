//! The round trip: one call after the other.

use std::time::{Duration, Instant};

use super::Counted;
use crate::Outcome;
use crate::figures::{Figure, Figures};
use crate::peers::Client;

pub fn call(client: &mut dyn Client, until: Instant) -> Outcome<Counted> {
    let mut laps = client.sequential(until)?;
    laps.sort_unstable();
    let at = |part: usize| laps.get(laps.len() * part / 100).copied().unwrap_or_default();
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
    let figures = Figures::from([(Figure::P50, microseconds(at(50))), (Figure::P99, microseconds(at(99)))]);
    Ok(Counted { done: laps.len() as u64, figures })
}
