use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::connection::{CallError, Closed, Inbox, Wire};
use crate::limits::LONG_SEND;
use crate::protocol::{Hello, Id, Message, WireError};
use crate::transport::{BlockingStream, Ready};

/// Bytes of refusals that a server may leave unread, before it is given up.
const REFUSALS_MAX: usize = 1024 * 1024;

/// One connection of a session.
pub(super) struct Connection {
    pub(super) stream: Box<dyn BlockingStream>,
    pub(super) inbox: Inbox,
    /// The peer takes no further calls.
    pub(super) goaway: Option<Closed>,
    /// What the server has said about no call in particular, which may be why it goes.
    pub(super) words: Option<Closed>,
    /// The server has said `hello`: from then on, calls may have been dispatched.
    pub(super) may_have_worked: bool,
    wire: Wire,
    /// What the system has not taken yet: at first the `hello`, which goes with the first call.
    out: Vec<u8>,
    /// How much of that it has taken.
    written: usize,
    /// The system has been asked for more room for it.
    widened: bool,
    /// How much of that refuses what the server has asked.
    refused: usize,
    /// Nothing can be written any more; reading tells why.
    broken: bool,
    /// The first call that was not written to its end, and so cannot have been dispatched.
    first_unsent: Option<u64>,
    is_used: bool,
    /// After how long a read gives up, as far as the system has been told.
    reads_within: Option<Duration>,
}

impl Connection {
    pub(super) fn new(wire: Wire, hello: &Hello, stream: Box<dyn BlockingStream>) -> Self {
        let mut out = Vec::new();
        // Text and numbers of our own: there is nothing in it that could not be written.
        let _written = wire.write::<()>(&Message::Hello(hello.clone()), &mut out);
        Self {
            stream,
            inbox: Inbox::new(wire),
            goaway: None,
            words: None,
            may_have_worked: false,
            wire,
            out,
            written: 0,
            widened: false,
            refused: 0,
            broken: false,
            first_unsent: None,
            is_used: false,
            reads_within: None,
        }
    }

    /// Puts a message in line.
    pub(super) fn say<P: Serialize>(&mut self, message: &Message<'_, P>) -> Result<(), CallError> {
        self.out.drain(..std::mem::take(&mut self.written));
        self.wire.write(message, &mut self.out).map_err(CallError::Params)
    }

    /// Writes what the system takes.
    pub(super) fn send_now(&mut self) {
        if self.out.len() >= LONG_SEND && !std::mem::replace(&mut self.widened, true) {
            self.stream.widen();
        }
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty() && !self.broken) {
            match self.stream.write_now(rest) {
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_shows_when_reading) => self.broken = true,
            }
        }
        self.is_used = true;
        if self.broken || self.written == self.out.len() {
            self.out = Vec::new();
            self.written = 0;
            self.refused = 0;
        }
    }

    /// Writes what the system takes; what is in line ends with this call.
    pub(super) fn send_call_now(&mut self, id: u64) {
        self.send_now();
        if self.broken {
            self.first_unsent.get_or_insert(id);
        }
    }

    /// Whether a call may have been dispatched, as far as this connection knows.
    pub(super) fn may_have_run(&self, id: u64) -> bool {
        self.may_have_worked && self.first_unsent.is_none_or(|unsent| id < unsent)
    }

    pub(super) fn has_to_write(&self) -> bool {
        !self.out.is_empty()
    }

    /// Refuses what the server has asked or said, and sends that with whatever is said next.
    pub(super) fn refuse(&mut self, id: Option<Id>, error: WireError) {
        let before = self.out.len() - self.written;
        // Words of our own: there is nothing in it that could not be written.
        let _written = self.say::<()>(&Message::Error { id, error });
        self.refused += self.out.len() - before;
    }

    /// Whether the server asks and does not read what it is told.
    pub(super) fn owes_reading(&mut self) -> bool {
        if self.refused > 0 {
            self.send_now();
        }
        self.refused > REFUSALS_MAX
    }

    /// Whether there is something to read on a connection that has been used before; told only where a call would
    /// not fail that is sent to a server that has gone.
    pub(super) fn has_news(&self) -> bool {
        self.is_used
            && !self.stream.write_tells_of_end()
            && self.stream.wait(false, Some(Duration::ZERO)).is_ok_and(|ready| ready.to_read)
    }

    /// Has reads give up after so long, or a little more: what is nearly the same is not told the system again. `false`: the
    /// stream cannot.
    pub(super) fn bound_reads(&mut self, within: Option<Duration>) -> io::Result<bool> {
        let within = within.map(rounded_up);
        if self.reads_within != within {
            if !self.stream.bound_reads(within)? {
                return Ok(false);
            }
            self.reads_within = within;
        }
        Ok(true)
    }

    pub(super) fn bounds_reads(&self) -> bool {
        self.reads_within.is_some()
    }

    /// Waits for something to read, or room for what is in line.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        self.stream.wait(self.has_to_write(), timeout)
    }
}

/// To the next millisecond, of a second or more to the next hundredth of one.
fn rounded_up(time: Duration) -> Duration {
    let step = if time < Duration::from_secs(1) { 1 } else { 10 };
    let milliseconds = time.as_micros().div_ceil(1000 * step) * step;
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}
