//! What can go wrong between a client and a daemon before the first byte of a message.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::{Instance, LastStart};

/// A place, a lock or a socket that is not as it must be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// A service or instance name breaks the rule for names.
    #[error("`{given}` is not a usable {what} name: {rule}")]
    BadName {
        /// `service` or `instance`.
        what: &'static str,
        /// The name as given.
        given: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The directory cannot be used, or not relied on.
    #[error("{path} cannot be the runtime directory: {rule}; {remedy}")]
    DirUnsafe {
        /// The directory.
        path: PathBuf,
        /// The rule that it breaks.
        rule: String,
        /// What to do about it.
        remedy: String,
    },
    /// The directory's mode lets others in.
    #[error(
        "{path} cannot be the runtime directory: its mode is {mode:04o}, and group and others must have no access; \
         run `chmod 700 {path}`"
    )]
    DirMode {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The directory belongs to somebody else.
    #[error(
        "{path} cannot be the runtime directory: it belongs to uid {owner}, and this process runs as uid {euid}; \
         set HALLWAY_RUNTIME_DIR to a directory of your own, or run as its owner"
    )]
    DirForeign {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        euid: u32,
    },
    /// No rule gave a directory.
    #[error("there is no {what} ({}); set {variable} to one", .tried.join("; "))]
    NoDir {
        /// What for.
        what: &'static str,
        /// The variable that gives one.
        variable: &'static str,
        /// Each candidate with the reason why not.
        tried: Vec<String>,
    },
    /// The socket's path does not fit into a socket address, and this system has no way around it.
    #[error(
        "{path} is {bytes} bytes long and a socket path may have {limit}; set HALLWAY_RUNTIME_DIR to a shorter one"
    )]
    PathTooLong {
        /// The socket.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// The longest path that fits.
        limit: usize,
    },
    /// Something else stands where the lock file belongs, or locks do not work there.
    #[error("{path} cannot be locked: {reason}; remove it, or set HALLWAY_RUNTIME_DIR to a local directory")]
    LockUnusable {
        /// The lock file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another process holds the lock.
    #[error("{path} is locked by another process")]
    LockHeld {
        /// The lock file.
        path: PathBuf,
    },
    /// The caller's deadline passed.
    #[error("the deadline passed while waiting for {waited_for}")]
    DeadlinePassed {
        /// What had not happened yet.
        waited_for: &'static str,
    },
    /// The socket is served by another user. Nothing was sent.
    #[error("{path} is served by uid {uid}, not by uid {euid}: nothing was sent")]
    ServerUid {
        /// The socket.
        path: PathBuf,
        /// Who serves it.
        uid: u32,
        /// Who we are.
        euid: u32,
    },
    /// Nobody serves this instance.
    #[error("{instance} is not running (nobody answers at {path})")]
    NotRunning {
        /// The instance.
        instance: Instance,
        /// Where its socket would be.
        path: PathBuf,
    },
    /// Nobody serves this instance, and nothing tells how to start it.
    #[error(
        "{instance} does not run and cannot be started: there is no {path}; run its program once, \
         or the program's `install`"
    )]
    NotInstalled {
        /// The instance.
        instance: Instance,
        /// Where its service file would be.
        path: PathBuf,
    },
    /// Somebody else could have written a service file.
    #[error("{path} decides what is executed and cannot be trusted: {rule}; {remedy}")]
    ServiceFileUnsafe {
        /// The file, or a directory that it is in.
        path: PathBuf,
        /// The rule that it breaks.
        rule: String,
        /// What to do about it.
        remedy: String,
    },
    /// A service file does not say how to start its instance.
    #[error("{path} is no usable service file: {reason}; remove it, and run the service's program once")]
    BadServiceFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// What a supervisor has handed down cannot be served on.
    #[error("cannot take over the supervisor's sockets: {reason}")]
    BadActivation {
        /// Why not.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl LifecycleError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "bad_name",
            Self::DirUnsafe { .. } | Self::DirMode { .. } => "dir_unsafe",
            Self::DirForeign { .. } => "dir_foreign",
            Self::NoDir { .. } => "no_dir",
            Self::PathTooLong { .. } => "path_too_long",
            Self::LockUnusable { .. } => "lock_unusable",
            Self::LockHeld { .. } => "lock_held",
            Self::DeadlinePassed { .. } => "deadline_passed",
            Self::ServerUid { .. } => "server_uid",
            Self::NotRunning { .. } => "not_running",
            Self::NotInstalled { .. } => "not_installed",
            Self::ServiceFileUnsafe { .. } => "service_file_unsafe",
            Self::BadServiceFile { .. } => "bad_service_file",
            Self::BadActivation { .. } => "bad_activation",
            Self::Io { .. } => "io",
        }
    }

    /// Makes the closure for `map_err` that says what was tried on what.
    pub(super) fn io<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { action, path, source: error.into() }
    }
}

