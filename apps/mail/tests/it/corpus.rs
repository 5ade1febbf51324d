//! Real mail: where each corpus is, and which files of it are messages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use serde_json::Value;

/// The messages that the `mail-parser` crate is tested with, as they come with its source.
pub(crate) fn mail_parser() -> PathBuf {
    let cargo = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1"]).output();
    let metadata = cargo.expect("cargo runs, it started this test").stdout;
    let metadata: Value = serde_json::from_slice(&metadata).expect("cargo metadata is JSON");
    let mut packages = metadata["packages"].as_array().expect("there are packages").iter();
    let package = packages.find(|package| package["name"] == "mail-parser").expect("it is a dependency");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a package has a manifest"));
    manifest.with_file_name("resources")
}

/// The messages that notmuch is tested with.
pub(crate) fn notmuch() -> PathBuf {
    fetched("notmuch")
}

/// The messages that Python's email package is tested with.
pub(crate) fn cpython() -> PathBuf {
    fetched("cpython")
}

/// The messages of a corpus, each a file of its own, sorted by path.
pub(crate) fn messages(corpus: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![corpus.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a corpus can be read") {
            let path = entry.expect("a corpus can be read").path();
            match path.is_dir() {
                true => directories.push(path),
                false => found.push(path),
            }
        }
    }
    found.retain(|path| is_message(path));
    found.sort();
    found
}

/// A corpus that `.ci/corpora` fetches, the first time that a test asks for one.
fn fetched(name: &str) -> PathBuf {
    static FETCHED: Once = Once::new();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target directory");
    FETCHED.call_once(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/corpora");
        let fetch =
            Command::new(script).env("CARGO_TARGET_DIR", target).output().expect("the script is there");
        assert!(fetch.status.success(), "{}", String::from_utf8_lossy(&fetch.stderr));
    });
    target.join("corpora").join(name)
}

/// The corpora also hold expected results, licences and attachments.
fn is_message(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let other = [".json", "COPYING", "README", NOT_MAIL].iter().any(|end| name.ends_with(end));
    !other && !["python.", "sndhdr."].iter().any(|start| name.starts_with(start))
}

/// A text without a header, which Python's tests give to its parser.
const NOT_MAIL: &str = "msg_19.txt";
