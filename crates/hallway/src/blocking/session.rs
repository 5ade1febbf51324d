use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Connect;
use super::connection::Connection;
use crate::connection::arrival::{self, Arrivals, End, Fault, Next, Room, Strays};
use crate::connection::inbox::Arrived;
use crate::connection::spin::Spin;
use crate::connection::{CallError, Closed, Outcome, Received, Wire};
use crate::encoding::Raw;
use crate::limits::{CALLS_OPEN_MAX, READ_SIZE};
use crate::protocol::{Call, Goaway, Hello, Id, Message, ProtocolError, WireError, code};
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
    spin: Spin,
}

/// The calls whose end the server owes, or the caller has not taken, by id.
#[derive(Default)]
struct Calls {
    by_id: HashMap<u64, Slot>,
    room: Room,
    strays: Strays,
}

/// One of them, and what has come for it.
#[derive(Default)]
struct Slot {
    arrivals: Arrivals,
    /// Nobody waits any more; the id stays taken until the server has answered.
    abandoned: bool,
}

/// What one read has brought, other than for open calls.
#[derive(Default)]
struct Heard {
    /// Anything that may mean that the server has begun to work.
    sign_of_work: bool,
    goaway: Option<Closed>,
    words: Option<Closed>,
    violation: Option<String>,
    /// Refusals of what the server asked of a client that serves nothing, and of what cannot be acted on.
    answers: Vec<(Option<Id>, WireError)>,
}

impl Heard {
    /// The first violation counts.
    fn heed(&mut self, came: Result<(), Fault>) {
        if let Err(fault) = came {
            self.violation.get_or_insert_with(|| fault.to_string());
        }
    }
}

impl Session {
    pub(super) fn new(
        wire: Wire,
        hello: Hello,
        stream: Box<dyn BlockingStream>,
        to: Option<Box<dyn Connect>>,
        spins: bool,
    ) -> Self {
        let connection = Ok(Connection::new(wire, &hello, stream));
        Self {
            wire,
            hello,
            to,
            connection,
            calls: Calls::default(),
            buffer: Vec::new(),
            last_id: 0,
            spin: Spin::new(spins),
        }
    }

    pub(super) fn wire(&self) -> Wire {
        self.wire
    }

    pub(super) fn comes_back(&self) -> bool {
        self.to.is_some()
    }

    /// Sends a call, on a new connection if the last one is lost, and returns its id. What the system does not
    /// take at once is sent as the answer is waited for. Waits for a place while too many are open.
    pub(super) fn begin<P: Serialize>(
        &mut self,
        call: Call<'_, P>,
        deadline: Option<(Instant, Duration)>,
    ) -> Result<u64, CallError> {
        while self.calls.by_id.len() >= CALLS_OPEN_MAX && self.connection.is_ok() {
            if !self.turn(deadline.map(|(at, _)| at)) {
                return Err(CallError::Deadline {
                    after: deadline.map(|(_, after)| after).unwrap_or_default(),
                });
            }
        }
        let id = self.last_id + 1;
        let window = call.window;
        self.usable()?.say(&Message::Call(Call { id: Some(Id::Number(id)), ..call }))?;
        self.last_id = id;
        self.calls.by_id.insert(id, Slot { arrivals: Arrivals::new(window), abandoned: false });
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
        if self.calls.abandon(id) {
            self.mention(&Message::Cancel { id: Id::Number(id) });
        }
    }

