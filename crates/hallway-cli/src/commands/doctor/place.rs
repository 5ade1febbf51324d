//! The files: the runtime directory, the service file, the socket, the locks.

use std::fs::symlink_metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use hallway::lifecycle::{
    Env, Holders, Instance, LastStart, LifecycleError, RuntimeDir, RuntimePath, ServiceFile, State, connect,
};
use nix::unistd::{AccessFlags, access};

use super::report::{Layer, Report};
use crate::service::{self, rule_name};

/// How long the daemon may take to accept a connection. It does nothing else for it than to take it from its queue.
const ACCEPT: Duration = Duration::from_secs(3);

/// Where Linux lists who has which lock.
const LOCKS: &str = "/proc/locks";

/// Looks at the files; returns a connection to the daemon if one could be made.
pub(super) fn examine(env: &Env, instance: &Instance, report: &mut Report) -> Option<UnixStream> {
    let dir = directory(env, report);
    installed(env, instance, report);
    let dir = dir?;
    let holders = Holders::of(&dir, instance);
    let state = State::of(&dir, instance);
    let socket = dir.path().join(format!("{instance}.sock"));
    let is_there = match look_at(&socket) {
        Ok(is_there) => is_there,
        Err(says) => {
            report.failed(Layer::Socket, says, format!("remove it: `rm {}`", socket.display()));
            return None;
        }
    };
    if !is_there {
        held(&holders, false, report);
        absent(&dir, instance, state, &holders, report);
        return None;
    }
    report.ok(Layer::Socket, socket.display().to_string());
    let stream = listening(env, instance, &holders, report);
    held(&holders, stream.is_some(), report);
    stream
}

/// The three layers that the one rule of the library for the directory is about.
fn directory(env: &Env, report: &mut Report) -> Option<RuntimeDir> {
    let chosen = match RuntimePath::choose(env) {
        Ok(chosen) => chosen,
        Err(error) => {
            report.failed(
                Layer::Directory,
                error.to_string(),
                "set HALLWAY_RUNTIME_DIR to a directory of your own",
            );
            return None;
        }
    };
    let mut says = format!("{}, by {}", chosen.path.display(), rule_name(chosen.rule));
    for skipped in &chosen.skipped {
        says += &format!("; passed over: {skipped}");
    }
    let error = match RuntimeDir::existing(env) {
        Ok(Some(dir)) => {
            let found = symlink_metadata(dir.path()).ok();
            report.ok(Layer::Directory, says);
            report.ok(Layer::Owner, format!("uid {}", found.as_ref().map_or(0, MetadataExt::uid)));
            report.ok(Layer::Mode, format!("{:04o}", found.map_or(0, |found| found.mode() & 0o7777)));
            return Some(dir);
        }
        Ok(None) => {
            report.ok(Layer::Directory, format!("{says}; it is not there yet, the first daemon makes it"));
            for layer in [Layer::Socket, Layer::Lock, Layer::Listening] {
                report.skipped(layer, "nothing runs");
            }
            return None;
        }
        Err(error) => error,
    };
    match error {
        LifecycleError::DirForeign { owner, euid, .. } => {
            report.ok(Layer::Directory, says);
            let remedy = "set HALLWAY_RUNTIME_DIR to a directory of your own, or run this as its owner";
            let says = format!("it belongs to uid {owner}, and this process runs as uid {euid}");
            report.failed(Layer::Owner, says, remedy);
        }
        LifecycleError::DirMode { path, mode } => {
            report.ok(Layer::Directory, says);
            report.ok(Layer::Owner, format!("uid {}", nix::unistd::Uid::effective()));
            let says = format!("{mode:04o} lets others in: group and others must have no access");
            report.failed(Layer::Mode, says, format!("`chmod 700 {}`", path.display()));
        }
        LifecycleError::DirUnsafe { path, rule, remedy } => {
            report.failed(Layer::Directory, format!("{}: {rule}", path.display()), remedy);
        }
        error => {
            let remedy = "put that right, or set HALLWAY_RUNTIME_DIR to a directory of your own";
            report.failed(Layer::Directory, error.to_string(), remedy);
        }
    }
    None
}

