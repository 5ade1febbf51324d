//! One connection of a client that keeps to no rule: it waits for nobody for longer than it likes.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::SendTimeout;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, setsockopt, socket};
use nix::sys::time::TimeVal;

use super::speech::{Said, Speech};

/// Between one of a publisher's calls and the next.
const PUBLISHES: Duration = Duration::from_millis(100);

/// A socket, and how to speak to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) socket: PathBuf,
    pub(crate) speech: Speech,
}

/// A connection that never blocks.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(super) stream: UnixStream,
    speech: Speech,
    /// What was read and is no whole message yet.
    unread: Vec<u8>,
    /// How many calls have ended, where answers have no id.
    ended: u64,
}

impl Peer {
    /// Connects; waits a while where the daemon's queue is full.
    pub(crate) fn connect(target: &Target) -> io::Result<Self> {
        let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&socket, SendTimeout, &TimeVal::new(QUEUES, 0))?;
        nix::sys::socket::connect(socket.as_raw_fd(), &UnixAddr::new(&target.socket)?)?;
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(true)?;
        Ok(Self { stream, speech: target.speech, unread: Vec::new(), ended: 0 })
    }

    /// Sends as much as there is room for now.
    pub(crate) fn offer(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            sent => sent,
        }
    }

    /// Sends all of it.
    pub(crate) fn send(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        send(&self.stream, bytes, patience)
    }

    /// Publishes this again and again. Whoever cannot be asked is looked at by the victim.
    pub(crate) fn publish_until(&mut self, events: &str, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) && self.ask("publish", events).is_ok() {
            std::thread::sleep(PUBLISHES);
        }
    }

    /// Everything that has come, of which there may be nothing.
    pub(crate) fn said(&mut self) -> io::Result<Vec<Said>> {
        let mut said = Vec::new();
        self.bodies(|speech, body| said.push(speech.read(body)))?;
        if self.speech == Speech::Varlink {
            for said in &mut said {
                self.ended += 1;
                said.id = Some(self.ended);
            }
        }
        Ok(said)
    }

    /// Waits for a whole message to come; none has, if the time has run out.
    pub(crate) fn hear(&mut self, patience: Duration) -> io::Result<Vec<Said>> {
        let until = Instant::now() + patience;
        loop {
            let there =
                wait(&self.stream, PollFlags::POLLIN, until.saturating_duration_since(Instant::now()))?;
            let said = self.said()?;
            if !said.is_empty() || !there {
                return Ok(said);
            }
        }
    }

    /// Calls, and waits for the whole answer. Only where nothing else is open.
    pub(crate) fn ask(&mut self, method: &str, params: &str) -> io::Result<serde_json::Value> {
        let call = self.speech.call(ASKED, method, params);
        self.send(&call, PATIENCE)?;
        let until = Instant::now() + PATIENCE;
        let mut answer = None;
        while answer.is_none() && Instant::now() < until {
            wait(&self.stream, PollFlags::POLLIN, until.saturating_duration_since(Instant::now()))?;
            self.bodies(|_, body| {
                let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
                if value.get("id").and_then(serde_json::Value::as_u64) == Some(ASKED) {
                    answer = Some(value);
                }
            })?;
        }
        let mut answer = answer.ok_or(io::ErrorKind::TimedOut)?;
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(io::Error::other(format!("{method} was answered with {answer}"))),
        }
    }

    fn bodies(&mut self, mut each: impl FnMut(Speech, &[u8])) -> io::Result<()> {
        let mut buffer = [0; 64 << 10];
        let ended = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.unread.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
            if self.unread.len() > AT_A_TIME {
                break Ok(());
            }
        };
        let mut start = 0;
        while let Some((body, length)) = self.speech.body(&self.unread[start..]) {
            each(self.speech, body);
            start += length;
        }
        self.unread.drain(..start);
        // The last words are heard before the end.
        if start > 0 { Ok(()) } else { ended }
    }
}

/// How long a call of the gate's own may take, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How many seconds a client waits in a queue.
const QUEUES: i64 = 5;

/// The id of a call that nothing runs beside.
const ASKED: u64 = 9_000_000_000_000_000;

/// So much is looked at before more is read.
const AT_A_TIME: usize = 1 << 20;

/// Sends all of it, through a socket that does not block.
pub(super) fn send(mut stream: &UnixStream, bytes: &[u8], patience: Duration) -> io::Result<()> {
    let (mut rest, until) = (bytes, Instant::now() + patience);
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(sent) => rest = &rest[sent..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() || !wait(stream, PollFlags::POLLOUT, left)? {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether one of these has come to be within the time.
fn wait(stream: &UnixStream, flags: PollFlags, patience: Duration) -> io::Result<bool> {
    let mut polled = [PollFd::new(stream.as_fd(), flags)];
    Ok(poll(&mut polled, timeout(patience))? > 0)
}

/// Rounded up, so that whoever waits for a moment does not turn in circles before it.
pub(super) fn timeout(patience: Duration) -> PollTimeout {
    let millis = patience.as_micros().div_ceil(1000);
    i32::try_from(millis)
        .ok()
        .and_then(|millis| PollTimeout::try_from(millis).ok())
        .unwrap_or(PollTimeout::MAX)
}
