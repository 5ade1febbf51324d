use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::task::AtomicWaker;
use serde::Serialize;
use tokio::sync::Notify;

use super::inbox::KEEP;
use super::{Wire, WriteError};
use crate::limits::OUTBOUND_HIGH;
use crate::protocol::Message;

/// What is to be written next: every message of a connection is encoded straight into this one buffer,
/// by whoever has it, and leaves in as few writes as possible.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    line: Mutex<Line>,
    /// The driver, which waits for something to write.
    driver: AtomicWaker,
    /// Streams that wait for the peer to read.
    drained: Notify,
}

/// Messages in line.
#[derive(Debug, Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
    /// How much of that answers the peer's calls. Items of streams do not count: they wait for the peer to
    /// read by themselves, and a peer may well write a call before it reads on.
    answers: usize,
    /// Nothing is written any more.
    shut: bool,
}

impl Line {
    pub(super) fn push<P: Serialize>(
        &mut self,
        wire: Wire,
        message: &Message<'_, P>,
    ) -> Result<(), WriteError> {
        if self.shut {
            return Ok(());
        }
        let before = self.bytes.len();
        wire.write(message, &mut self.bytes)?;
        if matches!(message, Message::Result { .. } | Message::Error { .. } | Message::Named(_)) {
            self.answers += self.bytes.len() - before;
        }
        Ok(())
    }

    fn push_answers(&mut self, wire: Wire, body: &[u8]) {
        if self.shut {
            return;
        }
        let before = self.bytes.len();
        let framed = wire.framing().frame(&mut self.bytes, |out| {
            out.extend_from_slice(body);
            Ok::<(), std::convert::Infallible>(())
        });
        match framed {
            Ok(()) => self.answers += self.bytes.len() - before,
        }
    }
}

impl Outbox {
    /// Appends a message. Never waits: who calls, streams, or begins to handle a call asks for
    /// [`room`](Self::room) first, and answers are bounded in number.
    pub(super) fn push<P: Serialize>(&self, wire: Wire, message: &Message<'_, P>) -> Result<(), WriteError> {
        self.in_order(|line| line.push(wire, message))
    }

    /// Appends a body that holds answers, put together elsewhere.
    pub(super) fn push_answers(&self, wire: Wire, body: &[u8]) {
        self.in_order(|line| line.push_answers(wire, body));
    }

    /// Appends something that is no message: to a peer that understands none.
    pub(super) fn push_words(&self, write: impl FnOnce(&mut Vec<u8>)) {
        self.in_order(|line| write(&mut line.bytes));
    }

    /// Has something appended while nobody else can: what is given out in there is written in that order.
    pub(super) fn in_order<R>(&self, append: impl FnOnce(&mut Line) -> R) -> R {
        let appended = append(&mut self.line());
        self.driver.wake();
        appended
    }

    /// Waits until the peer has read enough for more to be said, or nothing will be written any more.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if !self.is_full() {
                return;
            }
            drained.await;
        }
    }

    /// Whether more is waiting than a peer should be made to owe.
    pub(super) fn is_full(&self) -> bool {
        self.line().bytes.len() > OUTBOUND_HIGH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line().bytes.is_empty()
    }

    /// How many bytes of answers wait to be written.
    pub(super) fn answers(&self) -> usize {
        self.line().answers
    }

    /// Gives everything that waits to the driver, in exchange for its emptied buffer, and tells how much of
    /// it are answers.
    pub(super) fn take(&self, emptied: &mut Vec<u8>) -> usize {
        emptied.clear();
        let mut line = self.line();
        if line.bytes.is_empty() {
            // The room of a long answer is given back: an idle connection owns next to nothing.
            line.bytes.shrink_to(KEEP);
            emptied.shrink_to(KEEP);
        }
        std::mem::swap(&mut line.bytes, emptied);
        let answers = std::mem::take(&mut line.answers);
        drop(line);
        if emptied.len() > OUTBOUND_HIGH {
            self.drained.notify_waiters();
        }
        answers
    }

    /// Nothing is written any more: what waits is dropped, and so is what comes.
    pub(super) fn shut(&self) {
        *self.line() = Line { shut: true, ..Line::default() };
        self.drained.notify_waiters();
    }

    /// Has the driver look again.
    pub(super) fn wake(&self) {
        self.driver.wake();
        self.drained.notify_waiters();
    }

    pub(super) fn register(&self, driver: &std::task::Waker) {
        self.driver.register(driver);
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A value's own code may panic while it is written; the frame is cut back then, see `Framing::frame`.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Call, Id};

    #[test]
    fn the_room_of_a_long_answer_is_given_back() {
        let (outbox, mut writing) = (Outbox::default(), Vec::new());
        let answer = Message::Result { id: Id::Number(1), value: Some("x".repeat(1_000_000)) };
        outbox.push(Wire::NATIVE, &answer).unwrap();
        assert_eq!(outbox.take(&mut writing), writing.len());
        // Written by now, and nothing comes next.
        outbox.take(&mut writing);
        assert!(writing.capacity() + outbox.line().bytes.capacity() <= 2 * KEEP);
    }

    #[tokio::test]
    async fn nothing_waits_for_a_connection_that_has_ended() {
        let outbox = Outbox::default();
        let text = "x".repeat(2 * OUTBOUND_HIGH);
        outbox.push(Wire::NATIVE, &Message::Call(Call::new(None, "a.b", Some(&text)))).unwrap();
        assert_eq!((outbox.answers(), outbox.is_full()), (0, true));
        outbox.shut();
        outbox.room().await;
        outbox.push(Wire::NATIVE, &Message::Result { id: Id::Number(1), value: Some(&text) }).unwrap();
        assert!(outbox.is_empty(), "nothing is kept that nobody will write");
    }
}
