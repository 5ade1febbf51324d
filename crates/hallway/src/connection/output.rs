use std::pin::Pin;
use std::task::{Context, Poll};

use nix::errno::Errno;
use tokio::time::Instant;

use super::arrival::End;
use super::outbox::tighten;
use super::{Closed, Inbox, Link, Outcome, Received};
use crate::limits::{LONG_SEND, READ_SIZE, SEND_ROOMS_MAX};
use crate::protocol::{Call, Id, Message};
use crate::transport::WriteHalf;

/// What a connection's driver is writing, always whole messages, and how much of it has gone.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    written: usize,
    /// How much of it answers the peer's calls.
    answers: usize,
    /// The system has been asked for more room for it.
    widened: bool,
    /// The writer may hold back some of what it took: a process's own output does so.
    unflushed: bool,
    /// The system had no memory for it.
    no_memory: bool,
    /// Since when the system has taken nothing.
    stalled: Option<Instant>,
    /// Why nothing can be written any more.
    broken: Option<Closed>,
}

impl Output {
    /// Writes as much as the system takes. Whether any of it has moved.
    pub(super) fn write(&mut self, link: &Link, writer: &mut dyn WriteHalf, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        if self.bytes.is_empty() && !self.unflushed && !link.outbox().has_news() {
            return false;
        }
        loop {
            if self.owed() == 0 {
                if !self.bytes.is_empty() {
                    link.outbox().written(self.bytes.len());
                }
                self.answers = link.outbox().take(&mut self.bytes);
                self.written = 0;
                if self.bytes.is_empty() {
                    self.flush(link, writer, cx);
                    return moved;
                }
                if self.bytes.len() >= LONG_SEND && !self.widened {
                    self.widened = link.budgets().send_rooms.take(1, SEND_ROOMS_MAX);
                    if self.widened {
                        writer.widen();
                    }
                }
            }
            if let Some(broken) = &self.broken {
                self.end_unsent(link, broken);
                self.written = self.bytes.len();
                continue;
            }
            let rest = self.bytes.get(self.written..).unwrap_or_default();
            match Pin::new(&mut *writer).poll_write(cx, rest) {
                Poll::Pending => {
                    self.stalled.get_or_insert_with(Instant::now);
                    tighten(&mut self.bytes);
                    link.outbox().tighten();
                    return moved;
                }
                Poll::Ready(Ok(0)) => self.breaks(link, "the connection takes no more bytes".to_owned()),
                Poll::Ready(Ok(taken)) => {
                    self.written += taken;
                    self.stalled = None;
                    self.unflushed = true;
                    moved = true;
                }
                Poll::Ready(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => (),
                Poll::Ready(Err(error)) if is_for_want_of_memory(&error) => {
                    self.no_memory = true;
                    self.stalled.get_or_insert_with(Instant::now);
                    return moved;
                }
                Poll::Ready(Err(error)) => self.breaks(link, format!("cannot write: {error}")),
            }
        }
    }

    fn flush(&mut self, link: &Link, writer: &mut dyn WriteHalf, cx: &mut Context<'_>) {
        if !self.unflushed || self.broken.is_some() {
            return;
        }
        match Pin::new(writer).poll_flush(cx) {
            Poll::Pending => (),
            Poll::Ready(Ok(())) => self.unflushed = false,
            Poll::Ready(Err(error)) => self.breaks(link, format!("cannot write: {error}")),
        }
    }

    /// Writes nothing from now on: the calls that are in line did not run.
    pub(super) fn give_up(&mut self, link: &Link, closed: &Closed) {
        link.outgoing().refuse(closed);
        self.end_unsent(link, closed);
        // What was begun before is in line by now, for a call takes its number and its place at once.
        self.answers = link.outbox().take(&mut self.bytes);
        self.written = 0;
        self.end_unsent(link, closed);
        self.written = self.bytes.len();
        self.broken.get_or_insert_with(|| closed.clone());
    }

    /// Whether everything that was taken to be written has gone.
    pub(super) fn is_done(&self) -> bool {
        self.owed() == 0 && (!self.unflushed || self.broken.is_some())
    }

    /// Whether what is being written is more than one read brings.
    pub(super) fn is_long(&self) -> bool {
        self.bytes.len() >= READ_SIZE
    }

    /// How many of the [rooms](SEND_ROOMS_MAX) this has.
    pub(super) fn send_rooms(&self) -> usize {
        usize::from(self.widened)
    }

    fn owed(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// How many bytes of answers are among what is being written.
    pub(super) fn answers(&self) -> usize {
        self.answers
    }

    /// Whether to try again in a while: the system does not tell when it has memory.
    pub(super) fn takes_a_rest(&mut self) -> bool {
        std::mem::take(&mut self.no_memory)
    }

    /// Since when the peer has not made room for more, if it has not.
    pub(super) fn stalled(&self) -> Option<Instant> {
        self.stalled.filter(|_| self.broken.is_none())
    }

    /// Why nothing can be written any more. What the peer has sent before that can still be read: a
    /// `goaway` tells which calls did not run.
    pub(super) fn broken(&self) -> Option<&Closed> {
        self.broken.as_ref()
    }

    fn breaks(&mut self, link: &Link, reason: String) {
        let closed = Closed::new(Closed::IO, reason);
        link.outgoing().refuse(&closed);
        self.broken = Some(closed);
    }

    /// A call of which the last byte was not written cannot have been dispatched.
    fn end_unsent(&self, link: &Link, closed: &Closed) {
        let (sent, unsent) = self.bytes.split_at_checked(self.written).unwrap_or_default();
        let mut inbox = Inbox::new(link.wire());
        // These are our own messages: there is nothing in them that could not be read.
        let _read = inbox.receive(sent, |_| ());
        let _read = inbox.receive(unsent, |received| {
            if let Received::Message(Message::Call(Call { id: Some(id @ Id::Number(_)), .. })) = received {
                let closed = closed.clone();
                link.outgoing().end(&id, End::Lost { closed, outcome: Outcome::NotDispatched });
            }
        });
    }
}

/// Whether the connection is well, and the system has no memory for what is to be sent at this moment.
/// Waiting for room takes a descriptor, of which there may be as few.
fn is_for_want_of_memory(error: &std::io::Error) -> bool {
    let known = [Errno::ENOBUFS, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE, Errno::ENOSPC]
        .map(|errno| errno as i32);
    error.raw_os_error().is_some_and(|errno| known.contains(&errno))
}
