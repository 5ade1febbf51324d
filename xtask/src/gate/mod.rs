//! Gates: what is claimed of the life cycle, and of what hostile peers can do, tried so often that a defect shows, by real processes.
//!
//! Each prints its seed and its figures, and fails if one of them is not as claimed. `--control` takes the defence
//! away that the gate is about, and fails if the gate does not notice.

mod access;
mod counter;
mod environment;
#[cfg(target_os = "linux")]
mod fd_exhaustion;
mod frames;
mod fuzz;
#[cfg(target_os = "linux")]
mod held;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(target_os = "linux")]
mod hostile_neighbours;
mod idle_race;
mod instructions;
#[cfg(target_os = "linux")]
mod kill_points;
#[cfg(target_os = "linux")]
mod kill_random;
#[cfg(target_os = "linux")]
mod memory;
mod model;
#[cfg(target_os = "linux")]
mod rapid_cancel;
mod rng;
#[cfg(target_os = "linux")]
mod site;
#[cfg(target_os = "linux")]
mod slow_readers;
#[cfg(target_os = "linux")]
mod slow_writers;
#[cfg(target_os = "linux")]
mod soak;
mod spawn_race;
#[cfg(target_os = "linux")]
mod target;
#[cfg(target_os = "linux")]
mod toll;
#[cfg(target_os = "linux")]
mod trace;
mod upgrade;
mod world;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

pub(crate) use counter::part;
use rng::Rng;

use crate::toolchain;

type Outcome = Result<(), Box<dyn Error>>;

/// What is claimed, and how it is tried.
struct Gate {
    name: &'static str,
    run: fn(&Run) -> Outcome,
    /// The defences that its control takes away, one after the other.
    defences: &'static [&'static str],
    /// It judges times: in full it is run in a release build.
    measures: bool,
}

