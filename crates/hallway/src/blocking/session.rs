use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Instant;

use serde::Serialize;

use super::Connect;
use crate::client::{CallError, Outcome};
use crate::connection::arrival::{Arrival, End, Next};
use crate::connection::{Closed, Inbox, Received, Wire};
use crate::encoding::Raw;
use crate::limits::{READ_SIZE, STREAM_WINDOW_MAX};
use crate::protocol::{Call, Goaway, Hello, Id, Message, Progress, WireError, code};
use crate::transport::BlockingStream;

/// One conversation, and the next one when it is lost.
pub(super) struct Session {
    wire: Wire,
    hello: Hello,
    to: Option<Box<dyn Connect>>,
    connection: Result<Connection, Closed>,
    calls: Calls,
    buffer: Vec<u8>,
    last_id: u64,
}

/// One connection.
struct Connection {
    stream: Box<dyn BlockingStream>,
    inbox: Inbox,
    /// What has not been written yet: at first the `hello`, which goes with the first call.
    out: Vec<u8>,
    /// The peer takes no further calls.
    goaway: Option<Goaway>,
    heard_hello: bool,
    timeout_is_set: bool,
}

/// The open calls, by id.
#[derive(Default)]
struct Calls(HashMap<u64, Slot>);

#[derive(Default)]
struct Slot {
    items: VecDeque<Arrival>,
    progress: Option<Progress>,
    end: Option<End>,
    /// The call was not written to its end.
    unsent: bool,
}

/// What one read has brought, other than for open calls.
#[derive(Default)]
struct Heard {
    hello: bool,
    goaway: Option<Goaway>,
    violation: Option<String>,
    /// Refusals of what the server asked of a client that serves nothing.
    answers: Vec<(Id, WireError)>,
}

impl Session {
    pub(super) fn new(
        wire: Wire,
        hello: Hello,
        stream: Box<dyn BlockingStream>,
        to: Option<Box<dyn Connect>>,
    ) -> Self {
        let connection = Ok(Connection::new(wire, &hello, stream));
        Self { wire, hello, to, connection, calls: Calls::default(), buffer: Vec::new(), last_id: 0 }
    }

    pub(super) fn wire(&self) -> Wire {
        self.wire
    }

    pub(super) fn comes_back(&self) -> bool {
        self.to.is_some()
    }

    /// Sends a call, on a new connection if the last one is lost, and returns its id.
    pub(super) fn begin<P: Serialize>(&mut self, call: Call<'_, P>) -> Result<u64, CallError> {
        self.last_id += 1;
        let id = self.last_id;
        self.say(&Message::Call(Call { id: Some(Id::Number(id)), ..call }))?;
        self.calls.0.insert(id, Slot::default());
        if !self.flush() {
            // Its last byte was not written, so it cannot have been dispatched.
            self.calls.slot(&Id::Number(id), |slot| slot.unsent = true);
        }
        Ok(id)
    }

    /// Sends a notification.
    pub(super) fn notify<P: Serialize>(&mut self, call: Call<'_, P>) -> Result<(), CallError> {
        self.say(&Message::Call(Call { id: None, ..call }))?;
        self.flush();
        match &self.connection {
            Ok(_) => Ok(()),
            Err(closed) => Err(CallError::Closed { closed: closed.clone(), outcome: Outcome::Unknown }),
        }
    }

    /// Waits for what comes next for a call. `None`: the deadline has passed.
    pub(super) fn next(&mut self, id: u64, deadline: Option<Instant>) -> Option<Next> {
        loop {
            if let Some(next) = self.calls.next(id) {
                return Some(next);
            }
            if !self.read(deadline) {
                return None;
            }
        }
    }

    /// Takes a call back.
    pub(super) fn abandon(&mut self, id: u64) {
        let open = self.calls.0.remove(&id).is_some_and(|slot| slot.end.is_none());
        if open && self.connection.is_ok() {
            let _unwritten = self.say::<()>(&Message::Cancel { id: Id::Number(id) });
            self.flush();
        }
    }

    /// Makes room for more items of a stream.
    pub(super) fn grant(&mut self, id: u64, items: u32) {
        if self.connection.is_ok() {
            let _unwritten = self.say::<()>(&Message::Grant { id: Id::Number(id), items });
            self.flush();
        }
    }

    fn say<P: Serialize>(&mut self, message: &Message<'_, P>) -> Result<(), CallError> {
        let wire = self.wire;
        wire.write(message, &mut self.connection()?.out).map_err(CallError::Params)
    }

    /// A connection that takes calls.
    fn connection(&mut self) -> Result<&mut Connection, CallError> {
        let left = self.connection.as_ref().ok().and_then(|connection| connection.goaway.clone());
        if let Some(goaway) = left {
            self.close(&Closed::new(Closed::GOAWAY, goaway.message));
        }
        if let (Err(_), Some(to)) = (&self.connection, &self.to) {
            self.connection = Ok(Connection::new(self.wire, &self.hello, to.connect()?));
        }
        self.connection.as_mut().map_err(|closed| {
            let closed = closed.clone();
            CallError::Closed { closed, outcome: Outcome::NotDispatched }
        })
    }

    /// Writes what is in line, and tells whether all of it has gone. A failure shows again at the next read,
    /// which first brings what the server has said before it went: a `goaway` tells which calls did not run.
    fn flush(&mut self) -> bool {
        let Ok(connection) = &mut self.connection else { return false };
        let out = std::mem::take(&mut connection.out);
        connection.stream.write_all(&out).is_ok()
    }

