//! The daemon's own life: it starts, says so, serves, and leaves by one path whatever makes it leave.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::door::Door;
use super::ready::Failure;
use super::{
    Env, Instance, InstanceLock, LifecycleError, LogFile, Ready, Record, RuntimeDir, ServiceFile, Starting,
    Turn, acquire_or_yield, detach, log_path,
};
use crate::limits::DRAIN_DEADLINE;
use crate::server::{Server, ServerBuilder, ServerHandle};

/// How long a starting daemon waits for its predecessor to leave: that drains for [`DRAIN_DEADLINE`], and
/// may have a store to close.
const TURN_DEADLINE: Duration = Duration::from_secs(30);

/// How long a daemon without clients stays, if it does not say otherwise.
const IDLE_EXIT: Duration = Duration::from_secs(10 * 60);

/// How long a daemon waits at least for its first client: whoever had it started is on the way, and would
/// find nobody if it left before.
const FIRST_CLIENT: Duration = Duration::from_secs(5);

/// How long a daemon that nobody calls has to live to be of use all the same.
const OF_USE: Duration = Duration::from_secs(10);

/// How long work in the background goes on after the last call has been answered or given up. Short, for
/// the calls may have taken all of [`DRAIN_DEADLINE`].
const BACKGROUND_GRACE: Duration = Duration::from_millis(200);

/// A daemon of one instance: what a program's `main` runs when it is started as one.
#[derive(Debug)]
pub struct Daemon {
    instance: Instance,
    program: String,
    version: String,
    args: Option<Vec<String>>,
    passed: Vec<String>,
    idle_exit: Option<Duration>,
}

impl Daemon {
    /// The daemon of an instance, as a program of this name and version.
    #[must_use]
    pub fn new(instance: Instance, program: &str, version: &str) -> Self {
        let (program, version) = (program.to_owned(), version.to_owned());
        let idle_exit = Some(IDLE_EXIT);
        Self { instance, program, version, args: None, passed: Vec::new(), idle_exit }
    }

    /// Leaves after so long without a client; zero means never. Ten minutes if not said.
    #[must_use]
    pub fn idle_exit(mut self, after: Duration) -> Self {
        self.idle_exit = Some(after).filter(|after| !after.is_zero());
        self
    }

