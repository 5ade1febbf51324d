//! The conversation between a daemon that starts and the client that waits for it.
//!
//! JSON lines on the daemon's standard output, until one of the last two or the end of the stream:
//!
//! ```text
//! {"phase":"importing","detail":"inbox.mbox","done":3,"total":10}
//! {"ready":{"pid":4711}}
//! {"failed":{"code":"index_locked","message":"the index is used by pid 12"}}
//! ```
//!
//! Unknown fields are ignored, and so is a line that is none of these: a library may print before the daemon has its
//! output in hand. The end without a last word is one too: whoever waits tries to connect, and else reports a death.
//! Those who wait and did not launch it read the same words where [`last_start`](super::last_start) has them written.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::last_start::Journal;
use super::{LifecycleError, SpawnLock};

/// The longest line that is listened to; longer ones are noise.
const MAX_LINE: usize = 64 * 1024;

/// The most bytes of a text that is said, so that a line goes into the channel whole or not at all.
const MAX_TEXT: usize = 4 * 1024;

/// How much is read from the channel at once.
const READ_SIZE: usize = 4 * 1024;

/// What a starting daemon is busy with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Phase {
    /// A word for programs: `importing`, `migrating`.
    pub name: String,
    /// A few words for people.
    pub detail: Option<String>,
    /// How much is done, of `total`.
    pub done: Option<u64>,
    /// How much there is to do, if known.
    pub total: Option<u64>,
}

impl Phase {
    /// Names a phase.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), detail: None, done: None, total: None }
    }

    /// Adds a few words for people.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds how far it is.
    #[must_use]
    pub fn progress(mut self, done: u64, total: Option<u64>) -> Self {
        (self.done, self.total) = (Some(done), total);
        self
    }
}

/// The daemon serves, or another one does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ready {
    /// The process that speaks.
    #[serde(default)]
    pub pid: u32,
    /// Whether it found another daemon serving and leaves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yielded: bool,
}

impl Ready {
    /// Says that this process serves.
    #[must_use]
    pub fn serving() -> Self {
        Self { pid: std::process::id(), yielded: false }
    }

    /// Says that another process serves and this one leaves.
    #[must_use]
    pub fn yielded() -> Self {
        Self { pid: std::process::id(), yielded: true }
    }
}

/// The daemon cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// A stable word for programs.
    #[serde(default)]
    pub code: String,
    /// Why, for people, and what to do.
    #[serde(default)]
    pub message: String,
}

impl Failure {
    /// A reason not to serve; the code is a stable word for programs.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self { code: code.into(), message: format!("{message}") }
    }
}

impl From<LifecycleError> for Failure {
    fn from(error: LifecycleError) -> Self {
        Self::new(error.code(), error)
    }
}

/// One thing that a starting daemon says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Word {
    /// What it is busy with. More will follow.
    Phase(Phase),
    /// The last word: it serves.
    Ready(Ready),
    /// The last word: it cannot serve.
    Failed(Failure),
}

/// The daemon's side of the conversation, and its claim to be the only one that starts.
///
/// Nothing here waits for the listener: what does not fit into the channel is dropped, the last word included, and
/// a client that never hears it finds out by connecting. Dropping this ends the conversation without a last word.
#[derive(Debug)]
pub struct Starting {
    channel: Option<File>,
    handed: Option<OwnedFd>,
    /// Where others read what is said.
    journal: Option<Journal>,
    claim: Option<SpawnLock>,
}

impl Starting {
    pub(super) fn new(channel: Option<File>, handed: Option<OwnedFd>) -> Self {
        Self { channel, handed, journal: None, claim: None }
    }

    /// Tells whether a launcher started this process and listens. If not, it runs in the foreground: by hand, or
    /// under a supervisor.
    #[must_use]
    pub fn is_launched(&self) -> bool {
        self.channel.is_some()
    }

