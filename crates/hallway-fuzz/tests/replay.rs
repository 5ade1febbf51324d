//! Every file of `fuzz/corpus` and `fuzz/found` once more: what the fuzzers have reached, and what they have found.

use std::fs;
use std::path::{Path, PathBuf};

use hallway_fuzz::TARGETS;

#[test]
fn one() {
    let file = std::env::var("ONE").unwrap();
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == std::env::var("TARGET").unwrap()).unwrap();
    run(&fs::read(file).unwrap());
}
