//! The model: one connection of a real server, next to a reference that is simple enough to be believed. After each
//! step both have said the same, call by call, and the same handlers run.
//!
//! `cargo xtask gate model` runs 10,000 sequences of 200 steps, `cargo test` a few. What fails is shrunk to the fewest
//! steps that still do, and kept in `regressions.txt`, which every run begins with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test calls may fail as loudly as the test"
)]

mod calls;
mod places;
mod puppet;
mod reference;
mod session;
mod step;

use std::time::Instant;

use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner,
};

use session::Session;
use step::{Step, Steps};

/// The steps of a sequence.
const STEPS: usize = 200;

/// The sequences of an ordinary test, and what changes that.
const SEQUENCES: u32 = 32;
const SEQUENCES_VAR: &str = "HALLWAY_MODEL_SEQUENCES";

/// What everything is drawn from, if it is to be the same again.
const SEED_VAR: &str = "HALLWAY_MODEL_SEED";

const KEPT: &str = "tests/model/regressions.txt";

#[test]
fn a_connection_does_as_the_reference_does() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let sequences = number(SEQUENCES_VAR).map_or(SEQUENCES, |number| u32::try_from(number).unwrap());
    let threads =
        std::thread::available_parallelism().map_or(1, |number| u32::try_from(number.get()).unwrap());
    let began = Instant::now();
    let share = sequences.div_ceil(threads);
    let running: Vec<_> = (0..threads)
        .map(|thread| {
            let seed = number(SEED_VAR).map(|seed| seed.wrapping_mul(1000).wrapping_add(thread.into()));
            std::thread::spawn(move || check(share, seed))
        })
        .collect();
    let failed: Vec<String> = running.into_iter().filter_map(|thread| thread.join().unwrap().err()).collect();
    println!("{} sequences of {STEPS} steps in {:.1?}", share * threads, began.elapsed());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn check(sequences: u32, seed: Option<u64>) -> Result<(), String> {
    // What fails without a defence is no failure to be kept.
    let keeps = std::env::var_os("HALLWAY_CHAOS").is_none();
    let kept = keeps.then(|| Box::new(FileFailurePersistence::Direct(KEPT)) as Box<_>);
    let config = Config {
        cases: sequences,
        failure_persistence: kept,
        source_file: Some(file!()),
        ..Config::default()
    };
    let mut runner = match seed {
        None => TestRunner::new(config),
        Some(seed) => {
            let bytes: Vec<u8> = [seed; 4].iter().flat_map(|word| word.to_le_bytes()).collect();
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
        }
    };
    let outcome = runner.run(&step::steps(STEPS), |steps| hold(&steps));
    outcome.map_err(|error| error.to_string())
}

/// Holds one sequence, with the real thing and the reference side by side.
fn hold(steps: &Steps) -> Result<(), TestCaseError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut session = Session::start();
        let steps = steps.0.iter().filter(|step| !matches!(step, Step::Skip));
        for (number, step) in steps.enumerate() {
            if !session.is_open() {
                // The sequence goes on with the next server.
                session = Session::start();
            }
            let (said, expected) = session.take(step).await;
            if said != expected {
                let message = format!("step {number}, {step:?}:\nexpected {expected:#?}\nfound {said:#?}");
                return Err(TestCaseError::fail(message));
            }
        }
        Ok(())
    })
}
