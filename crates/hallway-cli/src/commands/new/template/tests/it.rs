//! The program as its users run it: with a real daemon, in a place of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use hallway::lifecycle::{self, Env, Instance};

/// Where the daemon's socket, its log and its service file are; without it once the test is over.
struct Place(Vec<(&'static str, PathBuf)>);

impl Place {
    fn new(test: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let dir = |name| root.join(name);
        std::fs::create_dir_all(&root).unwrap();
        Self(vec![
            ("HALLWAY_RUNTIME_DIR", dir("run")),
            ("XDG_STATE_HOME", dir("state")),
            ("XDG_DATA_HOME", dir("data")),
        ])
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_greeter"));
        let environment = self.0.iter().map(|(name, path)| (name, path));
        program.args(arguments).envs(environment).output().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let instance = Instance::new("greeter").unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        lifecycle::stop(&Env::of(self.0.clone()), &instance, deadline).unwrap();
    }
}

#[test]
fn the_daemon_starts_with_the_first_call_and_answers_the_next() {
    let place = Place::new("greet");
    for name in ["Ada", "Grace"] {
        let ran = place.run(&["greet", name]);
        assert_eq!(
            String::from_utf8_lossy(&ran.stdout),
            format!("Good day, {name}.\n"),
            "{ran:?}"
        );
    }
}

#[test]
fn what_nobody_understands_is_answered_with_the_usage() {
    let ran = Place::new("usage").run(&["great", "Ada"]);
    assert!(!ran.status.success());
    assert!(String::from_utf8_lossy(&ran.stderr).starts_with("Usage:"));
}