    /// Makes room for more items of a stream.
    pub(super) fn grant(&mut self, id: u64, items: u32) {
        if let Some(call) = self.calls.open(&Id::Number(id)) {
            call.arrivals.grant(items);
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
        let idle = self.calls.by_id.values().all(|call| call.abandoned || call.arrivals.has_ended());
        if idle && self.connection.as_ref().is_ok_and(Connection::has_news) {
            self.read();
        }
        let left = self.connection.as_ref().ok().and_then(|connection| connection.goaway.clone());
        if let Some(closed) = left {
            self.close(&closed);
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
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        let may_read = !connection.has_to_write() && connection.bound_reads(left).unwrap_or(left.is_none());
        if !may_read {
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
        let Self { connection: Ok(Connection { stream, inbox, .. }), buffer, spin, .. } = self else {
            return;
        };
        if buffer.is_empty() {
            // Zeroed by the system, page by page as they are used; `resize` would touch them all.
            *buffer = vec![0; READ_SIZE];
        }
        // The rest of a long message goes where its beginning is.
        let (in_place, space) = match inbox.space() {
            Some(space) => (true, space),
            None => (false, buffer.as_mut_slice()),
        };
        let read = loop {
            let looked = if spin.looks_again() { stream.read_now(space) } else { None };
            match looked {
                None => break stream.read(space),
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => (),
                Some(read) => break read,
            }
        };
        match read {
            Ok(0) => self.close(&Closed::new(Closed::BY_PEER, "the server closed the connection")),
            Ok(length) => {
                spin.moved(1);
                self.receive(length, in_place);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.bounds_reads() => (),
            Err(error) => self.close(&Closed::new(Closed::IO, format!("cannot read: {error}"))),
        }
    }

    fn bounds_reads(&self) -> bool {
        self.connection.as_ref().is_ok_and(Connection::bounds_reads)
    }

    fn receive(&mut self, length: usize, in_place: bool) {
        let Self { connection: Ok(connection), calls, buffer, .. } = self else { return };
        let mut heard = Heard::default();
        let arrived = match in_place {
            true => Arrived::InPlace(length),
            false => Arrived::Elsewhere(buffer.get(..length).unwrap_or_default()),
        };
        let outcome = connection.inbox.receive_until(arrived, |received| {
            match received {
                // What stands behind the message that ends the conversation is nobody's any more.
                _ if heard.violation.is_some() => (),
                Received::Message(message) => calls.hear(message, &mut heard),
                Received::Refused(refusal) => calls.refuse(refusal, &mut heard),
                Received::Batch(messages) => messages.into_iter().for_each(|message| match message {
                    Ok(message) => calls.hear(message, &mut heard),
                    Err(refusal) => calls.refuse(refusal, &mut heard),
                }),
            }
            ControlFlow::Continue(())
        });
        connection.may_have_worked |= heard.sign_of_work;
        connection.words = heard.words.or(connection.words.take());
        if let Some(closed) = heard.goaway {
            connection.goaway.get_or_insert(closed);
        }
        for (id, error) in heard.answers {
            connection.refuse(id, error);
        }
        let unread = connection.owes_reading().then(|| "it calls and does not read the answers".to_owned());
        let violation = heard.violation.or(outcome.err().map(|error| error.to_string())).or(unread);
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
        let closed = words.unwrap_or(closed).clone();
        self.calls.by_id.retain(|_, call| !call.abandoned);
        for (id, call) in self.calls.by_id.iter_mut().filter(|_| !crate::chaos::without("lost-calls")) {
            // A server that breaks the rules may have broken that one as well.
            let unknown = connection.may_have_run(*id) || closed.code == Closed::VIOLATION;
            let outcome = if unknown { Outcome::Unknown } else { Outcome::NotDispatched };
            call.arrivals.end(End::Lost { closed: closed.clone(), outcome });
        }
        self.calls.strays = Strays::default();
        self.connection = Err(closed);
    }
}

impl Calls {
    fn next(&mut self, id: u64) -> Option<Next> {
        let next = self.by_id.get_mut(&id)?.arrivals.next()?;
        if matches!(next, Next::End(_)) {
            self.by_id.remove(&id);
        }
        Some(next)
    }

    /// The caller goes away. Whether the server is to be told.
    fn abandon(&mut self, id: u64) -> bool {
        let Some(call) = self.by_id.get_mut(&id) else { return false };
        if call.arrivals.has_ended() {
            self.by_id.remove(&id);
            return false;
        }
        *call = Slot { abandoned: true, ..Slot::default() };
        true
    }

    fn hear(&mut self, message: Message<'_, Raw<'_>>, heard: &mut Heard) {
        match message {
            Message::Hello(_) => heard.sign_of_work = true,
            Message::Goaway(goaway) => {
                // At once: what follows in the same read may be for a call that ends here.
                self.end_above(&goaway);
                heard.goaway.get_or_insert_with(|| Closed::by_goaway(&goaway));
            }
            Message::Result { id, value } => {
                let value = value.map(Raw::bytes).unwrap_or_default();
                heard.heed(self.answered(&id, End::result(value, Vec::new())));
            }
            Message::Error { id: Some(id), error } => heard.heed(self.answered(&id, End::Error(error))),
            Message::Error { id: None, error } => {
                heard.words = Some(Closed::with_words(&error));
                heard.heed(self.strays.another());
            }
            Message::Item { id, seq, value } => {
                let room = self.room.clone();
                heard.heed(self.arrived(&id, |call| call.item(seq, value.bytes(), &room)));
            }
            Message::Lagged { id, missed, next } => {
                heard.heed(self.arrived(&id, |call| {
                    call.lagged(missed, next);
                    Ok(())
                }));
            }
            Message::Progress { id, progress } => {
                heard.heed(self.arrived(&id, |call| {
                    call.progress(progress);
                    Ok(())
                }));
            }
            Message::Call(Call { id: Some(id), .. }) => {
                let error = WireError::new(code::UNKNOWN_METHOD, "this client serves nothing");
                heard.answers.push((Some(id), error));
            }
            Message::Unknown { id } => {
                heard.heed(self.strays.another());
                let id = id.filter(|id| self.open(id).is_none());
                let message = "a message of no known kind";
                heard.answers.push((id, WireError::new(code::UNKNOWN_MESSAGE, message)));
            }
            Message::Call(_) | Message::Named(_) | Message::Cancel { .. } | Message::Grant { .. } => (),
        }
    }

    /// A message that cannot be read is refused, unless it is itself what somebody waits for.
    fn refuse(&mut self, refusal: ProtocolError, heard: &mut Heard) {
        let awaited = match &refusal.id {
            Some(id) if !id.is_null() => self.open(id).is_some(),
            _ => self.by_id.values().any(|call| !call.arrivals.has_ended()),
        };
        match arrival::refused(refusal, awaited) {
            Ok(answer) => {
                heard.heed(self.strays.another());
                heard.answers.push(answer);
            }
            Err(reason) => heard.violation = Some(format!("it sent {reason}")),
        }
    }

    /// A call that the server owes an end.
    fn open(&mut self, id: &Id) -> Option<&mut Slot> {
        let Id::Number(id) = id else { return None };
        self.by_id.get_mut(id).filter(|call| !call.arrivals.has_ended())
    }

    /// Something for an open call. One whose caller has gone is left; what belongs to none is counted.
    fn arrived(
        &mut self,
        id: &Id,
        take_in: impl FnOnce(&mut Arrivals) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self.open(id) {
            Some(call) if call.abandoned => Ok(()),
            Some(call) => take_in(&mut call.arrivals),
            None => self.strays.another(),
        }
    }

    /// A call's answer. One that belongs to no open call is counted.
    fn answered(&mut self, id: &Id, end: End) -> Result<(), Fault> {
        let Id::Number(number) = id else { return self.strays.another() };
        match self.open(id) {
            Some(call) if call.abandoned => drop(self.by_id.remove(number)),
            Some(call) => call.arrivals.end(end),
            None => return self.strays.another(),
        }
        Ok(())
    }

    fn end_above(&mut self, goaway: &Goaway) {
        self.strays.expect(self.by_id.keys().filter(|id| **id > goaway.last).count());
        self.by_id.retain(|id, call| *id <= goaway.last || !call.abandoned);
        for (_, call) in self.by_id.iter_mut().filter(|(id, _)| **id > goaway.last) {
            call.arrivals.end(End::not_dispatched(goaway));
        }
    }
}
