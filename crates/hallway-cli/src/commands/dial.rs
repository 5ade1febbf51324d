//! `hallway dial`: standard input and output as a service's socket.
//!
//! Each direction has a thread, and a buffer of a fixed size: who does not read keeps the other side from writing, as on the
//! socket itself. Either side may end its half and go on reading. When the service's side is gone, or nobody reads any
//! more, that is the end.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use hallway::lifecycle::Instance;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::dup2_stdout;

use crate::args::Within;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::service;

/// The end of the command's help.
pub(crate) const HELP: &str = "\
Examples:
  ssh host hallway dial mail                   the mail daemon of another machine, as a pipe
  socat UNIX-LISTEN:mail.sock,fork EXEC:'ssh host hallway dial mail'
  echo '{\"id\":1,\"call\":\"hallway.ping\"}' | hallway dial mail

Exits with 0 when its input has ended and all answers are out, or nobody reads them; with 3 when the service has gone.";

/// Whom to speak to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `mail`, or `mail@work` for one of several.
    service: String,
    #[command(flatten)]
    within: Within,
}

/// How much is carried at once, each way.
const BUFFER: usize = 64 << 10;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let instance = service::instance(&arguments.service)?;
    let connector = service::starting(&instance, arguments.within.deadline);
    let socket = connector.reach().map_err(|error| service::explain(error.into(), &instance))?;
    let broken =
        |error: io::Error| Failure::new(Exit::Unreachable, "io", format!("cannot carry on: {error}"));
    let input_ended = Arc::new(AtomicBool::new(false));
    let (to_service, ended) = (socket.try_clone().map_err(broken)?, Arc::clone(&input_ended));
    // It ends with the process, if not before.
    thread::Builder::new()
        .name("dial-input".to_owned())
        .spawn(move || carry_input(&to_service, &ended))
        .map_err(broken)?;
    match carry_output(&socket).map_err(broken)? {
        End::OfReader => Ok(()),
        End::OfService if input_ended.load(Ordering::Acquire) => Ok(()),
        End::OfService => Err(gone(&instance)),
    }
}

fn gone(instance: &Instance) -> Failure {
    Failure::new(Exit::Unreachable, "closed_by_peer", format!("{instance} has closed the connection"))
        .hint(format!("what it did last: `hallway logs {instance}`; dialling again starts it"))
}

/// From standard input to the service. The end of the one is the end of this half of the other.
fn carry_input(mut socket: &UnixStream, ended: &AtomicBool) {
    let copied = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(File::from)
        .and_then(|mut input| io::copy(&mut input, &mut socket));
    if copied.is_ok() {
        ended.store(true, Ordering::Release);
    }
    // If the service reads no more, its own end tells the rest.
    let _gone_already = socket.shutdown(Shutdown::Write);
}

/// Whose end it was.
#[derive(Debug, PartialEq, Eq)]
enum End {
    OfService,
    OfReader,
}

/// From the service to standard output, until either is gone.
fn carry_output(mut socket: &UnixStream) -> io::Result<End> {
    // Byte for byte: the handle of the standard library keeps back what is no whole line.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut buffer = vec![0; BUFFER];
    loop {
        // A reader that has gone is noticed while the service is silent, too.
        let mut watched =
            [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(output.as_fd(), PollFlags::empty())];
        wait(&mut watched)?;
        let [service, reader] = watched.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if reader.intersects(PollFlags::POLLERR | PollFlags::POLLHUP) {
            return Ok(End::OfReader);
        }
        if service.is_empty() {
            continue;
        }
        let count = match socket.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // It went with something unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => return Err(error),
        };
        if count == 0 {
            break;
        }
        match output.write_all(buffer.get(..count).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(End::OfReader),
            written => written?,
        }
    }
    // This half has ended, and whoever reads has to see it while the other one goes on.
    drop(output);
    dup2_stdout(File::open("/dev/null")?)?;
    // Both halves have: the process on the other side is gone, or this one's input is.
    wait(&mut [PollFd::new(socket.as_fd(), PollFlags::empty())])?;
    Ok(End::OfService)
}

/// Waits until something is to be said of one of them.
fn wait(watched: &mut [PollFd<'_>]) -> io::Result<()> {
    loop {
        match poll(watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}
