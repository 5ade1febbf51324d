use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::task::AtomicWaker;
use serde::Serialize;
use tokio::sync::Notify;

use super::budgets::Budgets;
use super::held::KEEP;
use super::{Wire, WriteError};
use crate::limits::{BUFFER_STEP, BYTES_FREE, OUTBOUND_HIGH, READ_SIZE, SPARE_MAX};
use crate::protocol::Message;

/// What is to be written next: every message of a connection is encoded straight into this one buffer,
/// by whoever has it, and leaves in as few writes as possible.
#[derive(Debug)]
pub(crate) struct Outbox {
    line: Mutex<Line>,
    /// How many bytes the driver has taken and not written yet.
    unwritten: AtomicUsize,
    /// How much is kept for the next long message, in bytes. Changed under the lock.
    spare: AtomicUsize,
    /// How many bytes are counted against what all peers may owe. Changed under the lock.
    charged: AtomicUsize,
    budgets: Arc<Budgets>,
    /// How many are putting several messages in line, which are to be written together.
    holds: AtomicUsize,
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
        if before >= BUFFER_STEP && self.bytes.capacity() - before < BUFFER_STEP / 4 {
            self.bytes.reserve_exact(BUFFER_STEP);
        }
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
    pub(super) fn new(budgets: &Arc<Budgets>) -> Self {
        Self {
            line: Mutex::default(),
            unwritten: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            charged: AtomicUsize::new(0),
            budgets: Arc::clone(budgets),
            holds: AtomicUsize::new(0),
            driver: AtomicWaker::new(),
            drained: Notify::new(),
        }
    }

    /// Appends a message. Never waits: who calls, streams, or begins to handle a call asks for
    /// [`room`](Self::room) first, and answers are bounded in number. A long one finds no place while all peers
    /// together owe more reading than they may, nor behind others while this one would owe a quarter of that.
    pub(super) fn push<P: Serialize>(&self, wire: Wire, message: &Message<'_, P>) -> Result<(), WriteError> {
        self.in_order(|line| {
            let (before, answers) = (line.bytes.len(), line.answers);
            line.push(wire, message)?;
            let size = line.bytes.len() - before;
            if size > OUTBOUND_HIGH && (self.is_short_of(size) || self.is_unfair(before, size)) {
                line.bytes.truncate(before);
                line.answers = answers;
                return Err(WriteError::TooLong { size, max: OUTBOUND_HIGH });
            }
            Ok(())
        })
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
        let mut line = self.line();
        let appended = append(&mut line);
        self.charge(&line);
        drop(line);
        if !self.is_held() {
            self.driver.wake();
        }
        appended
    }

