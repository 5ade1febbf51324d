//! The daemon's own life: it starts, says so, serves, and leaves by one path whatever makes it leave.

use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::ready::Failure;
use super::{
    Env, Instance, InstanceLock, LifecycleError, LogFile, Published, Ready, Record, RuntimeDir, Starting,
    Turn, acquire_or_yield, detach, log_path, publish,
};
use crate::limits::DRAIN_DEADLINE;
use crate::server::{Server, ServerBuilder, ServerHandle};
use crate::transport::unix::Listener;

/// How long a starting daemon waits for its predecessor to leave: that drains for [`DRAIN_DEADLINE`], and
/// may have a store to close.
const TURN_DEADLINE: Duration = Duration::from_secs(30);

/// How long a daemon without clients stays, if it does not say otherwise.
const IDLE_EXIT: Duration = Duration::from_secs(10 * 60);

/// A daemon of one instance: what a program's `main` runs when it is started as one.
#[derive(Debug)]
pub struct Daemon {
    instance: Instance,
    program: String,
    version: String,
    idle_exit: Option<Duration>,
}

impl Daemon {
    /// The daemon of an instance, as a program of this name and version.
    #[must_use]
    pub fn new(instance: Instance, program: &str, version: &str) -> Self {
        let (program, version) = (program.to_owned(), version.to_owned());
        Self { instance, program, version, idle_exit: Some(IDLE_EXIT) }
    }

    /// Leaves after so long without a client; zero means never. Ten minutes if not said.
    #[must_use]
    pub fn idle_exit(mut self, after: Duration) -> Self {
        self.idle_exit = Some(after).filter(|after| !after.is_zero());
        self
    }

    /// Runs the daemon to its end. Call it before the process has started a thread or opened a file.
    ///
    /// `start` opens what the services need and adds them to the server; it runs while this process holds
    /// the instance's lock, on the runtime that will serve. What it says through [`Starting`], and the
    /// error it returns, reach the client that waits.
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
        match self.prepare(&mut starting, start) {
            Ok(None) => {
                starting.ready(&Ready::yielded());
                ExitCode::SUCCESS
            }
            Ok(Some(prepared)) => prepared.serve(starting, self.idle_exit),
            Err(failure) => cannot_start(Some(starting), &failure),
        }
    }

    /// Everything up to the moment when clients may come. `None`: another daemon serves.
    fn prepare<S>(&self, starting: &mut Starting, start: S) -> Result<Option<Prepared>, Failure>
    where
        S: FnOnce(&mut Starting, ServerBuilder) -> Result<ServerBuilder, Failure>,
    {
        let env = Env::process();
        log_to(&env, &self.instance, starting.is_launched());
        let dir = RuntimeDir::open(&env)?;
        let turn = acquire_or_yield(&dir, &self.instance, starting, Instant::now() + TURN_DEADLINE)?;
        let Turn::Mine(lock) = turn else { return Ok(None) };
        let system = LifecycleError::io("start", std::path::Path::new("the runtime"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(system)?;
        let entered = runtime.enter();
        let signals = Signals::new()?;
        let server = Server::builder().program(format!("{} {}", self.program, self.version));
        let server = start(starting, server)?.build();
        drop(entered);
        let (listener, published) = publish(&lock)?;
        Record::of(&lock, &self.version).write(&lock)?;
        Ok(Some(Prepared { server, listener, published, signals, runtime, lock }))
    }
}

/// A daemon that can serve. Its parts go in this order: the lock last, for whoever gets it may open the
/// same store.
struct Prepared {
    server: Server,
    listener: UnixListener,
    published: Published,
    signals: Signals,
    runtime: Runtime,
    lock: InstanceLock,
}

impl Prepared {
    fn serve(self, starting: Starting, idle_exit: Option<Duration>) -> ExitCode {
        let Self { server, listener, published, signals, runtime, lock } = self;
        let served = runtime.block_on(async {
            let mut listener = Listener::from_std(published.path(), listener)?;
            starting.ready(&Ready::serving());
            tokio::spawn(leave_on_signal(signals, server.handle()));
            tokio::spawn(leave_when_idle(idle_exit, server.handle()));
            let withdraw = async {
                if let Err(error) = published.withdraw(&lock) {
                    tracing::warn!(%error, "the socket could not be withdrawn");
                }
            };
            server.serve_until_drained(&mut listener, withdraw).await?;
            drop(listener);
            server.drained().await;
            std::io::Result::Ok(())
        });
        drop(server);
        runtime.shutdown_timeout(DRAIN_DEADLINE);
        tracing::info!("stopped");
        // Whatever a thread of the service still holds, a store's own lock perhaps, goes with the process; so
        // does this lock, and not before.
        std::mem::forget(lock);
        match served {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(%error, "the listener failed");
                ExitCode::FAILURE
            }
        }
    }
}

/// The signals that make a daemon leave, caught from before it says that it is ready.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, LifecycleError> {
        let catch =
            |kind| signal(kind).map_err(LifecycleError::io("catch", std::path::Path::new("a signal")));
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
async fn leave_on_signal(mut signals: Signals, server: ServerHandle) {
    let name = signals.next().await;
    server.drain(name);
    let name = signals.next().await;
    tracing::warn!("{name} again: leaving at once");
    #[expect(clippy::exit, reason = "asked twice, by a person or a supervisor, not to wait for anything")]
    std::process::exit(1);
}

async fn leave_when_idle(after: Option<Duration>, server: ServerHandle) {
    if let Some(after) = after {
        server.idle(after).await;
        server.drain("idle");
    }
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
