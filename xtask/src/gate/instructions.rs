//! `instructions`: what a call costs, in instructions, is what is recorded. Times are noise on a machine that others use;
//! how many instructions are carried out is the same every time.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::{Outcome, Run};
use crate::toolchain::{self, Compiler};

/// The parts of `crates/hallway/examples/hot_path.rs`.
const PARTS: [&str; 6] = ["encode", "decode", "dispatch", "call", "calls", "stream"];

/// Where it is recorded: what a part costs, and with which compiler on which processor.
const RECORD: &str = "crates/hallway/examples/hot_path.txt";

/// How much more it may be than is recorded.
const TOLERANCE: f64 = 0.03;

/// Where memory lies changes a little from one process to the next: the least of so many counts.
const REPEATED: usize = 3;

/// A part is done so often, and so often again: the difference leaves out what is done once.
const TIMES: u64 = 1280;

pub(super) fn run(run: &Run) -> Outcome {
    let program = build(&run.root)?;
    // With another compiler, or for another machine, the figures are others.
    let Compiler { release, host } = Compiler::ask()?;
    let compiler = format!("rustc {release} {host}");
    keep_to_one_processor()?;
    let mut measured = BTreeMap::new();
    for part in PARTS {
        let times = (0..REPEATED).map(|_| per_time(&program, part)).collect::<Result<Vec<_>, _>>()?;
        measured.insert(part, times.into_iter().min().unwrap_or_default());
    }
    if run.record {
        return record(&run.root, &compiler, &measured);
    }
    let recorded = std::fs::read_to_string(run.root.join(RECORD))?;
    let recorded = Record::parse(&recorded).ok_or_else(|| format!("{RECORD} cannot be read"))?;
    let above = recorded.exceeded_by(&measured)?;
    if recorded.compiler != compiler {
        println!("recorded with {}, and this is {compiler}: nothing is judged", recorded.compiler);
        return Ok(());
    }
    if above.is_empty() {
        return Ok(());
    }
    let above = above.join(", ");
    Err(format!("{above}: more than recorded. If it is worth it: cargo xtask gate instructions --record")
        .into())
}

/// Keeps what is measured to one processor: with more of them a side looks for what comes next before it sleeps, as often as
/// there is time for.
fn keep_to_one_processor() -> Outcome {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let first = (0..CpuSet::count()).find(|&processor| allowed.is_set(processor).unwrap_or(false));
    let mut one = CpuSet::new();
    one.set(first.ok_or("this process may run nowhere")?)?;
    Ok(sched_setaffinity(this, &one)?)
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn percent(now: u64, before: u64) -> f64 {
    (now as f64 / before as f64 - 1.0) * 100.0
}

struct Record<'a> {
    compiler: &'a str,
    parts: BTreeMap<&'a str, u64>,
}

impl<'a> Record<'a> {
    /// The parts that cost more than is recorded.
    fn exceeded_by(&self, measured: &BTreeMap<&'static str, u64>) -> Result<Vec<&'static str>, String> {
        let mut above = Vec::new();
        for (&part, &now) in measured {
            let before = self.parts.get(part).copied().ok_or_else(|| format!("{part} is not recorded"))?;
            let more = percent(now, before);
            println!("{part:<10} {now:>7} instructions, recorded {before:>7}: {more:+.1} %");
            if more > TOLERANCE * 100.0 {
                above.push(part);
            }
        }
        Ok(above)
    }

    fn parse(text: &'a str) -> Option<Self> {
        let mut lines = text.lines();
        let compiler = lines.next()?;
        let part = |line: &'a str| {
            let (part, cost) = line.split_once(' ')?;
            Some((part, cost.trim().parse().ok()?))
        };
        Some(Self { compiler, parts: lines.map(part).collect::<Option<_>>()? })
    }
}

fn record(root: &Path, compiler: &str, measured: &BTreeMap<&str, u64>) -> Outcome {
    let mut text = format!("{compiler}\n");
    for (part, cost) in measured {
        writeln!(text, "{part} {cost}")?;
    }
    print!("{text}");
    Ok(std::fs::write(root.join(RECORD), text)?)
}

fn build(root: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = toolchain::cargo();
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "hallway",
        "--example",
        "hot_path",
    ]);
    if !cargo.current_dir(root).status()?.success() {
        return Err("hot_path cannot be built".into());
    }
    Ok(toolchain::target(root).join("release/examples/hot_path"))
}

/// How many instructions a part takes each time.
fn per_time(program: &Path, part: &str) -> Result<u64, Box<dyn Error>> {
    let (once, more) = (instructions(program, part, TIMES)?, instructions(program, part, 3 * TIMES)?);
    Ok(more.saturating_sub(once) / (2 * TIMES))
}

fn instructions(program: &Path, part: &str, times: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([part, &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be run ({error}): sudo apt-get install valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match collected {
        Some(instructions) if output.status.success() => Ok(instructions),
        _ => Err(format!("{part}: {}\n{said}", output.status).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_read_again() {
        let record = Record::parse("rustc 1.95.0 somewhere\nencode 12\ncall   3456\n").unwrap();
        assert_eq!(record.compiler, "rustc 1.95.0 somewhere");
        assert_eq!(record.parts, BTreeMap::from([("encode", 12), ("call", 3456)]));
        assert!(Record::parse("rustc\nencode twelve").is_none());
        let exceeded_by = |call| record.exceeded_by(&BTreeMap::from([("encode", 11), ("call", call)]));
        assert_eq!(exceeded_by(3456 * 103 / 100), Ok(vec![]));
        assert_eq!(exceeded_by(3456 * 104 / 100), Ok(vec!["call"]));
        assert!(record.exceeded_by(&BTreeMap::from([("stream", 1)])).is_err());
    }
}
