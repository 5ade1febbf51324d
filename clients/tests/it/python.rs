//! The tests of the client for Python, which are Python's own: `clients/python/tests`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the tests of the Python client come to at least: with fewer, some have not been found.
const TESTS: u32 = 99;

#[test]
fn the_tests_of_the_python_client() {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = install(clients);
    let ran = Command::new("python3")
        .args(["-W", "error::ResourceWarning", "-m", "unittest", "discover", "--top-level-directory", "."])
        .current_dir(clients.join("python"))
        .env("PYTHONPATH", "src")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HALLWAY_NOTES", env!("CARGO_BIN_EXE_hallway-notes"))
        .env("HALLWAY_HOSTILE", env!("CARGO_BIN_EXE_hallway-hostile"))
        .env("HALLWAY_VENV", installed.join("venv"))
        .output()
        .unwrap_or_else(|error| panic!("python3 cannot be run ({error}): sudo apt-get install python3"));
    // The tests speak on standard error.
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stdout));
    let count = said.split("Ran ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    assert!(
        count.is_some_and(|count| count >= TESTS),
        "{count:?} tests ran, where {TESTS} are the least\n{said}"
    );
}

/// Where what the tests use is installed; that is done now if it has not been.
fn install(clients: &Path) -> PathBuf {
    let script = clients.join("install");
    let ran = Command::new(&script).output().unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{} fails:\n{said}", script.display());
    PathBuf::from(String::from_utf8_lossy(&ran.stdout).trim_end())
}
