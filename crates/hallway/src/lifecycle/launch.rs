//! Starting a daemon's process and listening to it until it serves.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::clock::uptime_ms;
use super::detach::READY_ENV;
use super::log::StartMark;
use super::ready::{Word, Words};
use super::{Env, Instance, LifecycleError, Phase, RuntimeDir, SpawnLock, StartError, log_path};

/// How long a daemon that closed its channel without a word has to end, so that the error can tell how it ended.
const EXIT_GRACE: Duration = Duration::from_secs(1);

/// How to start a service's daemon: a program, its arguments, and what it may know of the caller's environment.
#[derive(Debug, Clone)]
pub struct Launcher {
    program: PathBuf,
    args: Vec<OsString>,
    passed: Vec<OsString>,
    at_once: bool,
}

impl Launcher {
    /// Starts the given program. A name without a slash is looked up in `$PATH`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: Vec::new(), passed: Vec::new(), at_once: false }
    }

    /// Starts the program that is running, whatever became of its file's name.
    ///
    /// # Errors
    /// The system's.
    pub fn this_program() -> io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Lets a variable of the environment through, besides [`PASSED_ENV`](super::PASSED_ENV).
    #[must_use]
    pub fn pass_env(mut self, name: impl Into<OsString>) -> Self {
        self.passed.push(name.into());
        self
    }

    /// Starts the daemon also where it has failed several times in a row and would be let rest: for a person who says
    /// `start`.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    pub(super) fn waits_for_nothing(&self) -> bool {
        self.at_once
    }

    /// Returns the program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn args(&self) -> &[OsString] {
        &self.args
    }
}

/// A daemon that was started and has not said its last word yet.
pub(super) struct Launched {
    dir: RuntimeDir,
    instance: Instance,
    words: Words,
    exit: Receiver<Option<ExitStatus>>,
    mark: io::Result<StartMark>,
    log: PathBuf,
}

/// How the conversation ended.
pub(super) enum Heard {
    /// The daemon says that somebody serves.
    Ready,
    /// The channel was closed without a last word.
    Nothing,
}

/// Starts the daemon and hands it the claim to be the only one that starts. So many starts before it have failed.
pub(super) fn launch(
    env: &Env,
    dir: &RuntimeDir,
    launcher: &Launcher,
    instance: &Instance,
    claim: SpawnLock,
    failures: u32,
) -> Result<Launched, StartError> {
    let cannot = |source| StartError::CannotLaunch {
        instance: instance.clone(),
        program: launcher.program.clone(),
        service_file: None,
        source,
    };
    let log = log_path(env, instance)?;
    // A daemon without a log is better than none: the home may be read-only.
    let (output, mark) = match StartMark::write(&log, &format!("{instance} by pid {}", std::process::id())) {
        Ok((file, mark)) => (Stdio::from(file), Ok(mark)),
        Err(error) => (Stdio::null(), Err(error)),
    };
    let (ours, theirs) = UnixStream::pair().map_err(cannot)?;
    let handed = claim.file().try_clone().map_err(cannot)?;
    claim.begin(launcher, failures, mark.as_ref().ok());
    let spawned = command(env, dir, launcher, handed).stdout(OwnedFd::from(theirs)).stderr(output).spawn();
    let child = spawned.map_err(|source| {
        claim.forget();
        cannot(source)
    })?;
    let (dir, instance) = (dir.clone(), instance.clone());
    Ok(Launched { dir, instance, words: Words::new(ours), exit: reap(child), mark, log })
}

impl Launched {
    /// Listens until the daemon's last word.
    pub(super) fn listen(
        &mut self,
        deadline: Instant,
        on_phase: &mut dyn FnMut(Phase),
    ) -> Result<Heard, StartError> {
        let mut last = None;
        loop {
            match self.words.next(deadline) {
                Ok(Some(Word::Phase(phase))) => {
                    last = Some(phase.name.clone());
                    on_phase(phase);
                }
                Ok(Some(Word::Ready(_))) => return Ok(Heard::Ready),
                Ok(Some(Word::Failed(failure))) => {
                    let (instance, log) = (self.instance.clone(), self.log.clone());
                    let (code, message) = (failure.code, failure.message);
                    return Err(StartError::DaemonFailed { instance, code, message, log });
                }
                Ok(None) => return Ok(Heard::Nothing),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    let (instance, log) = (self.instance.clone(), self.log.clone());
                    let waited_for = "its daemon to start";
                    return Err(StartError::DeadlinePassed { instance, waited_for, phase: last, log });
                }
                Err(error) => {
                    return Err(LifecycleError::io("listen to", Path::new("the daemon"))(error).into());
                }
            }
        }
    }

    /// Finds out how the daemon ended and quotes what it logged.
    pub(super) fn died(self, deadline: Instant) -> StartError {
        let grace = deadline.saturating_duration_since(Instant::now()).min(EXIT_GRACE);
        let status = self.exit.recv_timeout(grace).ok().flatten();
        let tail = match &self.mark {
            Ok(mark) => mark.tail(),
            Err(error) => format!("(it could not be written: {error})"),
        };
        if let Ok(claim) = SpawnLock::try_acquire(&self.dir, &self.instance) {
            // Nobody waits who would do it.
            claim.settle(Some(uptime_ms()));
        }
        StartError::DaemonDied { instance: self.instance, status, tail, log: self.log }
    }
}

/// Prepares the daemon's process: nothing of ours but the directory, the claim, and what the allow-list names.
fn command(env: &Env, dir: &RuntimeDir, launcher: &Launcher, claim: File) -> Command {
    let mut command = Command::new(&launcher.program);
    command
        .args(&launcher.args)
        .env_clear()
        .envs(env.for_daemon(&launcher.passed))
        .env("HALLWAY_RUNTIME_DIR", dir.path())
        .env(READY_ENV, "1")
        .stdin(claim);
    command
}

/// Waits for the daemon on a thread of its own, so that it leaves no zombie however long this process lives.
fn reap(mut child: Child) -> Receiver<Option<ExitStatus>> {
    let (ended, exit) = sync_channel(1);
    // Without a thread there is a zombie until this process ends, and no exit status; the daemon itself is fine.
    let _ = thread::Builder::new().name("hallway-reaper".to_owned()).spawn(move || {
        let _ = ended.send(child.wait().ok());
    });
    exit
}
