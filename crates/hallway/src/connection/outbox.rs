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
    waiting: Mutex<Waiting>,
    /// The driver, which waits for something to write.
    driver: AtomicWaker,
    /// Streams that wait for the peer to read.
    drained: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// How many of the bytes answer the peer.
    owed: usize,
    /// Nothing is written any more.
    shut: bool,
}

impl Outbox {
    /// Appends a message. Never waits: who calls, streams or begins to handle a call asks for
    /// [`room`](Self::room) first, and answers are bounded in number.
    pub(super) fn push<P: Serialize>(&self, wire: Wire, message: &Message<'_, P>) -> Result<(), WriteError> {
        let mut waiting = self.waiting();
        if waiting.shut {
            return Ok(());
        }
        let before = waiting.bytes.len();
        wire.write(message, &mut waiting.bytes)?;
        if !matches!(message, Message::Call(_) | Message::Grant { .. } | Message::Cancel { .. }) {
            waiting.owed += waiting.bytes.len() - before;
        }
        drop(waiting);
        self.driver.wake();
        Ok(())
    }

    /// Waits until the peer has read enough for more to be said, or the connection has ended.
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
        self.waiting().bytes.len() > OUTBOUND_HIGH
    }

    /// How many bytes that answer the peer are waiting.
    pub(super) fn owed(&self) -> usize {
        self.waiting().owed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting().bytes.is_empty()
    }

    /// Gives everything that waits to the driver, in exchange for its emptied buffer. Returns how much of it
    /// answers the peer.
    pub(super) fn take(&self, emptied: &mut Vec<u8>) -> usize {
        emptied.clear();
        let mut waiting = self.waiting();
        if waiting.bytes.is_empty() {
            // The room of a long answer is given back: an idle connection owns next to nothing.
            waiting.bytes.shrink_to(KEEP);
            emptied.shrink_to(KEEP);
        }
        std::mem::swap(&mut waiting.bytes, emptied);
        let owed = std::mem::take(&mut waiting.owed);
        drop(waiting);
        if emptied.len() > OUTBOUND_HIGH {
            self.drained.notify_waiters();
        }
        owed
    }

    /// Nothing is written any more: what waits is dropped, and so is what comes.
    pub(super) fn shut(&self) {
        *self.waiting() = Waiting { shut: true, ..Waiting::default() };
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

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A value's own code may panic while it is written; the frame is cut back then, see `Framing::frame`.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Id;

    #[test]
    fn the_room_of_a_long_answer_is_given_back() {
        let (outbox, mut writing) = (Outbox::default(), Vec::new());
        let answer = Message::Result { id: Id::Number(1), value: Some("x".repeat(1_000_000)) };
        outbox.push(Wire::NATIVE, &answer).unwrap();
        assert_eq!(outbox.take(&mut writing), writing.len());
        // Written by now, and nothing comes next.
        outbox.take(&mut writing);
        assert!(writing.capacity() + outbox.waiting().bytes.capacity() <= 2 * KEEP);
    }

    #[tokio::test]
    async fn only_what_answers_the_peer_is_owed_and_the_end_makes_room() {
        let outbox = Outbox::default();
        let text = "x".repeat(2 * OUTBOUND_HIGH);
        let call = crate::protocol::Call::new(None, "a.b", Some(&text));
        outbox.push(Wire::NATIVE, &Message::Call(call)).unwrap();
        assert_eq!((outbox.owed(), outbox.is_full()), (0, true));
        outbox.shut();
        outbox.room().await;
        outbox.push(Wire::NATIVE, &Message::Result { id: Id::Number(1), value: Some(&text) }).unwrap();
        assert!(outbox.is_empty(), "nothing is kept that nobody will write");
    }
}
