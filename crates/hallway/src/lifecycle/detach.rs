//! Leaving the launcher's world: its descriptors, terminal, directory, signals and modes.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::stat::{Mode, SFlag, fstat, umask};
use nix::unistd::{chdir, close, dup2_stdin, dup2_stdout, setsid};

use super::{LifecycleError, Starting};

/// The variable by which a launcher says that standard output is the start-up channel.
pub(super) const READY_ENV: &str = "HALLWAY_READY";

/// The most descriptors that are tried one by one where the system cannot list them.
const MAX_UNLISTED: RawFd = 65_536;

/// Makes this process a daemon if a launcher started it, and returns the conversation with the launcher.
///
/// Call it first in `main`: before a thread is started, a file opened or a logger set up, since every descriptor but
/// the standard ones is closed. Then: standard input is `/dev/null`, output and error are the log, the working
/// directory is `/`, the session is its own, no signal is blocked, and what it creates is for its user alone. Signal
/// dispositions stay as inherited (only unsafe code can reset them): a daemon installs handlers for what it heeds.
///
/// The process stays its launcher's child until that ends; launchers reap it, and init does so after them.
///
/// Run in the foreground, by hand or under a supervisor, only the creation mask changes, and nobody listens.
///
/// # Errors
/// [`LifecycleError::Io`].
pub fn detach() -> Result<Starting, LifecycleError> {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
    if !is_launched() {
        return Ok(Starting::new(None, None));
    }
    close_inherited();
    let handed = match file_type(&io::stdin()) {
        // The start lock, or what a predecessor leaves.
        SFlag::S_IFREG | SFlag::S_IFSOCK => io::stdin().as_fd().try_clone_to_owned().ok(),
        _ => None,
    };
    let channel = take_channel().map_err(LifecycleError::io("take over", Path::new("standard output")))?;
    let null = Path::new("/dev/null");
    let empty = File::open(null).map_err(LifecycleError::io("open", null))?;
    dup2_stdin(&empty).map_err(LifecycleError::io("redirect", Path::new("standard input")))?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
        .map_err(LifecycleError::io("reset", Path::new("the signal mask")))?;
    match setsid() {
        // Whoever leads a process group already has left the launcher's.
        Ok(_) | Err(Errno::EPERM) => {}
        Err(errno) => return Err(LifecycleError::io("start", Path::new("a session"))(errno)),
    }
    let root = Path::new("/");
    chdir(root).map_err(LifecycleError::io("enter", root))?;
    Ok(Starting::new(Some(channel), handed))
}

/// A launcher's mark counts only if standard output is a channel: the daemon's own children inherit the mark.
fn is_launched() -> bool {
    let marked = std::env::var_os(READY_ENV).is_some_and(|mark| !mark.is_empty());
    marked && matches!(file_type(&io::stdout()), SFlag::S_IFIFO | SFlag::S_IFSOCK)
}

fn file_type(fd: &impl std::os::fd::AsFd) -> SFlag {
    fstat(fd).map_or(SFlag::empty(), |found| SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT)
}

/// Moves the start-up channel out of the way of prints, which go to the log from here on.
fn take_channel() -> io::Result<File> {
    let channel: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdout(io::stderr())?;
    let flags = OFlag::from_bits_truncate(fcntl(&channel, FcntlArg::F_GETFL)?);
    fcntl(&channel, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(File::from(channel))
}

/// Closes all but the standard descriptors. Only those of the launcher are there: nothing was opened yet.
fn close_inherited() {
    let listed = ["/proc/self/fd", "/dev/fd"].iter().find_map(|list| std::fs::read_dir(list).ok());
    let open: Vec<RawFd> = match listed {
        Some(entries) => {
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
        }
        None => {
            let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
            (0..RawFd::try_from(limit).unwrap_or(MAX_UNLISTED).min(MAX_UNLISTED)).collect()
        }
    };
    let last_standard = io::stderr().as_raw_fd();
    for fd in open.into_iter().filter(|fd| *fd > last_standard) {
        // The list has its own descriptor, closed by now.
        let _ = close(fd);
    }
}
