//! The daemon's own life: it starts, says so, serves, and leaves by one path whatever makes it leave.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tracing_subscriber::EnvFilter;

use super::activation::{self, Supervisor};
use super::door::Door;
use super::handover::Handover;
use super::log::Foreground;
use super::ready::Failure;
use super::sockets::Sockets;
use super::successor::{Manner, Succession};
use super::turn::acquire_activated;
use super::{
    Env, Instance, InstanceLock, LifecycleError, LogFile, Ready, Record, RuntimeDir, ServiceFile, Starting,
    Turn, acquire_or_yield, descriptors, detach, log_path,
};
use crate::limits::DRAIN_DEADLINE;
use crate::server::{Request, Server, ServerBuilder, ServerHandle};
use crate::service::Scope;

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
    restricted: Vec<Scope>,
    overlaps: bool,
}

impl Daemon {
    /// The daemon of an instance, as a program of this name and version.
    #[must_use]
    pub fn new(instance: Instance, program: &str, version: &str) -> Self {
        let (program, version) = (program.to_owned(), version.to_owned());
        let (idle_exit, passed, restricted) = (Some(IDLE_EXIT), Vec::new(), Vec::new());
        Self { instance, program, version, args: None, passed, idle_exit, restricted, overlaps: false }
    }

    /// Leaves after so long without a client; zero means never. Ten minutes if not said.
    #[must_use]
    pub fn idle_exit(mut self, after: Duration) -> Self {
        self.idle_exit = Some(after).filter(|after| !after.is_zero());
        self
    }

    /// Says that the daemon may serve beside its successor for a while: it has nothing open that the other one
    /// needs. So a successor starts at once, and is served by when it is ready. Without this, it starts when this
    /// daemon has drained and its process has closed everything; clients wait meanwhile.
    #[must_use]
    pub fn overlaps(mut self) -> Self {
        self.overlaps = true;
        self
    }

    /// Listens on a second socket that carries only some methods, for a sandbox or an agent that is to have no
    /// more: `NAME.sock` in the directory `NAME+SCOPE`, which is what such a program is given as its
    /// `HALLWAY_RUNTIME_DIR`. Which socket a client came in on decides, and nothing that it says.
    #[must_use]
    pub fn restricted(mut self, scope: Scope) -> Self {
        self.restricted.push(scope);
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
        let place = match self.take_turn(&mut starting) {
            Ok(Some(place)) => place,
            Ok(None) => {
                tracing::info!(instance = %self.instance, "another daemon serves, this one leaves");
                starting.ready(&Ready::yielded());
                return ExitCode::SUCCESS;
            }
            Err(failure) => return cannot_start(Some(starting), &failure),
        };
        let mut restart_failed = None;
        if place.interim {
            match place.succession.start_first() {
                Ok(()) => return ExitCode::SUCCESS,
                Err(reason) => {
                    tracing::error!(reason, "the successor could not serve; this daemon goes on");
                    restart_failed = Some(reason);
                }
            }
        }
        descriptors::make_room();
        let runtimes = match Runtimes::new() {
            Ok(runtimes) => runtimes,
            Err(error) => return cannot_start(Some(starting), &error.into()),
        };
        let (requests, restarts) = tokio::sync::mpsc::channel(1);
        let server = Server::builder().restarted_by(requests).restart_failed(restart_failed);
        match self.prepare(&mut starting, &place.succession, &runtimes, server, start) {
            Ok((server, doors, record, signals)) => {
                let succession = place.succession;
                let prepared = Prepared { server, doors, record, signals, restarts, succession };
                prepared.serve(runtimes, starting, self.idle_exit)
            }
            Err(failure) => {
                // What the start has begun is not waited for.
                runtimes.workers.shutdown_background();
                if place.interim {
                    // Nobody else is there for those who wait.
                    place.succession.sockets.withdraw_all(place.succession.lock);
                }
                cannot_start(Some(starting), &failure)
            }
        }
    }

