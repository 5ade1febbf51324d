//! Daemons that are held at the door: a gate hears of each before its program is executed, and lets it go.
//!
//! The launcher starts `gate-part held PROGRAM ARGUMENTS`, which says on a socket that it is there, waits until that is
//! closed, and executes the program. Where nobody holds, it goes on at once.

use std::io::{self, Read as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::socket::sockopt::{PeerCredentials, ReceiveTimeout};
use nix::sys::socket::{getsockopt, setsockopt};
use nix::sys::time::TimeVal;
use nix::unistd::Pid;

use hallway::lifecycle::Launcher;

use super::world::{PATIENCE, World};

/// The socket's name in the gate's place.
const NAME: &str = "hold.sock";

/// Holds the daemons of a place from now until it is dropped.
pub(super) struct Hold {
    listener: UnixListener,
    path: PathBuf,
}

impl Hold {
    pub(super) fn new(world: &World) -> io::Result<Self> {
        let path = world.path(NAME);
        let listener = UnixListener::bind(&path)?;
        let patience = TimeVal::new(i64::try_from(PATIENCE.as_secs()).unwrap_or(i64::MAX), 0);
        setsockopt(&listener, ReceiveTimeout, &patience)?;
        Ok(Self { listener, path })
    }

    /// Waits for the next one.
    pub(super) fn next(&self) -> io::Result<Held> {
        let (stream, _) = self.listener.accept()?;
        let pid = peer(&stream)?;
        Ok(Held { pid, _until_closed: stream })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Who finds it closed goes on as who finds nothing.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// A process that is about to execute a daemon, and does so when this is dropped.
pub(super) struct Held {
    pub(super) pid: Pid,
    _until_closed: UnixStream,
}

/// The process that made the other end, or listened at it.
pub(super) fn peer(stream: &UnixStream) -> io::Result<Pid> {
    Ok(Pid::from_raw(getsockopt(stream, PeerCredentials)?.pid()))
}

/// What this program is given to be that process.
pub(super) fn arguments(program: &Path, arguments: &[&str]) -> Vec<String> {
    let before = ["gate-part".to_owned(), "held".to_owned(), program.to_string_lossy().into_owned()];
    before.into_iter().chain(arguments.iter().map(|argument| (*argument).to_owned())).collect()
}

/// Starts a daemon that can be held.
pub(super) fn launcher(program: &Path, given: &[&str]) -> io::Result<Launcher> {
    Ok(arguments(program, given).into_iter().fold(Launcher::this_program()?, Launcher::arg))
}

/// The part itself: returns only if the program cannot be executed.
pub(super) fn part(program: &str, arguments: &[&str]) -> io::Error {
    let dir = std::env::var_os("HALLWAY_GATE_DIR").map(PathBuf::from).unwrap_or_default();
    if let Ok(mut held) = UnixStream::connect(dir.join(NAME)) {
        let _let_go = held.read_to_end(&mut Vec::new());
    }
    Command::new(program).args(arguments).exec()
}
