//! A whole process: started, connected, one call, gone.

use std::time::Instant;

use crate::Outcome;
use crate::figures::{Case, Figure, Figures, Summary};
use crate::pair::Pair;
use crate::part::Does;

pub fn take(case: &Case, starts: usize) -> Outcome<Figures> {
    let pair = Pair::serve(case)?;
    let once = || -> Outcome<f64> {
        let mut process = pair.part(Does::Once)?;
        let begun = Instant::now();
        let status = process.status()?;
        let took = begun.elapsed();
        if !status.success() {
            return Err(format!("the process that calls once has failed: {status}").into());
        }
        Ok(took.as_secs_f64() * 1e3)
    };
    once()?;
    let times = (0..starts).map(|_| once()).collect::<Outcome<Vec<_>>>()?;
    Ok(Summary::of(times).map(|times| (Figure::Cold, times.median)).into_iter().collect())
}
