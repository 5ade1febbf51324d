use std::pin::Pin;
use std::task::{Context, Poll};

use super::arrival::End;
use super::{Closed, Inbox, Link, Outcome, Received};
use crate::protocol::{Call, Id, Message};
use crate::transport::WriteHalf;

/// What a connection's driver is writing, always whole messages, and how much of it has gone.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    written: usize,
    /// How much of it answers the peer's calls.
    answers: usize,
    /// Why nothing can be written any more.
    broken: Option<Closed>,
}

impl Output {
    /// Writes as much as the system takes. Whether any of it has moved.
    pub(super) fn write(&mut self, link: &Link, writer: &mut dyn WriteHalf, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        loop {
            if self.owed() == 0 {
                self.answers = link.outbox().take(&mut self.bytes);
                self.written = 0;
                if self.bytes.is_empty() {
                    return moved;
                }
            }
            if let Some(broken) = &self.broken {
                self.end_unsent(link, broken);
                self.written = self.bytes.len();
                continue;
            }
            let rest = self.bytes.get(self.written..).unwrap_or_default();
            match Pin::new(&mut *writer).poll_write(cx, rest) {
                Poll::Pending => return moved,
                Poll::Ready(Ok(0)) => self.breaks(link, "the connection takes no more bytes".to_owned()),
                Poll::Ready(Ok(taken)) => {
                    self.written += taken;
                    moved = true;
                }
                Poll::Ready(Err(error)) => self.breaks(link, format!("cannot write: {error}")),
            }
        }
    }

    /// How many bytes the peer has not taken yet.
    pub(super) fn owed(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// How many bytes of answers are among what is being written.
    pub(super) fn answers(&self) -> usize {
        self.answers
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