const fn gate(name: &'static str, run: fn(&Run) -> Outcome, defences: &'static [&'static str]) -> Gate {
    Gate { name, run, defences, measures: false }
}

#[cfg(target_os = "linux")]
const fn measures(name: &'static str, run: fn(&Run) -> Outcome, defences: &'static [&'static str]) -> Gate {
    Gate { name, run, defences, measures: true }
}

const GATES: &[Gate] = &[
    gate("spawn-race", spawn_race::run, &["locks"]),
    gate("idle-race", idle_race::run, &["retry"]),
    gate("environment", environment::run, &["ownership"]),
    gate("upgrade", upgrade::run, &["handover"]),
    #[cfg(target_os = "linux")]
    gate("kill-points", kill_points::run, &["dead-sockets"]),
    #[cfg(target_os = "linux")]
    gate("kill-random", kill_random::run, &["outcomes", "write-first"]),
    gate("model", model::run, &["ids", "credit"]),
    gate("frames", frames::run, &["values"]),
    gate("fuzz", fuzz::run, fuzz::DEFENCES),
    gate("access", access::run, &["peer-uid"]),
    gate("instructions", instructions::run, &[]),
    #[cfg(target_os = "linux")]
    measures("rapid-cancel", rapid_cancel::run, &["running-limit"]),
    #[cfg(target_os = "linux")]
    measures("slow-readers", slow_readers::run, &["outbound", "write-deadline"]),
    #[cfg(target_os = "linux")]
    measures("slow-writers", slow_writers::run, &["frame-deadline"]),
    #[cfg(target_os = "linux")]
    measures("hostile-neighbours", hostile_neighbours::run, &["descriptors", "turns"]),
    #[cfg(target_os = "linux")]
    measures("fd-exhaustion", fd_exhaustion::run, &["accept-pause"]),
    #[cfg(target_os = "linux")]
    measures("memory", memory::run, &["outbound"]),
    #[cfg(target_os = "linux")]
    measures("soak", soak::run, &["let-go"]),
];

/// How a gate is run.
struct Run {
    /// With a fraction of the full count, for CI.
    short: bool,
    /// What every choice that the gate makes comes from.
    seed: u64,
    /// The defence that is taken away.
    without: Option<String>,
    /// Our neighbours are tried too.
    neighbours: bool,
    /// The only one of several that is tried.
    only: Option<String>,
    /// What is measured is written down, instead of being judged.
    record: bool,
    /// Where the repository is.
    root: PathBuf,
}

impl Run {
    /// The full count, or a short run's.
    fn count(&self, full: usize, short: usize) -> usize {
        if self.short { short } else { full }
    }

    fn rng(&self) -> Rng {
        Rng::new(self.seed)
    }

    fn is_chosen(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == name)
    }

    /// How many times longer than usual somebody may wait, where that is `most` in full: a short run, of a debug build on a
    /// machine that does other things too, minds only what cannot be an accident.
    fn bearable(&self, most: f64) -> f64 {
        if self.short { ABSURD } else { most }
    }
}

/// So many times longer than usual is no accident.
const ABSURD: f64 = 1000.0;

/// Fails with everything that is not so.
fn judge(claims: impl IntoIterator<Item = (bool, String)>) -> Outcome {
    let wrong: Vec<_> = claims.into_iter().filter_map(|(so, else_it)| (!so).then_some(else_it)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

/// Runs a gate, or the control of one.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let (name, options) = arguments.split_first().ok_or_else(usage)?;
    let gate = GATES.iter().find(|gate| gate.name == *name).ok_or_else(usage)?;
    let root_of_all = root.to_owned();
    let mut run = Run {
        short: false,
        seed: rng::fresh(),
        without: None,
        neighbours: false,
        only: None,
        record: false,
        root: root_of_all,
    };
    let mut control = false;
    let (given, mut options) = (options, options.iter());
    while let Some(option) = options.next() {
        let mut value = || options.next().copied().ok_or_else(usage);
        match *option {
            "--short" => run.short = true,
            "--control" => control = true,
            "--seed" => run.seed = value()?.parse()?,
            "--record" => run.record = true,
            "--neighbours" => run.neighbours = true,
            "--only" => run.only = Some(value()?.to_owned()),
            "--without" => run.without = Some(value()?.to_owned()),
            _ => return Err(usage()),
        }
    }
    if control {
        if gate.defences.is_empty() {
            return Err(format!("{} has no control: it judges figures, and not a defence", gate.name).into());
        }
        return gate.defences.iter().try_for_each(|defence| take_away(root, gate, defence, run.seed));
    }
    if gate.measures && !run.short && cfg!(debug_assertions) {
        return in_release(root, gate, given);
    }
    println!("gate {name}, seed {}", run.seed);
    (gate.run)(&run).map_err(|error| format!("FAILED {name}: {error}"))?;
    println!("PASSED {name}");
    Ok(())
}

/// Runs a gate that measures as it is to be measured.
fn in_release(root: &Path, gate: &Gate, options: &[&str]) -> Outcome {
    let status = cargo(root, &["--release"], gate).args(options).status()?;
    if status.success() { Ok(()) } else { Err(format!("{} in a release build: {status}", gate.name).into()) }
}

fn cargo(root: &Path, how: &[&str], gate: &Gate) -> Command {
    let mut cargo = toolchain::cargo();
    cargo
        .args(["run", "--quiet", "--package", "xtask"])
        .args(how)
        .args(["--", "gate", gate.name])
        .current_dir(root);
    cargo
}

/// Runs the gate without a defence that it is about: it has to fail.
fn take_away(root: &Path, gate: &Gate, defence: &str, seed: u64) -> Outcome {
    let without = ["--short", "--without", defence, "--seed"];
    let status = cargo(root, &["--features", "chaos"], gate)
        .args(without)
        .arg(seed.to_string())
        // The gate's own process may be the client.
        .env("HALLWAY_CHAOS", defence)
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