    /// Nothing that is put in line is written before this has been dropped.
    pub(super) fn hold(&self) -> Hold<'_> {
        self.holds.fetch_add(1, Ordering::AcqRel);
        Hold(self)
    }

    /// Waits until the peer has read enough for more to be said, or nothing will be written any more.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn room(&self) {
        while self.is_full() {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if !self.is_full() {
                return;
            }
            drained.await;
        }
    }

    /// Whether more is waiting than a peer should be made to owe; less, while all together owe too much.
    pub(super) fn is_full(&self) -> bool {
        let owed = self.line().bytes.len() + self.unwritten.load(Ordering::Relaxed);
        let bounded = !crate::chaos::without("outbound");
        bounded && (owed > OUTBOUND_HIGH || owed > BYTES_FREE && self.is_short_of(0))
    }

    /// Whether this peer owes reading already, so much in line, and would have more than one's part with this.
    fn is_unfair(&self, in_line: usize, size: usize) -> bool {
        let owed = in_line + self.unwritten.load(Ordering::Relaxed);
        owed > OUTBOUND_HIGH && owed.saturating_add(size) > self.budgets.limits.outbound_all / 4
    }

    /// Whether all peers together owe so much that this does not go beside it.
    fn is_short_of(&self, size: usize) -> bool {
        self.budgets.outbound.now().saturating_add(size) > self.budgets.limits.outbound_all
    }

    /// Counts what this peer owes among what all do.
    fn charge(&self, line: &Line) {
        let owed = line.bytes.len() + self.unwritten.load(Ordering::Relaxed);
        let owed = if owed > BYTES_FREE { owed } else { 0 };
        let charged = self.charged.load(Ordering::Relaxed);
        if owed != charged {
            self.charged.store(owed, Ordering::Relaxed);
            self.budgets.outbound.add(owed.saturating_sub(charged));
            self.budgets.outbound.give(charged.saturating_sub(owed));
        }
    }

    /// Whether so much waits that it is counted against what all peers may owe.
    pub(super) fn is_burden(&self) -> bool {
        self.charged.load(Ordering::Relaxed) > 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line().bytes.is_empty()
    }

    /// Whether there is something to write now.
    pub(super) fn has_news(&self) -> bool {
        !self.is_held() && !self.is_empty()
    }

    /// Whether what is in line waits for more.
    fn is_held(&self) -> bool {
        self.holds.load(Ordering::Acquire) > 0
    }

    /// How many bytes of answers wait to be written.
    pub(super) fn answers(&self) -> usize {
        self.line().answers
    }

    /// Gives everything that waits to the driver, in exchange for its emptied buffer, and tells how much of
    /// it are answers.
    pub(super) fn take(&self, emptied: &mut Vec<u8>) -> usize {
        emptied.clear();
        if self.is_held() {
            return 0;
        }
        let mut line = self.line();
        if line.bytes.is_empty() {
            // An idle connection owns next to nothing, after a long message for a while one buffer.
            if emptied.capacity() > line.bytes.capacity() {
                std::mem::swap(&mut line.bytes, emptied);
            }
            *emptied = Vec::new();
            self.keep_spare(&mut line, SPARE_MAX);
            return 0;
        }
        std::mem::swap(&mut line.bytes, emptied);
        self.unwritten.store(emptied.len(), Ordering::Relaxed);
        std::mem::take(&mut line.answers)
    }

    fn keep_spare(&self, line: &mut Line, most: usize) {
        if !(READ_SIZE..=most).contains(&line.bytes.capacity()) {
            line.bytes.shrink_to(KEEP);
        }
        self.spare.store(line.bytes.capacity(), Ordering::Relaxed);
    }

    /// How much is kept for the next long message, in bytes.
    pub(super) fn spare(&self) -> usize {
        self.spare.load(Ordering::Relaxed)
    }

    /// Gives it back, if it is not in use.
    pub(super) fn let_go_of_spare(&self) {
        let mut line = self.line();
        if line.bytes.is_empty() {
            self.keep_spare(&mut line, 0);
        }
    }

    /// Everything that was taken has been written, so many bytes.
    pub(super) fn written(&self, bytes: usize) {
        self.unwritten.store(0, Ordering::Relaxed);
        if bytes > BYTES_FREE || self.is_burden() {
            self.charge(&self.line());
            self.drained.notify_waiters();
        }
    }

    /// The peer does not read: the room that long answers have left over is given back, for what waits may wait long.
    pub(super) fn tighten(&self) {
        tighten(&mut self.line().bytes);
    }

    /// Nothing is written any more: what waits is dropped, and so is what comes.
    pub(super) fn shut(&self) {
        let mut line = self.line();
        *line = Line { shut: true, ..Line::default() };
        self.unwritten.store(0, Ordering::Relaxed);
        self.charge(&line);
        drop(line);
        self.drained.notify_waiters();
    }

    /// Has the driver look again, and everybody who waits for room.
    pub(super) fn wake(&self) {
        self.wake_driver();
        self.drained.notify_waiters();
    }

    pub(super) fn wake_driver(&self) {
        self.driver.wake();
    }

    /// The driver is about to wait; it looks once more after this.
    pub(super) fn driver_waits(&self, driver: &std::task::Waker) {
        self.driver.register(driver);
    }

    /// The driver looks by itself, and need not be woken for it.
    pub(super) fn driver_looks(&self) {
        self.driver.take();
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A value's own code may panic while it is written; the frame is cut back then, see `Framing::frame`.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds back what is put in line; it leaves together when the last of these has gone.
#[derive(Debug)]
pub(super) struct Hold<'a>(&'a Outbox);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.holds.fetch_sub(1, Ordering::AcqRel);
        self.0.driver.wake();
    }
}

