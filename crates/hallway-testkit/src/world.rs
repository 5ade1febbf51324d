use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Env, Instance, list, stop};
use tempfile::TempDir;

/// A place of its own for a program and its daemons: runtime directory, service files, data, logs and home. When it goes,
/// its daemons have been stopped; if the test fails, their logs are shown.
#[derive(Debug)]
pub struct World {
    root: TempDir,
    program: PathBuf,
    variables: Vec<(&'static str, PathBuf)>,
}

/// What a command has printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// How long a daemon may take to stop on a busy machine.
const STOPS: Duration = Duration::from_secs(60);

impl World {
    /// An empty one, for this program, which other programs in it find by its name.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let inside = |name: &str| root.path().join(name);
        for name in ["run", "state", "data", "home"] {
            fs::DirBuilder::new().mode(0o700).create(inside(name)).unwrap();
        }
        let variables = vec![
            ("HALLWAY_RUNTIME_DIR", inside("run")),
            ("XDG_STATE_HOME", inside("state")),
            ("XDG_DATA_HOME", inside("data")),
            ("HOME", inside("home")),
            ("TZ", "UTC".into()),
            ("LANG", "C.UTF-8".into()),
        ];
        Self { root, program: program.into(), variables }
    }

    /// The same with another variable in the environment of whatever is run.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<PathBuf>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A path inside.
    #[must_use]
    pub fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(inside)
    }

    /// Where its daemons are found.
    #[must_use]
    pub fn env(&self) -> Env {
        Env::of(self.variables.iter().cloned())
    }

    /// Any program, in this world.
    ///
    /// # Panics
    /// When `PATH` cannot be put together.
    pub fn any(&self, program: impl AsRef<OsStr>) -> Command {
        let own = self.program.parent().map(Path::to_owned);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).unwrap();
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().cloned())
            .env("PATH", path)
            .current_dir(self.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// The program that this is for.
    pub fn program<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.any(&self.program);
        command.args(arguments);
        command
    }

    /// Runs the program to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(&mut self.program(arguments))
    }

    /// Runs the program, and gives what it prints.
    ///
    /// # Panics
    /// When it fails, or prints anything on standard error.
    pub fn ok<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        ran.out
    }
}

impl Ran {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it cannot be run, or prints what is no text.
    pub fn of(command: &mut Command) -> Self {
        match command.output() {
            Ok(output) => output.into(),
            Err(error) => panic!("{command:?}: {error}"),
        }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let env = self.env();
        for listed in list(&env).unwrap_or_default() {
            if let Err(error) = stop(&env, &listed.instance, Instant::now() + STOPS) {
                eprintln!("{} did not stop: {error}", listed.instance);
                self.kill(&listed.instance);
            }
        }
        if std::thread::panicking() {
            for entry in fs::read_dir(self.path("state/hallway")).into_iter().flatten().flatten() {
                let log = fs::read_to_string(entry.path()).unwrap_or_default();
                eprintln!("{}:\n{log}", entry.path().display());
            }
        }
    }
}

impl World {
    /// Nothing of a test that fails goes on after it.
    fn kill(&self, instance: &Instance) {
        let record = fs::read(self.path(format!("run/{instance}.json"))).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap_or_default();
        let _gone = Command::new("kill").args(["-9", &record["pid"].to_string()]).status();
    }
}