/// How clients start it.
fn installed(env: &Env, instance: &Instance, report: &mut Report) {
    let path = ServiceFile::path(env, instance).unwrap_or_default();
    let again = format!("run the service's program once from where it is now, or remove {}", path.display());
    match ServiceFile::read(env, instance) {
        Ok(file) if access(&file.program, AccessFlags::X_OK).is_err() => {
            let why = if file.program.exists() { "cannot be executed" } else { "is not there" };
            let says = format!("{} names {}, which {why}", path.display(), file.program.display());
            report.failed(Layer::Installed, says, again);
        }
        Ok(file) => {
            let version =
                if file.version.is_empty() { String::new() } else { format!(" ({})", file.version) };
            let says = format!("{} starts {}{version}", path.display(), file.program.display());
            report.ok(Layer::Installed, says);
        }
        Err(LifecycleError::NotInstalled { .. }) => match service::is_known(instance) {
            Ok(false) => {
                let (says, remedy) = service::unknown_words(instance);
                report.failed(Layer::Installed, says, remedy);
            }
            // Where the directory cannot be looked into, that is what is wrong.
            _ => report.skipped(Layer::Installed, format!("clients cannot start it: no {}", path.display())),
        },
        Err(LifecycleError::ServiceFileUnsafe { path, rule, remedy }) => {
            report.failed(Layer::Installed, format!("{} cannot be trusted: {rule}", path.display()), remedy);
        }
        Err(LifecycleError::BadServiceFile { path, reason }) => {
            report.failed(Layer::Installed, format!("{}: {reason}", path.display()), again);
        }
        Err(error) => report.failed(Layer::Installed, error.to_string(), again),
    }
}

/// Whether there is a socket.
fn look_at(path: &Path) -> Result<bool, String> {
    match symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => Ok(true),
        Ok(_) => Err(format!("{} is no socket", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn held(holders: &Holders, somebody_listens: bool, report: &mut Report) {
    match holders.life {
        Some(pid) => report.ok(Layer::Lock, format!("taken by process {pid}")),
        None if !Path::new(LOCKS).exists() => {
            report.skipped(Layer::Lock, "this system does not list who has it");
        }
        None if somebody_listens => report.failed(
            Layer::Lock,
            "free, and yet somebody listens: that is no daemon, or its lock file was taken away",
            "find out who it is, and end it: `ss -xlp` lists who listens",
        ),
        None => report.ok(Layer::Lock, "free"),
    }
}

/// No socket: nothing runs, or not yet, or not any more.
fn absent(dir: &RuntimeDir, instance: &Instance, state: State, holders: &Holders, report: &mut Report) {
    let last = LastStart::look(dir, instance);
    let words = last.as_ref().and_then(LastStart::failure);
    let words = words.map(|failure| format!("{} ({})", failure.message, failure.code));
    let died = last.as_ref().is_some_and(LastStart::died).then(|| "it died without a word".to_owned());
    match (state, holders.life.or(holders.start)) {
        // One that has said why it cannot serve may take a moment to be gone.
        (State::Starting, Some(pid)) if words.is_none() => {
            report.skipped(Layer::Socket, "none yet");
            let says = format!("starting, process {pid}: `hallway logs -f {instance}` shows how far");
            return report.ok(Layer::State, says);
        }
        (State::Starting, _) | (_, None) => {
            report.ok(Layer::Socket, "none, as nothing runs");
            report.skipped(Layer::Listening, "nothing runs");
        }
        (_, Some(pid)) => {
            let says =
                format!("none, and yet process {pid} has the lock: it is leaving, or hangs as it does");
            let remedy = format!("wait; if it stays, `kill {pid}`, and then `kill -9 {pid}`");
            return report.failed(Layer::Socket, says, remedy);
        }
    }
    match words.or(died) {
        _ if report.has_failed(Layer::Installed) => (),
        Some(why) => report.failed(
            Layer::State,
            format!("stopped; the last start failed: {why}"),
            format!("put that right, then `hallway start {instance}`"),
        ),
        None => {
            let says =
                format!("stopped, as it is while nobody needs it; `hallway start {instance}` starts it");
            report.ok(Layer::State, says);
        }
    }
}

fn listening(env: &Env, instance: &Instance, holders: &Holders, report: &mut Report) -> Option<UnixStream> {
    let pid = holders.life.map_or("PID".to_owned(), |pid| pid.to_string());
    match connect(env, instance, Instant::now() + ACCEPT) {
        Ok(stream) => {
            report.ok(Layer::Listening, "connects, to a process of this user");
            return Some(stream);
        }
        Err(LifecycleError::NotRunning { .. }) if holders.life.is_some() => report.failed(
            Layer::Listening,
            "nobody listens on the socket, and yet somebody has the lock: it is leaving, or hangs as it does",
            format!("wait; if it stays, `kill {pid}`, and then `kill -9 {pid}`"),
        ),
        Err(LifecycleError::NotRunning { .. }) => report.failed(
            Layer::Listening,
            "nobody listens on the socket: the daemon was killed, or crashed",
            format!("see the end of its log; `hallway start {instance}` replaces it"),
        ),
        Err(LifecycleError::DeadlinePassed { .. }) => report.failed(
            Layer::Listening,
            format!(
                "its queue of connections is full, and none was accepted in {} s: it hangs",
                ACCEPT.as_secs()
            ),
            format!("`kill {pid}`, then `hallway start {instance}`"),
        ),
        Err(LifecycleError::ServerUid { uid, .. }) => report.failed(
            Layer::Listening,
            format!("it is served by uid {uid}, and nothing was sent"),
            "find out whose it is; nobody else can write to the directory as it is now",
        ),
        Err(error) => report.failed(Layer::Listening, error.to_string(), "put that right"),
    }
    None
}
