//! The client's way to a daemon: connect, and start one if nobody answers.

use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::unistd::Uid;

use super::clock::uptime_ms;
use super::files::Kind;
use super::last_start::{Asking, Next};
use super::launch::{Heard, launch};
use super::publish::stream_socket;
use super::served::has_served;
use super::{
    Env, Instance, Launcher, LifecycleError, Phase, RuntimeDir, RuntimePath, SpawnLock, StartError, log_path,
};
use crate::transport::{Address, Peer};

/// How many daemons a call starts before it stops believing them. One may leave for idleness before it is reached.
const MAX_STARTS: u32 = 3;

/// The least time that a connection attempt is given, so that a passed deadline still finds a daemon that is there.
const MIN_ATTEMPT: Duration = Duration::from_millis(1);

/// Connects to an instance's daemon and never starts one.
///
/// If the daemon is busy, waits in its queue. The stream is in blocking mode, and the process at its other end has
/// been verified to run as the same user.
///
/// # Errors
/// [`LifecycleError::NotRunning`], [`LifecycleError::DeadlinePassed`], [`LifecycleError::ServerUid`], and what
/// [`RuntimeDir::existing`] refuses.
pub fn connect(env: &Env, instance: &Instance, deadline: Instant) -> Result<UnixStream, LifecycleError> {
    match RuntimeDir::existing(env)? {
        Some(dir) => connect_in(&dir, instance, deadline),
        None => {
            let path = RuntimePath::choose(env)?.path.join(Kind::Socket.of(instance));
            Err(LifecycleError::NotRunning { instance: instance.clone(), path })
        }
    }
}

/// Connects to an instance's daemon; if nobody answers, starts it and waits until it serves.
///
/// Any number of processes may do so at once: one daemon comes up and all of them reach it, or one fails and all of them
/// hear why. `on_phase` hears what it is busy with. When the deadline passes the daemon goes on starting.
///
/// # Errors
/// [`StartError`]; a daemon that fails is reported in its own words as soon as it says them, or as it dies. One that has
/// failed over and over is not started again at once: [`StartError::HeldBack`].
pub fn ensure_running(
    env: &Env,
    instance: &Instance,
    launcher: &Launcher,
    deadline: Instant,
    on_phase: &mut dyn FnMut(Phase),
) -> Result<UnixStream, StartError> {
    let late = |error| late(error, env, instance);
    let mut came = uptime_ms();
    if let Some(stream) = unless_absent(connect(env, instance, deadline)).map_err(late)? {
        return Ok(stream);
    }
    let dir = RuntimeDir::open(env)?;
    for started in 0..MAX_STARTS {
        let claim = match SpawnLock::acquire_hearing(&dir, instance, deadline, on_phase).map_err(late)? {
            Some(claim) => claim,
            None => match unless_absent(connect_in(&dir, instance, deadline)).map_err(late)? {
                Some(stream) => return Ok(stream),
                None => SpawnLock::acquire(&dir, instance, deadline).map_err(late)?,
            },
        };
        if let Some(stream) = unless_absent(connect_in(&dir, instance, deadline)).map_err(late)? {
            return Ok(stream);
        }
        let last = claim.last_start().unwrap_or_default();
        if last.failure().is_none() && (started > 0 || !claim.was_waited_for()) {
            // Nobody was starting: if that one died, it was dead already, whenever that was found out. Or it is the one
            // that told us that it is ready, also if that is not written down.
            came = uptime_ms();
        }
        let asking = Asking::now(came, launcher, has_served(&dir, instance));
        let failures = match last.next(&asking) {
            Next::Start { failures } => failures,
            Next::Tell { failures, .. } if launcher.waits_for_nothing() => failures,
            Next::Tell { failures, pause } => {
                let (socket, log) = (dir.path_of(&Kind::Socket.of(instance)), log_path(env, instance)?);
                let error = StartError::again(instance, &last, failures, socket, log);
                return Err(error.held_back(failures, pause));
            }
        };
        let mut launched = launch(env, &dir, launcher, instance, claim, failures)?;
        let heard = launched.listen(deadline, on_phase)?;
        if let Some(stream) = unless_absent(connect_in(&dir, instance, deadline)).map_err(late)? {
            return Ok(stream);
        }
        if let Heard::Nothing = heard {
            return Err(launched.died(uptime_ms(), deadline));
        }
    }
    let (path, log) = (dir.path_of(&Kind::Socket.of(instance)), log_path(env, instance)?);
    Err(StartError::Unanswered { instance: instance.clone(), starts: MAX_STARTS, path, log })
}

/// Connects through the directory's descriptor and verifies who answers before a byte is sent.
pub(super) fn connect_in(
    dir: &RuntimeDir,
    instance: &Instance,
    deadline: Instant,
) -> Result<UnixStream, LifecycleError> {
    let name = Kind::Socket.of(instance);
    let address = dir.socket_addr(&name)?;
    let fail = |errno| LifecycleError::io("connect to", &dir.path_of(&name))(errno);
    let stream = UnixStream::from(stream_socket().map_err(fail)?);
    loop {
        // A full queue is waited for in the kernel, which looks the name up anew when the listener goes.
        let left = deadline.saturating_duration_since(Instant::now());
        stream
            .set_write_timeout(Some(left.max(MIN_ATTEMPT)))
            .map_err(LifecycleError::io("set", &dir.path_of(&name)))?;
        match nix::sys::socket::connect(stream.as_raw_fd(), &address) {
            Ok(()) => break,
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if Instant::now() < deadline => {}
            Err(Errno::EAGAIN) => {
                return Err(LifecycleError::DeadlinePassed {
                    waited_for: "the daemon to accept the connection",
                });
            }
            // A dead daemon's socket is as good as none.
            Err(errno @ (Errno::ENOENT | Errno::ECONNREFUSED))
                if errno == Errno::ENOENT || !crate::chaos::without("dead-sockets") =>
            {
                return Err(LifecycleError::NotRunning {
                    instance: instance.clone(),
                    path: dir.path_of(&name),
                });
            }
            Err(errno) => return Err(fail(errno)),
        }
    }
    stream.set_write_timeout(None).map_err(LifecycleError::io("set", &dir.path_of(&name)))?;
    let address = Address::Unix(dir.path_of(&name));
    let peer =
        Peer::of_unix(address, &stream).map_err(LifecycleError::io("identify", &dir.path_of(&name)))?;
    if !peer.is_same_user() {
        let (uid, euid) = (peer.uid.unwrap_or(u32::MAX), Uid::effective().as_raw());
        return Err(LifecycleError::ServerUid { path: dir.path_of(&name), uid, euid });
    }
    Ok(stream)
}

fn unless_absent(
    connected: Result<UnixStream, LifecycleError>,
) -> Result<Option<UnixStream>, LifecycleError> {
    match connected {
        Ok(stream) => Ok(Some(stream)),
        Err(LifecycleError::NotRunning { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Tells where the log is in the error about a deadline.
fn late(error: LifecycleError, env: &Env, instance: &Instance) -> StartError {
    match (error, log_path(env, instance)) {
        (LifecycleError::DeadlinePassed { waited_for }, Ok(log)) => {
            StartError::DeadlinePassed { instance: instance.clone(), waited_for, phase: None, log }
        }
        (error, _) => error.into(),
    }
}
