//! A temporary place with its own runtime and state directories, and the processes in it.

use std::fs::{create_dir, read_to_string};
use std::io::Read as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Env, Instance, Launcher, Phase, RuntimeDir, StartError, ensure_running};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Long enough for any step on a busy machine; only a failing test waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What makes this executable play a role instead of testing.
pub(crate) const ROLE_ARGS: [&str; 5] = ["roles::role", "--exact", "--nocapture", "--test-threads=1", "-q"];

pub(crate) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

pub(crate) struct World {
    root: tempfile::TempDir,
    vars: Vec<(String, PathBuf)>,
}

impl World {
    /// A place in which daemons behave as `daemon` says (see `roles`).
    pub(crate) fn new(daemon: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let runtime = root.path().join("run");
        let world = Self { root, vars: Vec::new() };
        world
            .var("HALLWAY_RUNTIME_DIR", runtime)
            .var("XDG_STATE_HOME", world_path("state"))
            .var("XDG_DATA_HOME", world_path("data"))
            .var("HALLWAY_TEST_TRACE", world_path("trace"))
            .var("HALLWAY_TEST_ROLE", "daemon")
            .var("HALLWAY_TEST_DAEMON", daemon)
    }

    /// Sets a variable; a value of [`world_path`] is made a path in this place.
    pub(crate) fn var(mut self, name: &str, value: impl Into<PathBuf>) -> Self {
        let value = value.into();
        let value = value.strip_prefix("WORLD").map_or(value.clone(), |below| self.path(below));
        self.vars.retain(|(known, _)| known != name);
        self.vars.push((name.to_owned(), value));
        self
    }

    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(below)
    }

    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.path("run").join(name)
    }

    pub(crate) fn service(&self, name: &str) -> PathBuf {
        self.path("data/hallway/services").join(name)
    }

    pub(crate) fn env(&self) -> Env {
        Env::of(self.vars.clone())
    }

    pub(crate) fn dir(&self) -> RuntimeDir {
        RuntimeDir::open(&self.env()).unwrap()
    }

    pub(crate) fn launcher(&self) -> Launcher {
        ROLE_ARGS.iter().fold(Launcher::this_program().unwrap(), |launcher, arg| launcher.arg(*arg))
    }

    /// Reaches the daemon from this process, and starts it if need be.
    pub(crate) fn ensure(
        &self,
        deadline: Instant,
        on_phase: &mut dyn FnMut(Phase),
    ) -> Result<UnixStream, StartError> {
        ensure_running(&self.env(), &instance(), &self.launcher(), deadline, on_phase)
    }

    /// Reaches the daemon and returns its process id.
    pub(crate) fn ask(&self) -> i32 {
        answer(self.ensure(deadline(), &mut |_| {}).unwrap())
    }

    /// Prepares another process in this place.
    pub(crate) fn process(&self, role: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(ROLE_ARGS).env_clear().envs(self.vars.clone()).env("HALLWAY_TEST_ROLE", role);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Makes daemons report here before they publish; each waits until its connection is dropped.
    pub(crate) fn gate(&self, name: &str) -> UnixListener {
        UnixListener::bind(self.path(name)).unwrap()
    }

    /// How often daemons reported a step: `start`, `serve`, `yield`.
    pub(crate) fn count(&self, step: &str) -> usize {
        self.trace().iter().filter(|(done, _)| done == step).count()
    }

    pub(crate) fn trace(&self) -> Vec<(String, i32)> {
        let trace = read_to_string(self.path("trace")).unwrap_or_default();
        let parse =
            |line: &str| line.split_once(' ').map(|(step, pid)| (step.to_owned(), pid.parse().unwrap()));
        trace.lines().filter_map(parse).collect()
    }

    /// Kills a process of this place and waits until it is gone, reaped by whoever has to.
    pub(crate) fn kill(&self, pid: i32) {
        assert!(self.owns(pid), "{pid} is not of this place");
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        eventually("the killed process to be gone", || !Path::new(&format!("/proc/{pid}")).exists());
    }

    pub(crate) fn owns(&self, pid: i32) -> bool {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        String::from_utf8_lossy(&environ).contains(&*self.root.path().to_string_lossy())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for (_, pid) in self.trace() {
            if self.owns(pid) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }
}

pub(crate) fn world_path(below: &str) -> PathBuf {
    Path::new("WORLD").join(below)
}

pub(crate) fn instance() -> Instance {
    Instance::new("fake").unwrap()
}

/// What a daemon answers: its process id.
pub(crate) fn answer(mut stream: UnixStream) -> i32 {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.parse().unwrap()
}

/// Waits for a condition that no descriptor announces.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = deadline();
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// Makes a directory with exactly this mode.
pub(crate) fn make_dir(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    create_dir(path).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
