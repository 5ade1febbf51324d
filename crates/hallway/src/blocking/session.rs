use std::collections::HashMap;
use std::io;
use std::time::Instant;

use serde::Serialize;

use super::Connect;
use super::connection::Connection;
use crate::connection::arrival::{Arrivals, End, Next};
use crate::connection::{CallError, Closed, Outcome, Received, Wire};
use crate::encoding::Raw;
use crate::limits::READ_SIZE;
use crate::protocol::{Call, Goaway, Hello, Id, Message, WireError, code};
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

/// The open calls, by id.
#[derive(Default)]
struct Calls(HashMap<u64, Arrivals>);

/// What one read has brought, other than for open calls.
#[derive(Default)]
struct Heard {
    /// Anything that may mean that the server has begun to work.
    sign_of_work: bool,
    goaway: Option<Goaway>,
    words: Option<WireError>,
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

    /// Sends a call, on a new connection if the last one is lost, and returns its id. What the system does not
    /// take at once is sent as the answer is waited for.
    pub(super) fn begin<P: Serialize>(&mut self, call: Call<'_, P>) -> Result<u64, CallError> {
        let id = self.last_id + 1;
        let window = call.window;
        self.usable()?.say(&Message::Call(Call { id: Some(Id::Number(id)), ..call }))?;
        self.last_id = id;
        self.calls.0.insert(id, Arrivals::new(window));
        if let Ok(connection) = &mut self.connection {
            connection.send_call_now(id);
        }
        Ok(id)
    }

    /// Sends a notification.
    pub(super) fn notify<P: Serialize>(&mut self, call: Call<'_, P>) -> Result<(), CallError> {
        self.usable()?.say(&Message::Call(Call { id: None, ..call }))?;
        self.send_now();
        while self.connection.as_ref().is_ok_and(Connection::has_to_write) {
            self.turn(None);
        }
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
            if !self.turn(deadline) {
                return None;
            }
        }
    }

    /// Takes a call back.
    pub(super) fn abandon(&mut self, id: u64) {
        if self.calls.0.remove(&id).is_some_and(|call| !call.has_ended()) {
            self.mention(&Message::Cancel { id: Id::Number(id) });
        }
    }

    /// Makes room for more items of a stream.
    pub(super) fn grant(&mut self, id: u64, items: u32) {
        if let Some(call) = self.calls.0.get_mut(&id).filter(|call| !call.has_ended()) {
            call.grant(items);
            self.mention(&Message::Grant { id: Id::Number(id), items });
        }
    }

    /// Says something that only the present connection is concerned with, if there is one.
    fn mention(&mut self, message: &Message<'_, ()>) {
        if let Ok(connection) = &mut self.connection {
            // Numbers and words of our own: there is nothing in it that could not be written.
            let _written = connection.say(message);
            self.send_now();
        }
    }

    /// A connection that takes calls.
    fn usable(&mut self) -> Result<&mut Connection, CallError> {
        // What came while nobody called: the end, or a farewell. A call is not sent into the void, where its
        // fate would be unknown.
        let idle = self.calls.0.values().all(Arrivals::has_ended);
        if idle && self.connection.as_ref().is_ok_and(Connection::has_news) {
            self.read();
        }
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

    /// Writes what the system takes. A failure shows at the next read, which first brings what the server
    /// has said before it went: a `goaway` tells that the call did not run.
    fn send_now(&mut self) {
        if let Ok(connection) = &mut self.connection {
            connection.send_now();
        }
    }

    /// Moves the conversation on: writes what is in line, or reads once. `false`: the deadline has passed.
    fn turn(&mut self, deadline: Option<Instant>) -> bool {
        // Whatever is still open was told when the connection went.
        let Ok(connection) = &mut self.connection else { return true };
        connection.send_now();
        if connection.has_to_write() || deadline.is_some() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            match connection.wait(left) {
                Ok(ready) if !ready.to_read => return true,
                Ok(_) => (),
                Err(error) => {
                    self.close(&Closed::new(Closed::IO, format!("cannot wait: {error}")));
                    return true;
                }
            }
        }
        self.read();
        true
    }

    fn read(&mut self) {
        let Ok(connection) = &mut self.connection else { return };
        if self.buffer.is_empty() {
            // Zeroed by the system, page by page as they are used; `resize` would touch them all.
            self.buffer = vec![0; READ_SIZE];
        }
        match connection.stream.read(&mut self.buffer) {
            Ok(0) => self.close(&Closed::new(Closed::BY_PEER, "the server closed the connection")),
            Ok(length) => self.receive(length),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => self.close(&Closed::new(Closed::IO, format!("cannot read: {error}"))),
        }
    }

    fn receive(&mut self, length: usize) {
        let Self { connection: Ok(connection), calls, buffer, .. } = self else { return };
        let mut heard = Heard::default();
        let read = buffer.get(..length).unwrap_or_default();
        let outcome = connection.inbox.receive(read, |received| match received {
            Received::Message(message) => calls.hear(message, &mut heard),
            Received::Refused(refusal) => heard.violation = Some(refusal.error.message),
            Received::Batch(messages) => messages.into_iter().for_each(|message| match message {
                Ok(message) => calls.hear(message, &mut heard),
                Err(refusal) => heard.violation = Some(refusal.error.message),
            }),
        });
        connection.may_have_worked |= heard.sign_of_work;
        connection.words = heard.words.or(connection.words.take());
        if let Some(goaway) = heard.goaway {
            calls.end_above(&goaway);
            connection.goaway = Some(goaway);
        }
        for (id, error) in heard.answers {
            self.mention(&Message::Error { id: Some(id), error });
        }
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
        let Ok(connection) = &self.connection else { return };
        let words = connection.words.as_ref().filter(|_| closed.code == Closed::BY_PEER);
        let closed = words.map_or_else(|| closed.clone(), Closed::with_words);
        for (id, call) in &mut self.calls.0 {
            // A server that breaks the rules may have broken that one as well.
            let unknown = connection.may_have_run(*id) || closed.code == Closed::VIOLATION;
            let outcome = if unknown { Outcome::Unknown } else { Outcome::NotDispatched };
            call.end(End::Lost { closed: closed.clone(), outcome });
        }
        self.connection = Err(closed);
    }
}

