//! A place of its own for each test: its own sockets, service files, logs and home, and no daemon left when it is over.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Env, Instance, list, stop};
use tempfile::TempDir;

use crate::kitchen::{self, JOURNAL, ROLE};

/// How long anything that a test waits for may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    root: TempDir,
}

/// What a command has printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["run", "state", "data", "home"] {
            fs::DirBuilder::new().mode(0o700).create(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    /// A place in which the kitchen can be started by its name.
    pub(crate) fn with_kitchen() -> Self {
        let world = Self::new();
        kitchen::install(&world.env(), &Instance::new("kitchen").unwrap());
        world
    }

    /// A place in which the kitchen runs.
    pub(crate) fn with_open_kitchen() -> Self {
        let world = Self::with_kitchen();
        assert_eq!(world.run(["start", "kitchen"]).err, "kitchen has started\n");
        world
    }

    /// A path inside.
    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(inside)
    }

    pub(crate) fn env(&self) -> Env {
        Env::of(self.environment())
    }

    /// Any program, in this world, where `hallway` is the program under test.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let tool = Path::new(env!("CARGO_BIN_EXE_hallway")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([tool].into_iter().chain(std::env::split_paths(&path))).unwrap();
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment())
            .env("PATH", path)
            .current_dir(self.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// The tool.
    pub(crate) fn hallway<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_hallway"));
        command.args(arguments);
        command
    }

    /// Runs the tool to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        run(&mut self.hallway(arguments))
    }

    /// Runs the tool, which has to succeed and to print nothing on standard error, and gives what it prints.
    pub(crate) fn ok<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        ran.out
    }

    /// Runs a line of shell.
    pub(crate) fn shell(&self, line: &str) -> Ran {
        run(self.program("sh").args(["-c", line]))
    }

    /// Where this place is, as it is written in what the tool prints.
    pub(crate) fn root(&self) -> String {
        self.root.path().display().to_string()
    }

    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HALLWAY_RUNTIME_DIR", self.path("run")),
            ("XDG_STATE_HOME", self.path("state")),
            ("XDG_DATA_HOME", self.path("data")),
            ("HOME", self.path("home")),
            (JOURNAL, self.path("journal")),
            (ROLE, "kitchen".into()),
            ("TZ", "UTC".into()),
            ("LANG", "C.UTF-8".into()),
        ]
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("{command:?}: {error}; for what is missing: sudo apt-get install fish zsh util-linux bsdutils")
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or(-1);
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

impl Drop for World {
    fn drop(&mut self) {
        let env = self.env();
        for listed in list(&env).unwrap_or_default() {
            if let Err(error) = stop(&env, &listed.instance, Instant::now() + PATIENCE) {
                eprintln!("{} did not stop: {error}", listed.instance);
            }
        }
        if std::thread::panicking() {
            for entry in fs::read_dir(self.path("state/hallway")).into_iter().flatten().flatten() {
                eprintln!(
                    "{}:\n{}",
                    entry.path().display(),
                    fs::read_to_string(entry.path()).unwrap_or_default()
                );
            }
        }
    }
}
