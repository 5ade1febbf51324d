//! Sockets from a supervisor, and what it wants to hear (`sd_listen_fds(3)`, `sd_notify(3)`).

use std::env::{var, var_os};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use nix::sys::socket::{SockType, UnixAddr, getsockname, getsockopt, sockopt};

use super::LifecycleError;
use super::descriptors::{MAX_DESCRIPTORS, inherit};
use super::handover::HandedSocket;

/// The first descriptor that is handed down.
const FIRST: RawFd = 3;

/// What stands before the name of a restricted set, in the name of its descriptor and of its directory. No other name
/// has it, so that a set whose name is misspelt is not taken for everything.
pub(super) const RESTRICTED: char = '+';

/// Takes over the sockets that this process was started with; `None` if there are none.
///
/// # Errors
/// [`LifecycleError::BadActivation`] if what there is cannot be accepted on.
pub(super) fn sockets() -> Result<Option<Vec<HandedSocket>>, LifecycleError> {
    let bad = |reason: String| LifecycleError::BadActivation { reason };
    let ours = var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string());
    let Some(count) = var("LISTEN_FDS").ok().filter(|_| ours) else { return Ok(None) };
    let count = count.parse().ok().filter(|count| (1..=MAX_DESCRIPTORS).contains(count));
    let count =
        count.ok_or_else(|| bad(format!("LISTEN_FDS is not a number from 1 to {MAX_DESCRIPTORS}")))?;
    let numbers: Vec<RawFd> = (FIRST..).take(count).collect();
    let owned =
        inherit(&numbers).map_err(|error| bad(format!("the descriptors from {FIRST} on: {error}")))?;
    let names = var("LISTEN_FDNAMES").unwrap_or_default();
    let names = names.split(':').map(Some).chain(std::iter::repeat(None));
    let taken = owned.into_iter().zip(names).map(|(listener, name)| {
        let scope = name.and_then(|name| name.strip_prefix(RESTRICTED)).map(str::to_owned);
        check(&listener).map_err(|rule| bad(format!("descriptor `{}` {rule}", name.unwrap_or_default())))?;
        Ok(HandedSocket { scope, listener, published: None })
    });
    taken.collect::<Result<_, _>>().map(Some)
}

fn check(socket: &OwnedFd) -> Result<(), &'static str> {
    let stream = getsockopt(socket, sockopt::SockType).is_ok_and(|kind| kind == SockType::Stream);
    let unix = {
        use std::os::fd::AsRawFd as _;
        getsockname::<UnixAddr>(socket.as_raw_fd()).is_ok_and(|address| address.path().is_some())
    };
    match getsockopt(socket, sockopt::AcceptConn) {
        _ if !stream || !unix => Err("is no Unix stream socket with a path"),
        Ok(true) => Ok(()),
        _ => Err("does not listen; the supervisor must not accept by itself (`Accept=no`)"),
    }
}

/// The supervisor that wants to hear how the daemon is.
#[derive(Debug)]
pub(super) struct Supervisor(Option<PathBuf>);

impl Supervisor {
    /// Who started this process, if that wants to hear. An abstract name is none: it has no owner.
    pub(super) fn of_this_process() -> Self {
        Self(var_os("NOTIFY_SOCKET").map(PathBuf::from).filter(|path| path.is_absolute()))
    }

    /// The daemon serves.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The daemon is about to leave.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, state: &str) {
        if let Some(Err(error)) = self.0.as_deref().map(|path| send(path, state)) {
            tracing::warn!(%error, state, "the supervisor was not told");
        }
    }
}

fn send(path: &Path, state: &str) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    // Its queue may be full; the daemon does not wait for it.
    socket.set_nonblocking(true)?;
    socket.send_to(state.as_bytes(), path).map(drop)
}
