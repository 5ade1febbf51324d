//! How a daemon makes way for its successor, and goes on if that one cannot serve.
//!
//! A daemon that may serve *beside* its successor starts it, goes on serving until it hears that the successor does,
//! and drains. Any other daemon has things open, a store for one, that its successor needs: it drains first, and what
//! has drained cannot be trusted to have closed everything, since a thread that does not stop may still write. So it
//! executes its own program anew in its place, with nothing but the lock and the sockets: that ends every thread and
//! closes every file. This *interim* starts the successor, and serves by itself if that one fails: from a start like
//! any other, so a daemon needs no way to open again what it has closed. Clients wait in the queue meanwhile.

use std::cell::Cell;
use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::{AccessFlags, access};
use tokio::sync::mpsc::Receiver;

use super::launch::{Channel, spawn};
use super::ready::{Failure, Word};
use super::sockets::Sockets;
use super::{Env, InstanceLock, Launcher, Record, ServiceFile};
use crate::server::{Request, RestartError, ServerHandle};

/// How long a successor may say nothing before it is given up. A long start, one that migrates a store, tells of its
/// phases meanwhile.
const SILENCE: Duration = Duration::from_secs(30);

/// What a daemon that makes way says to its clients.
const REASON: &str = "a successor takes over";

/// How a daemon is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Not by itself: who runs it by hand would be left with another one in the background.
    ByHand,
    /// By leaving: the supervisor that has its sockets starts the next one.
    BySupervisor,
    /// By a successor that starts when this one has closed everything.
    After,
    /// By a successor that starts while this one serves.
    Beside,
}

/// A daemon's way out in favour of another one.
#[derive(Debug)]
pub(super) struct Succession {
    pub(super) manner: Manner,
    pub(super) lock: &'static InstanceLock,
    pub(super) sockets: Arc<Sockets>,
    /// The arguments that make this program this daemon.
    pub(super) args: Vec<OsString>,
    /// What is to become of the process once it has drained: the interim.
    pub(super) becomes_interim: Cell<bool>,
}

impl Succession {
    /// Answers those who ask that the daemon be replaced, until it is.
    pub(super) async fn serve(
        &self,
        mut requests: Receiver<Request>,
        server: &ServerHandle,
        record: &Record,
    ) -> Infallible {
        while let Some(request) = requests.recv().await {
            let outcome = self.make_way(server).await;
            let makes_way = outcome.is_ok();
            if let Err(RestartError::SuccessorFailed { .. }) = outcome {
                self.record_again(record);
            }
            // Who asked may have gone.
            let _ = request.send(outcome);
            if makes_way {
                break;
            }
        }
        drop(requests);
        std::future::pending().await
    }

    async fn make_way(&self, server: &ServerHandle) -> Result<(), RestartError> {
        let successor = match self.manner {
            Manner::ByHand => {
                let reason = "the daemon was started by hand; stop it there, and start it again";
                return Err(RestartError::cannot(reason));
            }
            // Its sockets are not this daemon's to withdraw, and the others are.
            Manner::BySupervisor => {
                server.drain(REASON);
                return Ok(());
            }
            Manner::After => {
                self.launcher()?;
                None
            }
            Manner::Beside => Some(self.start_beside().await?),
        };
        if crate::chaos::without("handover") {
            self.sockets.withdraw_all(self.lock);
        }
        if !server.hand_over(REASON) {
            // A successor goes with this daemon.
            return Err(RestartError::cannot("the daemon is about to leave"));
        }
        match successor {
            None => self.becomes_interim.set(true),
            Some(successor) => {
                successor.let_go();
                // From here on the queue is the successor's: if it dies, nobody must wait there.
                self.sockets.leave();
            }
        }
        Ok(())
    }

    /// A successor that failed late has put its own record in the place of this daemon's, or was about to.
    fn record_again(&self, record: &Record) {
        // Unless this daemon is about to leave itself.
        if let Ok(Some(true)) = self.sockets.is_current(None) {
            let _for_people = record.write(self.lock);
        }
    }

    /// Starts a successor and waits until it serves.
    async fn start_beside(&self) -> Result<TakenBack, RestartError> {
        let successor = self.start()?;
        let taken_back = TakenBack(Some(Arc::clone(&successor.child)));
        match tokio::task::spawn_blocking(move || successor.wait()).await {
            Ok(Ok(())) => Ok(taken_back),
            Ok(Err(failure)) => Err(RestartError::SuccessorFailed { reason: failure.message }),
            Err(error) => Err(RestartError::cannot(error)),
        }
    }

