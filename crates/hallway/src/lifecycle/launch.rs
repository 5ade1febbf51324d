//! Starting a daemon's process and listening to it until it serves.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

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

    /// Returns the program and its arguments.
    #[cfg(feature = "tokio")]
    pub(super) fn command_line(&self) -> (&Path, &[OsString]) {
        (&self.program, &self.args)
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
    channel: Channel,
    exit: Receiver<Option<ExitStatus>>,
}

/// What is heard and read of a daemon that starts.
pub(super) struct Channel {
    instance: Instance,
    pub(super) words: Words,
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
    let handed = claim.file().try_clone();
    let handed = handed.map_err(|source| StartError::cannot_launch(instance, launcher.program(), source))?;
    let begin = |mark: Option<&StartMark>| claim.begin(launcher, failures, mark);
    let spawned = spawn(env, dir, launcher, instance, handed.into(), begin);
    let (child, channel) = spawned.inspect_err(|_| claim.forget())?;
    // The daemon has it now.
    drop(claim);
    Ok(Launched { dir: dir.clone(), instance: instance.clone(), channel, exit: reap(child) })
}

/// Starts the daemon's process, with this as its standard input. `begin` is told where in the log that is.
pub(super) fn spawn(
    env: &Env,
    dir: &RuntimeDir,
    launcher: &Launcher,
    instance: &Instance,
    stdin: OwnedFd,
    begin: impl FnOnce(Option<&StartMark>),
) -> Result<(Child, Channel), StartError> {
    let cannot = |source| StartError::cannot_launch(instance, launcher.program(), source);
    let log = log_path(env, instance)?;
    // A daemon without a log is better than none: the home may be read-only.
    let (output, mark) = match StartMark::write(&log, &format!("{instance} by pid {}", std::process::id())) {
        Ok((file, mark)) => (Stdio::from(file), Ok(mark)),
        Err(error) => (Stdio::null(), Err(error)),
    };
    let (ours, theirs) = UnixStream::pair().map_err(cannot)?;
    begin(mark.as_ref().ok());
    let child = command(env, dir, launcher, stdin)
        .stdout(OwnedFd::from(theirs))
        .stderr(output)
        .spawn()
        .map_err(cannot)?;
    Ok((child, Channel { instance: instance.clone(), words: Words::new(ours), mark, log }))
}

impl Channel {
    /// What to say of a daemon that ended without a word, with what it has logged.
    pub(super) fn died(self, status: Option<ExitStatus>) -> StartError {
        let tail = match &self.mark {
            Ok(mark) => mark.tail(),
            Err(error) => format!("(it could not be written: {error})"),
        };
        StartError::DaemonDied { instance: self.instance, status, tail, log: self.log }
    }
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
            match self.channel.words.next(deadline) {
                Ok(Some(Word::Phase(phase))) => {
                    last = Some(phase.name.clone());
                    on_phase(phase);
                }
                Ok(Some(Word::Ready(_))) => return Ok(Heard::Ready),
                Ok(Some(Word::Failed(failure))) => {
                    let (instance, log) = (self.channel.instance.clone(), self.channel.log.clone());
                    let (code, message) = (failure.code, failure.message);
                    return Err(StartError::DaemonFailed { instance, code, message, log });
                }
                Ok(None) => return Ok(Heard::Nothing),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    let (instance, log) = (self.channel.instance.clone(), self.channel.log.clone());
                    let waited_for = "its daemon to start";
                    return Err(StartError::DeadlinePassed { instance, waited_for, phase: last, log });
                }
                Err(error) => {
                    return Err(LifecycleError::io("listen to", Path::new("the daemon"))(error).into());
                }
            }
        }
    }

    /// Finds out how the daemon ended, which was heard at a time since the boot, and quotes what it logged.
    pub(super) fn died(self, heard: u64, deadline: Instant) -> StartError {
        let grace = deadline.saturating_duration_since(Instant::now()).min(EXIT_GRACE);
        let status = self.exit.recv_timeout(grace).ok().flatten();
        if let Ok(claim) = SpawnLock::try_acquire(&self.dir, &self.instance) {
            // Nobody waits who would do it.
            claim.settle(Some(heard));
        }
        self.channel.died(status)
    }
}

/// Prepares the daemon's process: nothing of ours but the directory, the input, and what the allow-list names.
fn command(env: &Env, dir: &RuntimeDir, launcher: &Launcher, stdin: OwnedFd) -> Command {
    let mut command = Command::new(&launcher.program);
    command
        .args(&launcher.args)
        .env_clear()
        .envs(env.for_daemon(&launcher.passed))
        .env("HALLWAY_RUNTIME_DIR", dir.path())
        .env(READY_ENV, "1")
        .stdin(stdin);
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
