//! `fuzz`: what is said of any bytes holds for those that a fuzzer comes up with, which looks for what has not been
//! reached yet. The targets are in `fuzz/`, what they say is in `crates/hallway-fuzz`.

mod report;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use report::Report;

use super::{Outcome, Run};
use crate::toolchain::{self, Compiler};

/// A target, and how often it is tried.
struct Target {
    name: &'static str,
    runs: usize,
    /// The defences of which it has to notice that they are gone. What `mail` reads has none: its judges have tests that they notice.
    notices: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { name: "framing", runs: 10_000_000, notices: &["end-marks"] },
    Target { name: "recognition", runs: 10_000_000, notices: &["recognise-max"] },
    Target { name: "query", runs: 10_000_000, notices: &[] },
    Target { name: "mbox", runs: 10_000_000, notices: &[] },
    Target { name: "message", runs: 500_000, notices: &[] },
    Target { name: "native_json", runs: 5_000_000, notices: &["id-range"] },
    Target { name: "native_msgpack", runs: 5_000_000, notices: &["id-range"] },
    Target { name: "jsonrpc", runs: 5_000_000, notices: &["cut-numbers"] },
    Target { name: "sidecar", runs: 5_000_000, notices: &["cut-numbers"] },
    Target { name: "server", runs: 500_000, notices: &["owed-answers"] },
    Target { name: "client", runs: 500_000, notices: &["lost-calls"] },
    Target { name: "blocking", runs: 500_000, notices: &["lost-calls"] },
];

/// The defences of its controls.
pub(super) const DEFENCES: &[&str] =
    &["end-marks", "recognise-max", "id-range", "cut-numbers", "owed-answers", "lost-calls"];

/// How long a short run tries each target after the corpus.
const SHORT: Duration = Duration::from_secs(4);

/// How much a target may grow while it is tried, in MiB; what the fuzzer itself keeps of it is the smaller part.
const GROWTH_MAX: u64 = 64;

/// A target that takes so much is ended, in MiB: what it has before the first input, and the growth.
const MEMORY_MAX: u64 = 64 + GROWTH_MAX;

/// How long one input may take. On an idle machine none takes a tenth of a second.
const INPUT_MAX: Duration = Duration::from_secs(20);

/// What has the compiler count what is reached, and note what is compared, as `cargo fuzz` has it: without its sanitizers,
/// since nothing here is unsafe.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

pub(super) fn run(run: &Run) -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let without = run.without.as_deref();
    let tried: Vec<_> = TARGETS
        .iter()
        .filter(|target| without.is_none_or(|defence| target.notices.contains(&defence)))
        .filter(|target| run.is_chosen(target.name))
        .collect();
    let built = build(&root, &tried, without.is_some())?;
    println!(
        "{:<15} {:>10} {:>8} {:>7} {:>11} {:>8} {:>7}",
        "", "executions", "a second", "edges", "last fifth", "growth", "time"
    );
    let mut found = Vec::new();
    for target in &tried {
        match fuzz(&root, &built, target, run) {
            Ok(report) => println!("{:<15} {report}", target.name),
            Err(error) => {
                println!("{:<15} FAILED", target.name);
                found.push(format!("{}: {error}", target.name));
            }
        }
    }
    // Without a defence, each of those that have to notice does.
    let noticed = if without.is_some() { found.len() == tried.len() } else { !found.is_empty() };
    if noticed { Err(found.join("\n").into()) } else { Ok(()) }
}

/// Builds the targets; returns where they are.
fn build(root: &Path, targets: &[&Target], chaos: bool) -> Result<PathBuf, Box<dyn Error>> {
    let Compiler { host, .. } = Compiler::ask()?;
    let target = std::path::absolute(toolchain::target(root))?;
    let mut cargo = toolchain::cargo();
    // With `--target`, what runs while building is not instrumented, and shared with every other build.
    cargo.args(["build", "--quiet", "--locked", "--target", &host, "--target-dir"]).arg(&target);
    cargo.args(targets.iter().flat_map(|target| ["--bin", target.name]));
    if chaos {
        cargo.args(["--features", "chaos"]);
    }
    let status = cargo.env("RUSTFLAGS", INSTRUMENTED).current_dir(root.join("fuzz")).status()?;
    if !status.success() {
        return Err("the targets cannot be built; they need a C++ compiler: sudo apt-get install g++".into());
    }
    Ok(target.join(host).join("debug"))
}

/// Tries one target, beginning with what it has reached and found before.
fn fuzz(root: &Path, built: &Path, target: &Target, run: &Run) -> Result<Report, Box<dyn Error>> {
    let work = tempfile::tempdir()?;
    let known = ["corpus", "found"].map(|folder| root.join("fuzz").join(folder).join(target.name));
    let prefix = built.join(format!("{}-found-", target.name));
    let mut fuzzer = Command::new(built.join(target.name));
    // What is new goes into the first folder.
    fuzzer.arg(work.path()).args(known.iter().filter(|known| known.exists())).args([
        format!("-seed={}", run.seed % u64::from(u32::MAX)),
        format!("-rss_limit_mb={MEMORY_MAX}"),
        format!("-timeout={}", INPUT_MAX.as_secs()),
        format!("-artifact_prefix={}", prefix.display()),
    ]);
    // The reason of a failure is short, and stands at the end.
    fuzzer.env("RUST_BACKTRACE", "0");
    if run.short {
        fuzzer.arg(format!("-max_total_time={}", SHORT.as_secs()));
    } else {
        fuzzer.arg(format!("-runs={}", target.runs));
    }
    let mut fuzzer = fuzzer.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let words = fuzzer.stderr.take().ok_or("the fuzzer says nothing")?;
    let listening = thread::spawn(move || report::listen(words));
    let status = fuzzer.wait()?;
    let (report, last) = listening.join().map_err(|_| "what the fuzzer says cannot be read")??;
    if !status.success() {
        return Err(format!("{last}\nits input is {}*", prefix.display()).into());
    }
    let report = report.ok_or("it ended without a word")?;
    if report.growth() > GROWTH_MAX {
        return Err(format!("grew by {} MiB, where {GROWTH_MAX} are the most", report.growth()).into());
    }
    Ok(report)
}