/// A daemon that could not be reached nor started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The place is not as it must be.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The daemon's program could not be executed.
    #[error("cannot start {program} as the daemon of {instance}: {source}{}", named_by(.service_file.as_deref()))]
    CannotLaunch {
        /// The instance.
        instance: Instance,
        /// The program.
        program: PathBuf,
        /// The service file that names it, if one does.
        service_file: Option<PathBuf>,
        /// The system's answer.
        source: io::Error,
    },
    /// The daemon said itself why it cannot serve.
    #[error("the daemon of {instance} cannot start: {message} (log: {log})")]
    DaemonFailed {
        /// The instance.
        instance: Instance,
        /// The daemon's own code.
        code: String,
        /// The daemon's own words.
        message: String,
        /// Its log.
        log: PathBuf,
    },
    /// The daemon ended, or closed its start-up channel, without a word.
    #[error("the daemon of {instance} gave up while starting ({}); its log, {log}, ends:\n{tail}", ended(.status.as_ref()))]
    DaemonDied {
        /// The instance.
        instance: Instance,
        /// How it ended; `None` if it lives on without serving.
        status: Option<ExitStatus>,
        /// What it logged since this start, the last lines of it.
        tail: String,
        /// Its log.
        log: PathBuf,
    },
    /// The caller's deadline passed. The daemon, if one was launched, goes on starting.
    #[error("{instance} is not ready: the deadline passed while waiting for {waited_for}{} (log: {log})", last(.phase.as_deref()))]
    DeadlinePassed {
        /// The instance.
        instance: Instance,
        /// What had not happened yet.
        waited_for: &'static str,
        /// The last phase that the daemon spoke of.
        phase: Option<String>,
        /// Its log.
        log: PathBuf,
    },
    /// Daemons report that they are ready, and yet nobody answers.
    #[error(
        "{starts} daemons of {instance} said that they were ready and none answers at {path} (log: {log})"
    )]
    Unanswered {
        /// The instance.
        instance: Instance,
        /// How many were tried.
        starts: u32,
        /// The socket.
        path: PathBuf,
        /// Their log.
        log: PathBuf,
    },
    /// The daemon has failed several times in a row, and is left alone for a moment.
    #[error(
        "{last}\nit has failed {failures} times in a row and is not started again for {:.1} s",
        .pause.as_secs_f32().max(0.1)
    )]
    HeldBack {
        /// How often it has failed.
        failures: u32,
        /// How long until it may be started again.
        pause: Duration,
        /// How it failed the last time.
        last: Box<Self>,
    },
}

impl StartError {
    pub(super) fn cannot_launch(instance: &Instance, program: &Path, source: io::Error) -> Self {
        let (instance, program) = (instance.clone(), program.to_owned());
        Self::CannotLaunch { instance, program, service_file: None, source }
    }

    /// How the last start failed, for somebody who did not make it.
    pub(super) fn again(
        instance: &Instance,
        last: &LastStart,
        failures: u32,
        socket: PathBuf,
        log: PathBuf,
    ) -> Self {
        let instance = instance.clone();
        if let Some(failure) = last.failure().cloned() {
            return Self::DaemonFailed { instance, code: failure.code, message: failure.message, log };
        }
        if last.was_ready() {
            return Self::Unanswered { instance, starts: failures, path: socket, log };
        }
        let (log, tail) = last.logged().unwrap_or((log, String::new()));
        Self::DaemonDied { instance, status: None, tail, log }
    }

    pub(super) fn held_back(self, failures: u32, pause: Duration) -> Self {
        match pause {
            Duration::ZERO => self,
            pause => Self::HeldBack { failures, pause, last: Box::new(self) },
        }
    }

    /// Returns the stable code of this error; for [`StartError::DaemonFailed`] the daemon's own.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Lifecycle(error) => error.code(),
            Self::CannotLaunch { .. } => "cannot_launch",
            Self::DaemonFailed { code, .. } => code,
            Self::DaemonDied { .. } => "daemon_died",
            Self::DeadlinePassed { .. } => "deadline_passed",
            Self::Unanswered { .. } => "unanswered",
            Self::HeldBack { last, .. } => last.code(),
        }
    }

    /// Tells which service file names the program.
    pub(super) fn named_by(mut self, path: PathBuf) -> Self {
        if let Self::CannotLaunch { service_file, .. } = &mut self {
            *service_file = Some(path);
        }
        self
    }
}

fn named_by(service_file: Option<&Path>) -> String {
    service_file.map_or_else(String::new, |path| {
        let path = path.display();
        format!("; {path} names it: run the service's program once from where it is now, or remove {path}")
    })
}

fn ended(status: Option<&ExitStatus>) -> String {
    status.map_or_else(
        || "it ended, or closed its start-up channel, without a word".to_owned(),
        ToString::to_string,
    )
}

fn last(phase: Option<&str>) -> String {
    phase.map_or_else(String::new, |phase| format!(" (last phase: {phase})"))
}