    /// The arguments that make the program this daemon, for its [`ServiceFile`]; those of this process if not
    /// said. To be said where they may hold a relative path: the next start is from another directory.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args = Some(args.into_iter().map(Into::into).collect());
        self
    }

    /// A variable that clients who start it let through, besides [`PASSED_ENV`](super::PASSED_ENV): it is
    /// named in the daemon's [`ServiceFile`].
    #[must_use]
    pub fn pass_env(mut self, name: &str) -> Self {
        self.passed.push(name.to_owned());
        self
    }

    /// How clients start this daemon: what [`run`](Self::run) keeps in its place, for a program's `install` to put
    /// there before the first run. `summary` says what the service is for:
    /// [`Description::summary`](crate::service::Description::summary). An `install` says [`args`](Self::args) first,
    /// since its own are not the daemon's.
    ///
    /// # Errors
    /// [`LifecycleError::Io`] if the system does not tell which program this is, or its arguments are no text.
    pub fn service_file(&self, summary: &str) -> Result<ServiceFile, LifecycleError> {
        let file = ServiceFile::this_program(self.instance.clone())?;
        let args = self.args.clone().map_or_else(own_args, Ok)?;
        let (description, version) = (summary.to_owned(), self.version.clone());
        Ok(ServiceFile { args, description, version, env: self.passed.clone(), ..file })
    }

    /// Runs the daemon to its end. Call it before the process has started a thread or opened a file, and let
    /// the process end when it returns: the instance's lock is held until then, since a thread that does not
    /// stop may still use what the lock guards.
    ///
    /// `start` opens what the services need and adds them to the server; it runs while this process holds
    /// the instance's lock, on the runtime that will serve. What it says through [`Starting`], and the
    /// error it returns, reach the client that waits. A signal that comes before it has returned ends the
    /// process at once.
    ///
    /// A daemon that serves keeps its instance's [`ServiceFile`] up to date: it names this program wherever
    /// that is, below a cargo target directory too. If it cannot be written, that is logged and nothing more.
    ///
    /// Exits with 0 after it has served or found another daemon serving, with 1 if it cannot start.
    pub fn run<S>(self, start: S) -> ExitCode
    where
        S: FnOnce(&mut Starting, ServerBuilder) -> Result<ServerBuilder, Failure>,
    {
        let mut starting = match detach() {
            Ok(starting) => starting,
            Err(error) => return cannot_start(None, &error.into()),
        };
        let lock = match self.take_turn(&mut starting) {
            Ok(Turn::Mine(lock)) => &*Box::leak(Box::new(lock)),
            Ok(Turn::Yielded) => {
                tracing::info!(instance = %self.instance, "another daemon serves, this one leaves");
                starting.ready(&Ready::yielded());
                return ExitCode::SUCCESS;
            }
            Err(failure) => return cannot_start(Some(starting), &failure),
        };
        let runtimes = match Runtimes::new() {
            Ok(runtimes) => runtimes,
            Err(error) => return cannot_start(Some(starting), &error.into()),
        };
        match self.prepare(&mut starting, lock, &runtimes, start) {
            Ok(prepared) => prepared.serve(runtimes, starting, self.idle_exit),
            Err(failure) => {
                // What the start has begun is not waited for.
                runtimes.workers.shutdown_background();
                cannot_start(Some(starting), &failure)
            }
        }
    }

    fn take_turn(&self, starting: &mut Starting) -> Result<Turn, Failure> {
        let env = Env::process();
        log_to(&env, &self.instance, starting.is_launched());
        let dir = RuntimeDir::open(&env)?;
        Ok(acquire_or_yield(&dir, &self.instance, starting, Instant::now() + TURN_DEADLINE)?)
    }

    /// Everything up to the moment when clients may come.
    fn prepare<S>(
        &self,
        starting: &mut Starting,
        lock: &'static InstanceLock,
        runtimes: &Runtimes,
        start: S,
    ) -> Result<Prepared, Failure>
    where
        S: FnOnce(&mut Starting, ServerBuilder) -> Result<ServerBuilder, Failure>,
    {
        let _entered = runtimes.workers.enter();
        let server = Server::builder().program(format!("{} {}", self.program, self.version));
        let server = start(starting, server)?;
        let summary = server.summary_for(self.instance.service());
        let server = server.build();
        let signals = Signals::new(&runtimes.control)?;
        let door = Door::open(lock, Record::of(lock, &self.version), server.handle())?;
        if let Err(error) = self.service_file(&summary).and_then(|file| file.write(&Env::process())) {
            // Clients that bring a launcher do without.
            tracing::warn!(%error, "no service file of this daemon");
        }
        Ok(Prepared { server, door, signals, lock })
    }
}

fn own_args() -> Result<Vec<String>, LifecycleError> {
    let args: Result<_, OsString> = std::env::args_os().skip(1).map(OsString::into_string).collect();
    let not_text = |arg| io::Error::new(io::ErrorKind::InvalidData, format!("{arg:?} is not UTF-8"));
    args.map_err(not_text).map_err(LifecycleError::io("write down", Path::new("the arguments")))
}

/// Two runtimes, so that a handler that blocks its thread, and with it perhaps all others, cannot keep the
/// daemon from hearing a signal and leaving.
struct Runtimes {
    /// Serves.
    workers: Runtime,
    /// Decides when to leave, on the main thread.
    control: Runtime,
}

impl Runtimes {
    fn new() -> Result<Self, LifecycleError> {
        let build = |mut runtime: Builder| {
            runtime.enable_all().build().map_err(LifecycleError::io("start", Path::new("the runtime")))
        };
        Ok(Self {
            workers: build(Builder::new_multi_thread())?,
            control: build(Builder::new_current_thread())?,
        })
    }
}