    /// Reads once. `false`: the deadline has passed.
    fn read(&mut self, deadline: Option<Instant>) -> bool {
        let Ok(connection) = &mut self.connection else {
            // Whatever is still open was told when the connection went.
            return true;
        };
        if !connection.wait_until(deadline) {
            return false;
        }
        if self.buffer.is_empty() {
            // Zeroed by the system, page by page as they are used; `resize` would touch them all.
            self.buffer = vec![0; READ_SIZE];
        }
        match connection.stream.read(&mut self.buffer) {
            Ok(0) => self.close(&Closed::new(Closed::BY_PEER, "the server closed the connection")),
            Ok(length) => self.receive(length),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => (),
            Err(error) => self.close(&Closed::new(Closed::IO, format!("cannot read: {error}"))),
        }
        true
    }

    fn receive(&mut self, length: usize) {
        let Self { connection: Ok(connection), calls, buffer, .. } = self else { return };
        let mut heard = Heard::default();
        let read = buffer.get(..length).unwrap_or_default();
        let outcome = connection.inbox.receive(read, |received| match received {
            Received::Message(message) => calls.hear(message, &mut heard),
            Received::Refused(refusal) => heard.violation = Some(refusal.error.message),
        });
        connection.heard_hello |= heard.hello;
        if let Some(goaway) = heard.goaway {
            calls.end_above(&goaway);
            connection.goaway = Some(goaway);
        }
        for (id, error) in heard.answers {
            let _unwritten = self.say::<()>(&Message::Error { id: Some(id), error });
        }
        self.flush();
        let violation = heard.violation.or(outcome.err().map(|error| error.to_string()));
        if let Some(violation) = violation {
            self.close(&Closed::new(
                Closed::VIOLATION,
                format!("the server broke the protocol: {violation}"),
            ));
        }
    }

    /// The connection is lost: every open call ends, and says whether it may have run.
    fn close(&mut self, closed: &Closed) {
        let Ok(connection) = std::mem::replace(&mut self.connection, Err(closed.clone())) else { return };
        for slot in self.calls.0.values_mut() {
            let may_have_run = connection.heard_hello && !slot.unsent;
            let outcome = if may_have_run { Outcome::Unknown } else { Outcome::NotDispatched };
            slot.end.get_or_insert_with(|| End::Lost { closed: closed.clone(), outcome });
        }
    }
}

impl Connection {
    fn new(wire: Wire, hello: &Hello, stream: Box<dyn BlockingStream>) -> Self {
        let mut out = Vec::new();
        // Text and numbers of our own: there is nothing in it that could not be written.
        let _written = wire.write::<()>(&Message::Hello(hello.clone()), &mut out);
        let inbox = Inbox::new(wire);
        Self { stream, inbox, out, goaway: None, heard_hello: false, timeout_is_set: false }
    }

    /// Bounds the next read by the deadline; without one there is nothing to do, and no system call.
    fn wait_until(&mut self, deadline: Option<Instant>) -> bool {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        if left.is_some() || self.timeout_is_set {
            self.timeout_is_set = left.is_some();
            let _on_a_live_socket = self.stream.set_read_timeout(left);
        }
        true
    }
}

impl Calls {
    fn next(&mut self, id: u64) -> Option<Next> {
        let slot = self.0.get_mut(&id)?;
        if let Some(arrival) = slot.items.pop_front() {
            return Some(Next::Arrival(arrival));
        }
        if let Some(progress) = slot.progress.take() {
            return Some(Next::Progress(progress));
        }
        let end = slot.end.take()?;
        self.0.remove(&id);
        Some(Next::End(end))
    }

    fn hear(&mut self, message: Message<'_, Raw<'_>>, heard: &mut Heard) {
        match message {
            Message::Hello(_) => heard.hello = true,
            Message::Goaway(goaway) => heard.goaway = Some(goaway),
            Message::Result { id, value } => {
                let value = value.map(|value| value.bytes().to_vec()).unwrap_or_default();
                self.slot(&id, |slot| slot.finish(End::Result(value)));
            }
            Message::Error { id: Some(id), error } => self.slot(&id, |slot| slot.finish(End::Error(error))),
            Message::Error { id: None, error } => heard.violation = Some(error.to_string()),
            Message::Item { id, seq, value } => {
                let item = Arrival::Item { seq, value: value.bytes().to_vec() };
                self.slot(&id, |slot| slot.push(item, heard));
            }
            Message::Lagged { id, missed, next } => {
                self.slot(&id, |slot| slot.push(Arrival::Lagged { missed, next }, heard));
            }
            Message::Progress { id, progress } => self.slot(&id, |slot| slot.progress = Some(progress)),
            Message::Call(Call { id: Some(id), .. }) => {
                let error = WireError::new(code::UNKNOWN_METHOD, "this client serves nothing");
                heard.answers.push((id, error));
            }
            Message::Call(_) | Message::Cancel { .. } | Message::Grant { .. } | Message::Unknown { .. } => (),
        }
    }

    /// Does something to an open call; what comes for another one is too late, and left.
    fn slot(&mut self, id: &Id, act: impl FnOnce(&mut Slot)) {
        let Id::Number(id) = id else { return };
        if let Some(slot) = self.0.get_mut(id).filter(|slot| slot.end.is_none()) {
            act(slot);
        }
    }

    fn end_above(&mut self, goaway: &Goaway) {
        for (_, slot) in self.0.iter_mut().filter(|(id, _)| **id > goaway.last) {
            slot.end.get_or_insert_with(|| End::not_dispatched(goaway));
        }
    }
}

impl Slot {
    fn finish(&mut self, end: End) {
        self.end = Some(end);
    }

    fn push(&mut self, arrival: Arrival, heard: &mut Heard) {
        if self.items.len() < 2 * STREAM_WINDOW_MAX as usize {
            self.items.push_back(arrival);
        } else {
            heard.violation = Some("more items than were granted".to_owned());
        }
    }
}
