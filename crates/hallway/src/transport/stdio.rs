//! The standard input and output of a child process: a sidecar that lives as long as its parent holds
//! the pipes.

use std::io::{self, Read, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::{Address, BlockingStream, Ready, TransportError, wait};

/// Starts `command` and speaks to it over its standard input and output; its standard error stays where
/// it was. Dropping the stream closes its input, which ends it, and waits for that.
///
/// # Errors
/// When the program cannot be started.
pub fn connect_blocking(command: &mut Command) -> Result<ChildPipes, TransportError> {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().and_then(ChildPipes::new);
    started.map_err(|source| TransportError::Connect { address: address(command), source })
}

fn address(command: &Command) -> Address {
    Address::Exec(command.get_program().into())
}

/// A child's pipes as one stream.
#[derive(Debug)]
pub struct ChildPipes {
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    child: Child,
}

impl ChildPipes {
    fn new(mut child: Child) -> io::Result<Self> {
        let (input, output) = (child.stdin.take(), child.stdout.take());
        if let Some(input) = &input {
            // Of this end of the pipe alone: the child's own end blocks as before.
            let flags = OFlag::from_bits_retain(fcntl(input, FcntlArg::F_GETFL)?);
            fcntl(input, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        }
        Ok(Self { input, output, child })
    }
}

impl Read for ChildPipes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.output.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.read(buffer)
    }
}

impl BlockingStream for ChildPipes {
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(bytes)
    }

    fn wait(&self, for_room: bool, timeout: Option<Duration>) -> io::Result<Ready> {
        let output = self.output.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        wait(output.as_fd(), self.input.as_ref().filter(|_| for_room).map(|input| input.as_fd()), timeout)
    }
}

impl Drop for ChildPipes {
    fn drop(&mut self) {
        // Both, so that a child that is in the middle of an answer comes to its end as well.
        drop((self.input.take(), self.output.take()));
        // Without this the child would stay a zombie until this process ends.
        let _reaped = self.child.wait();
    }
}

#[cfg(feature = "tokio")]
pub use with_tokio::{connect, own};

#[cfg(feature = "tokio")]
mod with_tokio {
    use tokio::process::{ChildStdin, ChildStdout, Command};

    use super::super::{Address, Duplex, Peer, ReadHalf, Stream, TransportError, WriteHalf};

    /// Starts `command` and speaks to it over its standard input and output; its standard error stays
    /// where it was. The child ends when its input closes, and is reaped by the runtime.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn connect(command: std::process::Command) -> Result<Duplex, TransportError> {
        let address = super::address(&command);
        let mut command = Command::from(command);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let connect = |source| TransportError::Connect { address: address.clone(), source };
        let mut child = command.spawn().map_err(connect)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(connect(std::io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Duplex { peer: Peer::unknown(address), stream: Stream::new(output, input) })
    }

    /// This process's own standard input and output, for the child's side.
    #[must_use]
    pub fn own() -> Duplex {
        let peer = Peer::unknown(Address::Exec(std::env::current_exe().unwrap_or_default()));
        Duplex { peer, stream: Stream::new(tokio::io::stdin(), tokio::io::stdout()) }
    }

    impl ReadHalf for ChildStdout {}

    impl ReadHalf for tokio::io::Stdin {}

    // A pipe has no half-closed state to ask for: the end of input is the end.

    impl WriteHalf for ChildStdin {
        fn peer_is_gone(&self) -> bool {
            true
        }
    }

    impl WriteHalf for tokio::io::Stdout {
        fn peer_is_gone(&self) -> bool {
            true
        }
    }
}
