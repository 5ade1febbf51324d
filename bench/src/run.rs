//! The rounds: every peer in turn, so that what the machine does meanwhile happens to all of them.

use std::time::Instant;

use crate::figures::{Case, Results, Sample};
use crate::machine::Machine;
use crate::measures::Measure;
use crate::options::Options;
use crate::{Outcome, chart, report};

pub fn run(options: &Options) -> Outcome {
    let begun = Instant::now();
    let mut results = Results::default();
    for round in 0..options.rounds {
        for &measure in &options.measures {
            if round > 0 && !measure.is_timed() {
                continue;
            }
            let elapsed = begun.elapsed().as_secs();
            eprintln!("{elapsed:4} s  round {} of {}: {}", round + 1, options.rounds, measure.name());
            for case in cases(options, measure) {
                match measure.take(&case, &options.effort) {
                    Ok(figures) => results.samples.push(Sample { case, round, figures }),
                    Err(error) => {
                        let failure = format!("{case}: {error}");
                        eprintln!("        {failure}");
                        results.failures.push(failure);
                    }
                }
            }
        }
    }
    let machine = Machine::this();
    let text = report::markdown(&machine, options, &results);
    std::fs::create_dir_all(&options.into)?;
    std::fs::write(options.into.join("results.json"), report::json(&machine, options, &results)?)?;
    std::fs::write(options.into.join("chart.svg"), chart::svg(&machine, options, &results))?;
    if let Some(path) = &options.markdown {
        std::fs::write(path, &text)?;
    }
    print!("{text}");
    eprintln!("results.json and chart.svg are in {}", options.into.display());
    if results.failures.is_empty() { Ok(()) } else { Err(results.failures.join("\n").into()) }
}

/// What is measured in a round, the peers in the innermost turn.
fn cases(options: &Options, measure: Measure) -> Vec<Case> {
    let mut cases = Vec::new();
    let placements = measure.placements();
    let placements =
        placements.iter().filter(|one| placements.len() == 1 || options.placements.contains(one));
    for &placement in placements {
        for &runtime in &options.runtimes {
            let peers = options.peers.iter().filter(|peer| {
                let runtimes = peer.runtimes();
                let runtimes = if measure.is_of_runtimes() { runtimes } else { &runtimes[..1] };
                peer.does(measure) && peer.fits(placement) && runtimes.contains(&runtime)
            });
            cases.extend(peers.map(|peer| Case { measure, placement, runtime, peer: peer.name() }));
        }
    }
    cases
}