/// A daemon that can serve.
struct Prepared {
    server: Server,
    door: Door,
    signals: Signals,
    lock: &'static InstanceLock,
}

impl Prepared {
    fn serve(self, runtimes: Runtimes, starting: Starting, idle_exit: Option<Duration>) -> ExitCode {
        let Self { server, door, signals, lock } = self;
        let Runtimes { workers, control } = runtimes;
        let handle = server.handle();
        let first_client = handle.used();
        let serving = workers.spawn(async move {
            starting.ready(&Ready::serving());
            let name = door.withdrawal();
            let served = server.serve_until_drained(door, async { name.withdraw() }).await;
            server.drained().await;
            served
        });
        let served = control.block_on(async {
            tokio::select! {
                biased;
                never = leave_on_signal(signals, &handle) => match never {},
                never = leave_when_idle(idle_exit, first_client, &handle) => match never {},
                never = note_of_use(lock, &handle) => match never {},
                served = serving => served.unwrap_or_else(|panic| Err(panic.into())),
                () = overdue(&handle) => Ok(()),
            }
        });
        workers.shutdown_timeout(BACKGROUND_GRACE);
        tracing::info!("stopped");
        match served {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(%error, "the listener failed");
                ExitCode::FAILURE
            }
        }
    }
}

/// The signals that make a daemon leave, caught from before clients can come.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new(runtime: &Runtime) -> Result<Self, LifecycleError> {
        let _entered = runtime.enter();
        let catch = |kind| signal(kind).map_err(LifecycleError::io("catch", Path::new("a signal")));
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The first signal drains; the second does not wait.
async fn leave_on_signal(mut signals: Signals, server: &ServerHandle) -> Infallible {
    let name = signals.next().await;
    server.drain(name);
    let name = signals.next().await;
    tracing::warn!("{name} again: leaving at once");
    #[expect(clippy::exit, reason = "asked twice, by a person or a supervisor, not to wait for anything")]
    std::process::exit(1)
}

async fn leave_when_idle(
    after: Option<Duration>,
    first_client: impl Future<Output = ()>,
    server: &ServerHandle,
) -> Infallible {
    if let Some(after) = after {
        let _came = tokio::time::timeout(FIRST_CLIENT, first_client).await;
        server.idle(after).await;
        server.drain("idle");
    }
    std::future::pending().await
}

/// Writes down that this daemon is of use, once it is.
async fn note_of_use(lock: &InstanceLock, server: &ServerHandle) -> Infallible {
    let _either = tokio::time::timeout(OF_USE, server.answered()).await;
    lock.served();
    std::future::pending().await
}

/// Ends when the workers should have drained and have not: handlers block their threads.
async fn overdue(server: &ServerHandle) {
    server.draining().await;
    tokio::time::sleep(DRAIN_DEADLINE + BACKGROUND_GRACE / 2).await;
    tracing::warn!("handlers block every thread; leaving without them");
}

fn cannot_start(starting: Option<Starting>, failure: &Failure) -> ExitCode {
    tracing::error!(code = failure.code, "cannot start: {}", failure.message);
    match starting {
        Some(starting) if starting.is_launched() => starting.failed(&failure.code, &failure.message),
        _ => eprintln!("cannot start: {} [{}]", failure.message, failure.code),
    }
    ExitCode::FAILURE
}

/// Sends what is logged to the instance's log, or, in the foreground, to standard error. `RUST_LOG` chooses
/// what. What a peer has sent is logged in its debug form, which escapes control characters.
fn log_to(env: &Env, instance: &Instance, launched: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let file = log_path(env, instance).ok().filter(|_| launched).and_then(|path| LogFile::open(path).ok());
    let file = file.and_then(|mut file| file.capture_stdio().ok().map(|()| file));
    // A program that logs in its own way has set that up already.
    let _set = match file {
        Some(file) => log.with_writer(Mutex::new(file)).try_init(),
        None => log.with_writer(std::io::stderr).try_init(),
    };
}