    /// As the interim: starts the successor and waits until it serves. Why it does not, otherwise.
    pub(super) fn start_first(&self) -> Result<(), String> {
        let successor = self.start().map_err(|error| error.to_string())?;
        successor.wait().map_err(|failure| failure.message)
    }

    fn start(&self) -> Result<Successor, RestartError> {
        let (env, lock) = (Env::process(), self.lock);
        let (_ours, stdin) = self.sockets.hand_over(lock, false).map_err(RestartError::cannot)?;
        let spawned = spawn(&env, lock.dir(), &self.launcher()?, lock.instance(), stdin, |_| ());
        let (child, channel) = spawned.map_err(RestartError::cannot)?;
        Ok(Successor { child: Arc::new(Mutex::new(child)), channel })
    }

    /// The installed program; this one, if none is.
    fn launcher(&self) -> Result<Launcher, RestartError> {
        let launcher = match ServiceFile::read(&Env::process(), self.lock.instance()) {
            Ok(file) => file.launcher(),
            Err(error) => {
                tracing::warn!(%error, "the successor is this program");
                let program = own_program().map_err(RestartError::cannot)?;
                self.args.iter().fold(Launcher::new(program), Launcher::arg)
            }
        };
        let program = launcher.program();
        access(program, AccessFlags::X_OK).map_err(|errno| {
            let program = program.display();
            RestartError::cannot(format!("{program} cannot be executed: {}", errno.desc()))
        })?;
        Ok(launcher)
    }

    /// Executes this program anew in this process's place; returns only if that fails.
    pub(super) fn become_interim(&self) -> io::Error {
        let exec = || {
            let (ours, stdin) = self.sockets.hand_over(self.lock, true)?;
            let mut command = Command::new(own_program()?);
            // The interim speaks as every daemon does that was launched. Nobody listens but it itself, until it has
            // its output in hand, so that what a library prints before does not fail.
            command.args(&self.args).stdin(stdin).stdout(ours);
            Err(command.exec())
        };
        exec().unwrap_or_else(|error: io::Error| error)
    }
}

/// This program's file, also if something else has its name by now.
fn own_program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let running = Path::new("/proc/self/exe");
    let file = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino()));
    match (file(&path), file(running)) {
        (Ok(named), Ok(running)) if named == running => Ok(path),
        (_, Ok(_)) => Ok(running.to_owned()),
        _ => Ok(path),
    }
}

/// A daemon that has been started to take over.
struct Successor {
    child: Arc<Mutex<Child>>,
    channel: Channel,
}

impl Successor {
    /// Waits until it serves. If it does not, it is gone when this returns, with whatever it had opened.
    fn wait(mut self) -> Result<(), Failure> {
        let failure = loop {
            match self.channel.words.next(Instant::now() + SILENCE) {
                Ok(Some(Word::Phase(phase))) => {
                    tracing::info!(phase = phase.name, detail = phase.detail, "the successor starts");
                }
                Ok(Some(Word::Ready(ready))) if !ready.yielded => return Ok(()),
                Ok(Some(Word::Ready(_))) => {
                    break Failure::new("yielded", "it does not know how to take over from another daemon");
                }
                Ok(Some(Word::Failed(failure))) => break failure,
                Ok(None) => {
                    // Without its channel it cannot tell any more; it may not have ended.
                    let status = end(&self.child);
                    let died = self.channel.died(status);
                    return Err(Failure::new(died.code(), &died));
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    break Failure::new("deadline_passed", format!("it said nothing for {SILENCE:?}"));
                }
                Err(error) => break Failure::new("io", error),
            }
        };
        end(&self.child);
        Err(failure)
    }
}

/// Ends a process and waits until it is gone. How it ended, if that was by itself.
fn end(child: &Mutex<Child>) -> Option<std::process::ExitStatus> {
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    let by_itself = child.try_wait().ok().flatten();
    // One that has been waited for is not killed.
    let _gone = child.kill();
    by_itself.or_else(|| child.wait().ok())
}

/// A successor that is ended if it is not let go: the daemon leaves for another reason, and it with it.
struct TakenBack(Option<Arc<Mutex<Child>>>);

impl TakenBack {
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for TakenBack {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            end(child);
        }
    }
}
