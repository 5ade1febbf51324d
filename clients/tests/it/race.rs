//! A hundred processes in three languages, and no daemon: one comes up, and nobody fails.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Env, Instance, ServiceFile, stop};
use tempfile::TempDir;

use crate::typescript::{build, check_node};

const ROUNDS: usize = 20;
const PROCESSES: usize = 100;

/// How long a daemon may take to leave on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const NOTES: &str = env!("CARGO_BIN_EXE_hallway-notes");

/// Each client is ready to connect, waits for the word, and tells which process answers.
const RUST: &str = r#"read word && exec "$0" pid notes"#;

const PYTHON: &str = r#"
import hallway, sys
sys.stdin.readline()
with hallway.connect("notes", timeout=60) as notes:
    print(notes.status()["pid"])
"#;

const NODE: &str = r#"
import { readSync } from "node:fs";
const { connect } = await import(process.env.HALLWAY_MODULE);
readSync(0, Buffer.alloc(1));
const notes = await connect("notes", { timeout: 60_000 });
console.log((await notes.call("hallway.status")).pid);
await notes.close();
"#;

#[test]
fn a_hundred_processes_in_three_languages_start_one_daemon() {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_node();
    let _others_do_not_build_it_anew = build(&clients.join("typescript"));
    for round in 1..=ROUNDS {
        let world = World::new();
        let waiting: Vec<_> = (0..PROCESSES).map(|number| world.client(clients, number)).collect();
        let answers: Vec<_> = waiting.into_iter().map(say_the_word).collect();
        let mut failed = Vec::new();
        let mut daemons = BTreeSet::new();
        for answer in answers {
            let ran = answer.wait_with_output().unwrap();
            match String::from_utf8_lossy(&ran.stdout).trim().parse::<u32>() {
                Ok(pid) if ran.status.success() => drop(daemons.insert(pid)),
                _ => failed.push(String::from_utf8_lossy(&ran.stderr).into_owned()),
            }
        }
        assert!(failed.is_empty(), "round {round}: {} clients failed: {}", failed.len(), failed[0]);
        assert_eq!(daemons.len(), 1, "round {round}: {daemons:?} answered");
    }
}

/// Lets a client go on that waits.
fn say_the_word(mut client: Child) -> Child {
    client.stdin.take().unwrap().write_all(b"\n").unwrap();
    client
}

/// A place without a daemon.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["run", "state", "data"] {
            DirBuilder::new().mode(0o700).create(root.path().join(name)).unwrap();
        }
        let world = Self(root);
        let mut file = ServiceFile::new(notes(), NOTES);
        file.args = vec!["daemon".to_owned()];
        file.write(&world.env()).unwrap();
        world
    }

    /// One client, which has begun and waits for the word.
    fn client(&self, clients: &Path, number: usize) -> Child {
        let mut command = match number % 3 {
            0 => Command::new("sh"),
            1 => Command::new("python3"),
            _ => Command::new("node"),
        };
        match number % 3 {
            0 => command.args(["-c", RUST, NOTES]),
            1 => command.args(["-c", PYTHON]).env("PYTHONPATH", clients.join("python/src")),
            _ => command
                .args(["--input-type=module", "--eval", NODE])
                .env("HALLWAY_MODULE", clients.join("typescript/dist/src/index.js")),
        };
        command
            .envs(self.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn variables(&self) -> [(&'static str, PathBuf); 4] {
        let at = |name| self.0.path().join(name);
        [
            ("HALLWAY_RUNTIME_DIR", at("run")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_DATA_HOME", at("data")),
            ("HOME", self.0.path().to_owned()),
        ]
    }

    fn env(&self) -> Env {
        Env::of(self.variables())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let stopped = stop(&self.env(), &notes(), Instant::now() + PATIENCE);
        if std::thread::panicking() {
            let mut log = String::new();
            let file = std::fs::File::open(self.0.path().join("state/hallway/notes.log"));
            let _none = file.and_then(|mut file| file.read_to_string(&mut log));
            eprintln!("{log}");
        } else {
            assert!(stopped.unwrap(), "no daemon was there to stop");
        }
    }
}

fn notes() -> Instance {
    Instance::new("notes").unwrap()
}
