//! One connection of a server next to a reference, step by step: `crates/hallway/tests/model`.

use super::{Outcome, Run};
use crate::toolchain;

/// What the full count is tried with, and a short run.
const SEQUENCES: usize = 10_000;
const SEQUENCES_SHORT: usize = 100;

pub(super) fn run(run: &Run) -> Outcome {
    let mut test = toolchain::cargo();
    test.args(["test", "--quiet", "--package", "hallway", "--test", "model"]);
    if !run.short {
        // Ten times as fast, which a short run does not make up for the time that it takes to build.
        test.arg("--release");
    }
    if run.without.is_some() {
        // Which defence is taken away, the environment says.
        test.args(["--features", "chaos"]);
    }
    let status = test
        .args(["--", "--nocapture"])
        .env("HALLWAY_MODEL_SEQUENCES", run.count(SEQUENCES, SEQUENCES_SHORT).to_string())
        .env("HALLWAY_MODEL_SEED", run.seed.to_string())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("the connection and its reference differ".into()),
    }
}
