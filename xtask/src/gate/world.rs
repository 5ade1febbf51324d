//! A place of its own for a gate's daemon, and the processes in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hallway::lifecycle::{Connector, Env, Instance, Launcher, stop};

use super::Run;

/// Long enough for any step on a busy machine; only a gate that fails waits so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary directory with the daemon's runtime, state and data in it.
pub(super) struct World {
    root: tempfile::TempDir,
    vars: Vec<(String, PathBuf)>,
}

impl World {
    /// A place whose daemon leaves after so long without a client.
    pub(super) fn new(run: &Run, idle: Duration) -> io::Result<Self> {
        let root = tempfile::tempdir()?;
        let below = |name: &str| root.path().join(name);
        let mut vars = vec![
            ("HALLWAY_RUNTIME_DIR".to_owned(), below("run")),
            ("XDG_STATE_HOME".to_owned(), below("state")),
            ("XDG_DATA_HOME".to_owned(), below("data")),
            ("HALLWAY_GATE_DIR".to_owned(), root.path().to_owned()),
            ("HALLWAY_GATE_IDLE".to_owned(), idle.as_millis().to_string().into()),
        ];
        vars.extend(run.without.iter().map(|defence| ("HALLWAY_CHAOS".to_owned(), defence.into())));
        Ok(Self { root, vars })
    }

    /// Sets a variable of every process in it.
    pub(super) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(super) fn env(&self) -> Env {
        Env::of(self.vars.clone())
    }

    pub(super) fn connector(&self) -> io::Result<Connector> {
        Ok(Connector::new(instance()?).in_env(self.env()).starting(launcher()?).within(PATIENCE))
    }

    /// Prepares a process of this program that plays a part.
    pub(super) fn part(&self, part: &str) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["gate-part", part]).env_clear().envs(self.vars.clone());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// What the daemons have done, in order: `up PID`, `down PID`.
    pub(super) fn lives(&self) -> Vec<(String, u32)> {
        let parse = |line: &str| {
            line.split_once(' ').and_then(|(did, pid)| Some((did.to_owned(), pid.parse().ok()?)))
        };
        lines(&self.path("lives")).iter().filter_map(|line| parse(line)).collect()
    }

    /// How many daemons have served, and whether two did at the same time.
    pub(super) fn one_at_a_time(&self) -> Result<usize, String> {
        let (mut up, mut served) = (None, 0);
        for (did, pid) in self.lives() {
            match (did.as_str(), up) {
                ("up", None) => {
                    up = Some(pid);
                    served += 1;
                }
                ("up", Some(other)) => {
                    return Err(format!("daemons {other} and {pid} served at the same time"));
                }
                (_, Some(other)) if other == pid => up = None,
                (did, _) => return Err(format!("daemon {pid} is {did} and never was up")),
            }
        }
        Ok(served)
    }

    /// The lines that calls have written.
    pub(super) fn journal(&self) -> Vec<String> {
        lines(&self.path("journal"))
    }

    /// What is in the runtime directory, by name.
    pub(super) fn files(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.path("run"))?;
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The processes that have been started in it, as the kernel knows them.
    pub(super) fn processes(&self) -> io::Result<Vec<u32>> {
        let mark = format!("HALLWAY_GATE_DIR={}", self.root.path().display());
        let is_here = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let pids = fs::read_dir("/proc")?.flatten();
        Ok(pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_here).collect())
    }

    /// Ends the daemon, if one runs.
    pub(super) fn stop(&self) -> Result<(), Box<dyn std::error::Error>> {
        stop(&self.env(), &instance()?, Instant::now() + PATIENCE)?;
        Ok(())
    }
}

pub(super) fn instance() -> io::Result<Instance> {
    Instance::new("counter").map_err(io::Error::other)
}

/// Starts this program as the daemon.
pub(super) fn launcher() -> io::Result<Launcher> {
    Ok(Launcher::this_program()?.arg("gate-part").arg("daemon"))
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}