    /// Says what the daemon is busy with.
    pub fn phase(&mut self, phase: &Phase) {
        self.say(&Line {
            phase: Some(clip(&phase.name)),
            detail: phase.detail.as_deref().map(clip),
            done: phase.done,
            total: phase.total,
            ..Line::default()
        });
    }

    /// Says that the daemon serves, and lets others start daemons again. Call it after
    /// [`publish`](super::publish()).
    pub fn ready(mut self, ready: &Ready) {
        self.say(&Line { ready: Some(ready.clone()), ..Line::default() });
    }

    /// Says why the daemon cannot serve, in words that the user will read.
    pub fn failed(mut self, code: &str, message: &str) {
        let failure = Failure { code: clip(code), message: clip(message) };
        self.say(&Line { failed: Some(failure), ..Line::default() });
    }

    /// Returns the descriptor that was handed down on standard input, a file or a socket.
    #[cfg(feature = "tokio")]
    pub(super) fn handed(&self) -> Option<&OwnedFd> {
        self.handed.as_ref()
    }

    /// Returns the descriptor that the launcher handed down as the start lock, the first time.
    pub(super) fn take_handed(&mut self) -> Option<OwnedFd> {
        self.handed.take()
    }

    pub(super) fn hold(&mut self, claim: SpawnLock) {
        self.journal = Journal::of(&claim);
        self.claim = Some(claim);
    }

    fn say(&mut self, line: &Line) {
        if let Some(journal) = &mut self.journal {
            journal.write(line);
        }
        if let (Some(channel), Ok(mut text)) = (&mut self.channel, serde_json::to_vec(line)) {
            text.push(b'\n');
            // A listener that is gone or does not listen is no reason not to start.
            let _ = channel.write(&text);
        }
    }
}

/// The client's side of the conversation.
#[derive(Debug)]
pub struct Words {
    channel: UnixStream,
    buffer: Vec<u8>,
    overlong: bool,
}

impl Words {
    /// Listens to a daemon whose standard output is the other end.
    #[must_use]
    pub fn new(channel: UnixStream) -> Self {
        Self { channel, buffer: Vec::new(), overlong: false }
    }

    /// Waits for the next word; `None` once the daemon has closed its end.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] at the deadline; the system's.
    pub fn next(&mut self, deadline: Instant) -> io::Result<Option<Word>> {
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let noise = std::mem::take(&mut self.overlong);
                if let Some(word) = parse(&line).filter(|_| !noise) {
                    return Ok(Some(word));
                }
            }
            if self.buffer.len() > MAX_LINE {
                self.buffer.clear();
                self.overlong = true;
            }
            if self.read(deadline)? == 0 {
                return Ok(parse(&std::mem::take(&mut self.buffer)).filter(|_| !self.overlong));
            }
        }
    }

    fn read(&mut self, deadline: Instant) -> io::Result<usize> {
        let mut chunk = [0; READ_SIZE];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            // The system counts in microseconds, and zero means for ever.
            self.channel.set_read_timeout(Some(left.max(Duration::from_micros(1))))?;
            match self.channel.read(&mut chunk) {
                Ok(count) => {
                    self.buffer.extend(chunk.iter().take(count));
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(0),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// One line of the conversation, as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<Ready>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Failure>,
}

impl Line {
    /// Whether nothing comes after it.
    pub(super) fn is_last(&self) -> bool {
        self.ready.is_some() || self.failed.is_some()
    }

    /// What it says; `None`: nothing that is known here.
    pub(super) fn word(self) -> Option<Word> {
        let Self { phase, detail, done, total, ready, failed } = self;
        failed
            .map(Word::Failed)
            .or(ready.map(Word::Ready))
            .or(phase.map(|name| Word::Phase(Phase { name, detail, done, total })))
    }
}

fn parse(line: &[u8]) -> Option<Word> {
    serde_json::from_slice::<Line>(line).ok()?.word()
}

/// Cuts a text to what may be said at once.
fn clip(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
