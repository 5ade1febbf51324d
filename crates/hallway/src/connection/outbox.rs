use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::task::AtomicWaker;
use serde::Serialize;
use tokio::sync::Notify;

use super::{Wire, WriteError};
use crate::limits::OUTBOUND_HIGH;
use crate::protocol::Message;

/// What is to be written next: every message of a connection is encoded straight into this one buffer,
/// by whoever has it, and leaves in as few writes as possible.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Mutex<Vec<u8>>,
    /// The driver, which waits for something to write.
    driver: AtomicWaker,
    /// Streams that wait for the peer to read.
    drained: Notify,
}

impl Outbox {
    /// Appends a message. Never waits: calls are bounded in number, and streams ask for
    /// [`room`](Self::room) first.
    pub(super) fn push<P: Serialize>(&self, wire: Wire, message: &Message<'_, P>) -> Result<(), WriteError> {
        self.in_order(|bytes| wire.write(message, bytes))
    }

    /// Has something appended while nobody else can: what is given out in there is written in that order.
    pub(super) fn in_order<R>(&self, append: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let appended = append(&mut self.bytes());
        self.driver.wake();
        appended
    }

    /// Waits until the peer has read enough for streams to go on.
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
        self.bytes().len() > OUTBOUND_HIGH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Gives everything that waits to the driver, in exchange for its emptied buffer.
    pub(super) fn take(&self, emptied: &mut Vec<u8>) {
        emptied.clear();
        std::mem::swap(&mut *self.bytes(), emptied);
        if emptied.len() > OUTBOUND_HIGH {
            self.drained.notify_waiters();
        }
    }

    /// Has the driver look again.
    pub(super) fn wake(&self) {
        self.driver.wake();
        self.drained.notify_waiters();
    }

    pub(super) fn register(&self, driver: &std::task::Waker) {
        self.driver.register(driver);
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        // A value's own code may panic while it is written; the frame is cut back then, see `Framing::frame`.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
