//! How every file of `spec/vectors` is read: cases with a name, and bytes written so that people can read
//! them. The format is described in `spec/vectors/README.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) use hallway_testkit::Written as Bytes;

/// Every file, by the runner that it belongs to.
const FILES: &[&str] = &[
    "admin.json",
    "envelope.json",
    "errors.json",
    "framing.json",
    "hello.json",
    "hostile-server.json",
    "json-edge.json",
    "jsonrpc.json",
    "msgpack.json",
    "newer.json",
    "paths.json",
    "recognition.json",
    "restricted.json",
    "service-files.json",
    "sidecar.json",
    "starting.json",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<C> {
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<C>,
}

/// One case of a file.
pub(crate) trait Case: DeserializeOwned {
    fn name(&self) -> &str;
}

/// Runs every case of a file and reports all that fail, by name.
pub(crate) fn run<C: Case>(file: &str, check: impl Fn(&C) -> Result<(), String>) {
    assert!(FILES.contains(&file), "{file} is not in the list of files");
    let cases = read::<C>(file);
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|reason| format!("{file}: {}: {reason}", case.name())))
        .collect();
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// The cases of a file; none, or two of one name, are a mistake.
pub(crate) fn read<C: Case>(file: &str) -> Vec<C> {
    let text = std::fs::read_to_string(spec("vectors").join(file)).unwrap();
    let File { cases, .. }: File<C> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(!cases.is_empty(), "{file} holds no case");
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(case.name()), "{file}: two cases are called {}", case.name());
    }
    cases
}

/// A file or folder of the specification.
pub(crate) fn spec(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec").join(name)
}

#[test]
fn no_file_is_forgotten() {
    let found: BTreeSet<String> = std::fs::read_dir(spec("vectors"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    assert_eq!(found, FILES.iter().map(|&name| name.to_owned()).collect());
}
