//! Every file of `fuzz/corpus` and `fuzz/found` once more: what the fuzzers have reached, and what they have found.
//!
//! One test, for one thing after the other: a target may look at what the whole process does.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::{fs, io};

use hallway_fuzz::TARGETS;

#[test]
fn what_was_found_and_what_was_reached_holds() {
    let mut failed = Vec::new();
    for &(name, run) in TARGETS {
        let corpus = files(&fuzz().join("corpus").join(name)).unwrap();
        assert!(!corpus.is_empty(), "fuzz/corpus/{name} holds nothing");
        // Nothing may have been found.
        let found = files(&fuzz().join("found").join(name)).unwrap_or_default();
        for file in corpus.into_iter().chain(found) {
            let data = fs::read(&file).unwrap();
            if catch_unwind(|| run(&data)).is_err() {
                failed.push(file);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn no_folder_belongs_to_no_target() {
    for folder in ["corpus", "found", "fuzz_targets"] {
        for path in files(&fuzz().join(folder)).unwrap() {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(TARGETS.iter().any(|(target, _)| *target == name), "{} is of no target", path.display());
        }
    }
    for (name, _) in TARGETS {
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("hallway_fuzz::{name}(data)")), "{name} calls its function");
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}
