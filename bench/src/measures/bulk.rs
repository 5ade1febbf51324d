//! A large payload, there and back.

use std::time::{Duration, Instant};

use super::{Counted, Measure};
use crate::Outcome;
use crate::figures::{Case, Figure, Figures};
use crate::message::BULK;
use crate::pair::Pair;
use crate::peers::Client;

pub fn call(client: &mut dyn Client, until: Instant) -> Outcome<Counted> {
    Ok(Counted { done: client.bulk(until)?, figures: Figures::new() })
}

pub fn take(case: &Case, time: Duration) -> Outcome<Figures> {
    let mut figures = Pair::talk(case, Measure::Bulk, time)?;
    if let Some(per_second) = figures.get(&Figure::PerSecond) {
        figures.insert(Figure::MegabytesPerSecond, per_second * BULK as f64 / 1e6);
    }
    Ok(figures)
}
