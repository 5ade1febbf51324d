//! Gates: what is claimed of the life cycle, tried so often that a defect shows, by real processes.
//!
//! Each prints its seed and its figures, and fails if one of them is not as claimed. `--control` takes the defence
//! away that the gate is about, and fails if the gate does not notice.

mod access;
mod counter;
mod environment;
mod fuzz;
#[cfg(target_os = "linux")]
mod held;
mod idle_race;
#[cfg(target_os = "linux")]
mod kill_points;
#[cfg(target_os = "linux")]
mod kill_random;
mod model;
mod rng;
mod spawn_race;
#[cfg(target_os = "linux")]
mod trace;
mod upgrade;
mod world;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

pub(crate) use counter::part;
use rng::Rng;

type Outcome = Result<(), Box<dyn Error>>;

/// What is claimed, and how it is tried.
struct Gate {
    name: &'static str,
    run: fn(&Run) -> Outcome,
    /// The defences that its control takes away, one after the other.
    defences: &'static [&'static str],
}

const GATES: &[Gate] = &[
    Gate { name: "spawn-race", run: spawn_race::run, defences: &["locks"] },
    Gate { name: "idle-race", run: idle_race::run, defences: &["retry"] },
    Gate { name: "environment", run: environment::run, defences: &["ownership"] },
    Gate { name: "upgrade", run: upgrade::run, defences: &["handover"] },
    #[cfg(target_os = "linux")]
    Gate { name: "kill-points", run: kill_points::run, defences: &["dead-sockets"] },
    #[cfg(target_os = "linux")]
    Gate { name: "kill-random", run: kill_random::run, defences: &["outcomes", "write-first"] },
    Gate { name: "fuzz", run: fuzz::run, defences: fuzz::DEFENCES },
    Gate { name: "model", run: model::run, defences: &["ids", "credit"] },
    Gate { name: "access", run: access::run, defences: &["peer-uid"] },
];

/// How a gate is run.
struct Run {
    /// With a fraction of the full count, for CI.
    short: bool,
    /// What every choice that the gate makes comes from.
    seed: u64,
    /// The defence that is taken away.
    without: Option<String>,
}

impl Run {
    /// The full count, or a short run's.
    fn count(&self, full: usize, short: usize) -> usize {
        if self.short { short } else { full }
    }

    fn rng(&self) -> Rng {
        Rng::new(self.seed)
    }
}

/// Runs a gate, or the control of one.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let (name, options) = arguments.split_first().ok_or_else(usage)?;
    let gate = GATES.iter().find(|gate| gate.name == *name).ok_or_else(usage)?;
    let mut run = Run { short: false, seed: rng::fresh(), without: None };
    let mut control = false;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().copied().ok_or_else(usage);
        match *option {
            "--short" => run.short = true,
            "--control" => control = true,
            "--seed" => run.seed = value()?.parse()?,
            "--without" => run.without = Some(value()?.to_owned()),
            _ => return Err(usage()),
        }
    }
    if control {
        return gate.defences.iter().try_for_each(|defence| take_away(root, gate, defence, run.seed));
    }
    println!("gate {name}, seed {}", run.seed);
    (gate.run)(&run).map_err(|error| format!("FAILED {name}: {error}"))?;
    println!("PASSED {name}");
    Ok(())
}

/// Runs the gate without a defence that it is about: it has to fail.
fn take_away(root: &Path, gate: &Gate, defence: &str, seed: u64) -> Outcome {
    let without = ["--short", "--without", defence, "--seed"];
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--package", "xtask", "--features", "chaos", "--", "gate", gate.name])
        .args(without)
        .arg(seed.to_string())
        // The gate's own process may be the client.
        .env("HALLWAY_CHAOS", defence)
        .current_dir(root)
        .status()?;
    match status.code() {
        Some(code) if code == i32::from(FAILED) => {
            println!("PASSED {} --control: it fails without `{defence}`", gate.name);
            Ok(())
        }
        Some(0) => Err(format!("{} passes without `{defence}`: it proves nothing", gate.name).into()),
        _ => Err(format!("the control of {} did not run: {status}", gate.name).into()),
    }
}

/// The exit code of a gate that failed, rather than one that could not be built.
const FAILED: u8 = 4;

/// Says why a gate failed.
pub(crate) fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(FAILED)
}

fn usage() -> Box<dyn Error> {
    let names: Vec<_> = GATES.iter().map(|gate| gate.name).collect();
    format!("cargo xtask gate NAME [--short] [--control] [--seed N], where NAME is {}", names.join(", "))
        .into()
}

/// The value at this share of the sorted list.
fn percentile(sorted: &[u128], share: f64) -> u128 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list of some thousands"
    )]
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}