    /// Becomes the one daemon; `None` if another one serves.
    fn take_turn(&self, starting: &mut Starting) -> Result<Option<Place>, Failure> {
        let launched = starting.is_launched();
        // First of all: what is known by its number only is still what it was.
        let activated = if launched { None } else { activation::sockets()? };
        let env = Env::process();
        log_to(&env, &self.instance, launched);
        let dir = RuntimeDir::open(&env)?;
        let deadline = Instant::now() + TURN_DEADLINE;
        let place = |lock, manner, handed, interim| {
            let lock = &*Box::leak(Box::new(lock));
            let sockets = Arc::new(Sockets::adopt(lock, handed)?);
            let given = self.args.as_ref().map(|args| args.iter().map(OsString::from).collect());
            let args = given.unwrap_or_else(|| std::env::args_os().skip(1).collect());
            let succession = Succession { manner, lock, sockets, args, becomes_interim: Cell::new(false) };
            Ok(Some(Place { succession, interim }))
        };
        let launched = match (launched, self.overlaps) {
            (false, _) => Manner::ByHand,
            (true, false) => Manner::After,
            (true, true) => Manner::Beside,
        };
        if let Some(handed) = activated {
            let lock = acquire_activated(&dir, &self.instance, starting, deadline)?;
            return place(lock, Manner::BySupervisor, handed, false);
        }
        if let Some(Handover { lock, sockets, interim }) = starting.handed().and_then(Handover::read) {
            if let Some(lock) = InstanceLock::adopt(&dir, &self.instance, lock)? {
                return place(lock, launched, sockets, interim);
            }
            tracing::warn!("the lock that was handed over is none; starting as any other daemon does");
        }
        match acquire_or_yield(&dir, &self.instance, starting, deadline)? {
            Turn::Mine(lock) => place(lock, launched, Vec::new(), false),
            Turn::Yielded => Ok(None),
        }
    }

    /// Everything up to the moment when clients may come.
    fn prepare<S>(
        &self,
        starting: &mut Starting,
        succession: &Succession,
        runtimes: &Runtimes,
        server: ServerBuilder,
        start: S,
    ) -> Result<(Server, Vec<Door>, Record, Signals), Failure>
    where
        S: FnOnce(&mut Starting, ServerBuilder) -> Result<ServerBuilder, Failure>,
    {
        let _entered = runtimes.workers.enter();
        let server = server.program(format!("{} {}", self.program, self.version));
        let server =
            start(starting, self.restricted.iter().cloned().fold(server, ServerBuilder::restricted))?;
        let summary = server.summary_for(self.instance.service());
        let server = server.build();
        self.check_restricted(&server)?;
        let signals = Signals::new(&runtimes.control)?;
        let Succession { lock, sockets, .. } = succession;
        sockets.complete(lock, self.restricted.iter().map(Scope::name))?;
        let record = Record::of(lock, &self.version);
        if let Err(error) = record.write(lock) {
            // It is for people; clients do without.
            tracing::warn!(%error, "no record of this daemon");
        }
        let door = |(scope, listener)| Door::new(scope, listener, succession, &record, server.handle());
        let doors = sockets.listeners()?.into_iter().map(door).collect();
        if let Err(error) = self.service_file(&summary).and_then(|file| file.write(&Env::process())) {
            // Clients that bring a launcher do without.
            tracing::warn!(%error, "no service file of this daemon");
        }
        Ok((server, doors, record, signals))
    }