/// Gives back what a buffer has beyond its bytes, but one step.
pub(super) fn tighten(bytes: &mut Vec<u8>) {
    if bytes.capacity() - bytes.len() > 2 * BUFFER_STEP {
        bytes.shrink_to(bytes.len() + BUFFER_STEP);
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.budgets.outbound.give(self.charged.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::protocol::{Call, Id};

    #[test]
    fn what_a_peer_does_not_read_counts_until_it_is_written() {
        let limits = Limits { outbound_all: 1024 * 1024, ..Limits::default() };
        let budgets = Arc::new(Budgets::new(limits));
        let (one, other) = (Outbox::new(&budgets), Outbox::new(&budgets));
        let mut writing = Vec::new();
        let answer = |length| Message::Result { id: Id::Number(1), value: Some("x".repeat(length)) };
        one.push(Wire::NATIVE, &answer(100)).unwrap();
        assert_eq!(budgets.outbound.now(), 0, "a little is free");
        one.push(Wire::NATIVE, &answer(900_000)).unwrap();
        one.take(&mut writing);
        other.push(Wire::NATIVE, &answer(200_000)).unwrap();
        assert!(budgets.outbound.now() > 1_100_000 && one.is_full());
        assert!(other.is_full(), "there is not enough for all");
        let refused = other.push(Wire::NATIVE, &answer(300_000));
        assert!(matches!(refused, Err(WriteError::TooLong { max: OUTBOUND_HIGH, .. })), "{refused:?}");
        one.written(writing.len());
        assert!(!other.is_full() && !one.is_full());
        drop((one, other));
        assert_eq!(budgets.outbound.now(), 0);
    }

    #[test]
    fn one_peer_does_not_take_what_all_may_owe() {
        let limits = Limits { outbound_all: 4 * 1024 * 1024, ..Limits::default() };
        let outbox = Outbox::new(&Arc::new(Budgets::new(limits)));
        let answer = |length| Message::Result { id: Id::Number(1), value: Some("x".repeat(length)) };
        outbox.push(Wire::NATIVE, &answer(2_000_000)).unwrap();
        let second = outbox.push(Wire::NATIVE, &answer(300_000));
        assert!(
            matches!(second, Err(WriteError::TooLong { .. })),
            "behind one that is long enough: {second:?}"
        );
        outbox.push(Wire::NATIVE, &answer(1000)).unwrap();
        outbox.take(&mut Vec::new());
        outbox.written(2_000_000);
        outbox.push(Wire::NATIVE, &answer(300_000)).unwrap();
    }

    #[test]
    fn many_small_messages_take_little_more_than_they_are_long() {
        let outbox = Outbox::new(&Arc::default());
        let item = Message::Item { id: Id::Number(1), seq: None, value: "x".repeat(1000) };
        while !outbox.is_full() {
            outbox.push(Wire::NATIVE, &item).unwrap();
        }
        let line = outbox.line();
        let spare = line.bytes.capacity() - line.bytes.len();
        assert!(spare <= BUFFER_STEP, "{spare} bytes to spare for {}", line.bytes.len());
    }

    #[test]
    fn long_answers_that_wait_take_little_more_than_they_are_long() {
        let outbox = Outbox::new(&Arc::default());
        let answer = Message::Result { id: Id::Number(1), value: Some("x".repeat(60_000)) };
        while !outbox.is_full() {
            outbox.push(Wire::NATIVE, &answer).unwrap();
            outbox.tighten();
            let line = outbox.line();
            assert!(line.bytes.capacity() <= line.bytes.len() + 2 * BUFFER_STEP);
        }
    }

    #[test]
    fn the_room_of_a_long_answer_is_kept_until_it_is_let_go() {
        let (outbox, mut writing) = (Outbox::new(&Arc::default()), Vec::new());
        let answer = Message::Result { id: Id::Number(1), value: Some("x".repeat(1_000_000)) };
        outbox.push(Wire::NATIVE, &answer).unwrap();
        assert_eq!(outbox.take(&mut writing), writing.len());
        // Written by now, and nothing comes next.
        outbox.take(&mut writing);
        assert!(outbox.spare() >= 1_000_000 && writing.capacity() <= KEEP);
        outbox.let_go_of_spare();
        assert!(writing.capacity() + outbox.line().bytes.capacity() <= 2 * KEEP && outbox.spare() <= KEEP);
    }

    #[tokio::test]
    async fn nothing_waits_for_a_connection_that_has_ended() {
        let outbox = Outbox::new(&Arc::default());
        let text = "x".repeat(2 * OUTBOUND_HIGH);
        outbox.push(Wire::NATIVE, &Message::Call(Call::new(None, "a.b", Some(&text)))).unwrap();
        assert_eq!((outbox.answers(), outbox.is_full()), (0, true));
        outbox.shut();
        outbox.room().await;
        outbox.push(Wire::NATIVE, &Message::Result { id: Id::Number(1), value: Some(&text) }).unwrap();
        assert!(outbox.is_empty(), "nothing is kept that nobody will write");
    }
}