impl Calls {
    fn next(&mut self, id: u64) -> Option<Next> {
        let next = self.0.get_mut(&id)?.next()?;
        if matches!(next, Next::End(_)) {
            self.0.remove(&id);
        }
        Some(next)
    }

    fn hear(&mut self, message: Message<'_, Raw<'_>>, heard: &mut Heard) {
        match message {
            Message::Hello(_) => heard.sign_of_work = true,
            Message::Goaway(goaway) => heard.goaway = Some(goaway),
            Message::Result { id, value } => {
                let value = value.map(|value| value.bytes().to_vec()).unwrap_or_default();
                self.call(&id, |call| call.end(End::Result(value)));
            }
            Message::Error { id: Some(id), error } => {
                self.call(&id, |call| call.end(End::Error(error)));
            }
            Message::Error { id: None, error } => heard.words = Some(error),
            Message::Item { id, seq, value } => {
                if self.call(&id, |call| call.item(seq, value.bytes())) == Some(false) {
                    heard.violation = Some("more items than were granted".to_owned());
                }
            }
            Message::Lagged { id, missed, next } => {
                self.call(&id, |call| call.lagged(missed, next));
            }
            Message::Progress { id, progress } => {
                self.call(&id, |call| call.progress(progress));
            }
            Message::Call(Call { id: Some(id), .. }) => {
                let error = WireError::new(code::UNKNOWN_METHOD, "this client serves nothing");
                heard.answers.push((id, error));
            }
            Message::Call(_)
            | Message::Named(_)
            | Message::Cancel { .. }
            | Message::Grant { .. }
            | Message::Unknown { .. } => (),
        }
    }

    /// Does something to an open call; what comes for another one is too late, and left.
    fn call<R>(&mut self, id: &Id, act: impl FnOnce(&mut Arrivals) -> R) -> Option<R> {
        let Id::Number(id) = id else { return None };
        self.0.get_mut(id).map(act)
    }

    fn end_above(&mut self, goaway: &Goaway) {
        for (_, call) in self.0.iter_mut().filter(|(id, _)| **id > goaway.last) {
            call.end(End::not_dispatched(goaway));
        }
    }
}