    /// A restricted set with a name that nobody has would be smaller than it looks, and one that is no file name
    /// would be a socket elsewhere.
    fn check_restricted(&self, server: &Server) -> Result<(), Failure> {
        let offered = server.offered();
        for scope in &self.restricted {
            Instance::new(scope.name())?;
            if let Some(method) = scope.missing_in(&offered) {
                let message =
                    format!("the restricted set `{}` names {method}, which there is not", scope.name());
                return Err(Failure::new("bad_scope", message));
            }
        }
        Ok(())
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

/// After how many turns of its tasks a thread asks the system for news. Handlers may compute for a
/// [`TURN_TIME`](crate::limits::TURN_TIME) in each, and as long as nobody asks, whoever has just called is not heard:
/// with tokio's 61, two clients that pipeline such calls kept all others waiting 18 ms in the median. To ask oftener
/// costs nothing that can be measured, `epoll_wait` being short beside a turn that reads and writes.
const NEWS_EVERY: u32 = 4;

impl Runtimes {
    fn new() -> Result<Self, LifecycleError> {
        let build = |mut runtime: Builder| {
            runtime
                .event_interval(NEWS_EVERY)
                .enable_all()
                .build()
                .map_err(LifecycleError::io("start", Path::new("the runtime")))
        };
        Ok(Self {
            workers: build(Builder::new_multi_thread())?,
            control: build(Builder::new_current_thread())?,
        })
    }
}

/// A process that is the one daemon.
struct Place {
    succession: Succession,
    /// The successor has not been tried yet.
    interim: bool,
}

/// A daemon that can serve.
struct Prepared {
    server: Server,
    doors: Vec<Door>,
    record: Record,
    signals: Signals,
    restarts: Receiver<Request>,
    succession: Succession,
}

impl Prepared {
    fn serve(self, runtimes: Runtimes, starting: Starting, idle_exit: Option<Duration>) -> ExitCode {
        let Self { server, doors, record, signals, restarts, succession } = self;
        let Runtimes { workers, control } = runtimes;
        let handle = server.handle();
        let first_client = handle.used();
        let supervisor = Arc::new(Supervisor::of_this_process());
        let serves = Arc::clone(&supervisor);
        let (lock, sockets) = (succession.lock, Arc::clone(&succession.sockets));
        let serving = workers.spawn(async move {
            starting.ready(&Ready::serving());
            serves.ready();
            let accepting = doors.into_iter().filter_map(|door| {
                let scope = door.scope().map(str::to_owned);
                let server =
                    scope.as_deref().map_or_else(|| Some(server.clone()), |name| server.restricted(name))?;
                let sockets = Arc::clone(&sockets);
                let withdraw = async move { sockets.withdraw(scope.as_deref(), lock) };
                Some(async move { server.serve_until_drained(door, withdraw).await })
            });
            let served = try_join_all(accepting).await.map(|_all| ());
            server.drained().await;
            served
        });
        let served = control.block_on(async {
            tokio::select! {
                biased;
                never = leave_on_signal(signals, &handle) => match never {},
                never = leave_when_idle(idle_exit, first_client, &handle) => match never {},
                never = note_of_use(lock, &handle) => match never {},
                never = succession.serve(restarts, &handle, &record) => match never {},
                never = tell_of_drain(&supervisor, &handle) => match never {},
                served = serving => served.unwrap_or_else(|panic| Err(panic.into())),
                () = overdue(&handle) => Ok(()),
            }
        });
        workers.shutdown_timeout(BACKGROUND_GRACE);
        if succession.becomes_interim.get() {
            tracing::info!("drained; a successor starts");
            let error = succession.become_interim();
            tracing::error!(%error, "cannot execute this program again");
            succession.sockets.withdraw_all(lock);
            return ExitCode::FAILURE;
        }
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

async fn tell_of_drain(supervisor: &Supervisor, server: &ServerHandle) -> Infallible {
    server.draining().await;
    supervisor.stopping();
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

/// Logs a panic, and where `RUST_BACKTRACE` asks for it how it came to that.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    match backtrace.status() {
        BacktraceStatus::Captured => tracing::error!(thread, "{panic}\n{backtrace}"),
        _ => tracing::error!(thread, "{panic}"),
    }
}

/// Sends what is logged to the instance's log, or, in the foreground, to standard error. `RUST_LOG` chooses
/// what. A panic is logged as well, so that it is one record like everything else: its message may hold what a peer has
/// sent.
fn log_to(env: &Env, instance: &Instance, launched: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // What cannot be logged is lost. To say so on standard error, which is the log, would panic.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).log_internal_errors(false);
    let file = log_path(env, instance).ok().filter(|_| launched).and_then(|path| LogFile::open(path).ok());
    let file = file.and_then(|mut file| file.capture_stdio().ok().map(|()| file));
    // A program that logs in its own way has set that up already.
    let _set = match file {
        Some(file) => {
            std::panic::set_hook(Box::new(log_panic));
            log.with_writer(Mutex::new(file)).try_init()
        }
        None => log.with_writer(Mutex::new(Foreground(std::io::stderr()))).try_init(),
    };
}
