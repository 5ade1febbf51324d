use std::cell::Cell;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::Instant;

use super::act::{act, act_on_all, refuse, refuse_connection, refuse_stranger, turn_away};
use super::admission::Admission;
use super::batch::InList;
use super::deadlines::{Deadlines, Due};
use super::first_bytes::FirstBytes;
use super::inbox::Arrived;
use super::link::State;
use super::messages;
use super::output::Output;
use super::spin::Spin;
use super::{Closed, Dispatch, Inbox, Link, Received, Recognition};
use crate::limits::{
    ANSWERS_OWED_MAX, BYTES_FREE, ENVELOPE_MAX, FLUSH_MESSAGES, FRAME_MAX, HELLO_MAX, OUTBOUND_HIGH,
    READ_SIZE, SPARE_ALL_MAX, SPARE_TIME, TURN_MESSAGES, TURN_READS, TURN_TIME, WRITE_PAUSE,
};
use crate::protocol::{WireError, code};
use crate::transport::{ReadHalf, Stream};

/// The one task that reads from and writes to a connection.
///
/// One read takes what is there, every whole message in it is acted on where it lies, a handler that is
/// ready at its first poll answers into the same buffer, and one write sends all of it. Nothing in here
/// waits for a handler, a lock that is held across a wait, or a slow peer.
pub(crate) struct Driver {
    link: Arc<Link>,
    stream: Stream,
    first: FirstBytes,
    inbox: Inbox,
    dispatch: Arc<dyn Dispatch>,
    output: Output,
    /// What the peer hears without asking has been subscribed to.
    subscribed: bool,
    /// Our `hello` is in line, and what the peer has sent after its own waits until it has gone: a peer
    /// that has not heard it may conclude that nothing ran.
    greeting: bool,
    /// There are messages left that have been read.
    more: bool,
    /// How many have been acted on in this turn, and since when, if it is measured.
    acted: usize,
    began: Option<Instant>,
    /// They are as many as one turn may take, or took as long. Where there are more and it is not over, those wait only for
    /// the answers of the ones before to be written.
    turn_is_over: bool,
    /// How much of the inbox is counted against what all may hold.
    charged: usize,
    /// A long message has come or gone of late.
    long: bool,
    /// How much of what is kept for the next one is counted.
    spare: usize,
    spin: Spin,
    admission: Admission,
    /// There is more to do, in its next turn.
    again: bool,
    /// The peer has finished sending.
    end_of_input: bool,
    deadlines: Deadlines,
}

/// How often to look whether a peer that has finished sending is still there to read the answers. The
/// system reports that it is not only together with being asked.
const GONE_CHECK: Duration = Duration::from_millis(250);

thread_local! {
    /// The read buffer: it belongs to the thread, so that an idle connection owns none.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Driver {
    pub(crate) fn new(link: Arc<Link>, stream: Stream, dispatch: Arc<dyn Dispatch>) -> Self {
        // A client has one connection at a time.
        let before = if link.spoke_first() { 0 } else { link.budgets().begin() };
        let mut deadlines = Deadlines::new(before);
        if link.is_guarded() {
            deadlines.set(Due::Token, link.budgets().limits.hello_deadline);
        }
        Self {
            first: FirstBytes::default(),
            inbox: Inbox::new(link.wire()),
            spin: Spin::new(link.spins()),
            link,
            stream,
            dispatch,
            output: Output::default(),
            subscribed: false,
            greeting: false,
            more: false,
            acted: 0,
            began: None,
            turn_is_over: false,
            charged: 0,
            long: false,
            spare: 0,
            admission: Admission::default(),
            again: false,
            end_of_input: false,
            deadlines,
        }
    }

    fn go_on(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.subscribed, true) {
            messages::subscribe(&self.link, &self.dispatch);
        }
        self.link.outbox().driver_looks();
        let mut reads = 0;
        self.acted = 0;
        // Who had more in store than one turn takes has its time from the first message on.
        self.began = self.has_had_its_turn().then(Instant::now);
        loop {
            let wrote = self.write(cx);
            if self.is_over() {
                return Poll::Ready(());
            }
            let waits = reads >= TURN_READS || self.has_had_its_turn() && reads > 0;
            if waits && !crate::chaos::without("turns") {
                // The turn of others, of the handlers that this one has begun among them.
                self.again = true;
                return Poll::Pending;
            }
            let read = self.read(cx);
            reads += u32::from(read && (!self.more || self.turn_is_over));
            self.look_at_spare();
            let timed = self.look_at_deadlines(cx);
            if wrote || read || timed {
                self.spin.moved(self.acted);
                continue;
            }
            self.link.outbox().driver_waits(cx.waker());
            let looked = self.spin.is_looking();
            if self.spin.looks_again() {
                yield_to_others(cx);
                return Poll::Pending;
            }
            if looked {
                // The runtime has to be asked before it can wake this.
                continue;
            }
            // Who had something to say before this could wake nobody.
            let said = self.output.is_done() && self.link.outbox().has_news();
            if !(said || self.is_over()) {
                return Poll::Pending;
            }
        }
    }

    /// Whether it has its turn among the few of those that keep many bytes, or have had a turn already, or of which nothing is known:
    /// a flood of those that come and go is to find a processor busy, and not all of them.
    fn has_much_to_do(&self) -> bool {
        let burden = self.admission.is_asked() || self.charged > 0 || self.link.outbox().is_burden();
        let unknown = !self.link.is_recognised() && !self.link.is_draining();
        (burden || unknown) && !self.link.is_closed()
    }

    /// Whether a turn has ended before all messages were acted on.
    fn has_had_its_turn(&self) -> bool {
        self.more && self.turn_is_over
    }

    /// Whether the connection is done with; the last words have then been written as far as the system
    /// takes them.
    fn is_over(&mut self) -> bool {
        if self.link.is_open() && !self.end_of_input {
            return false;
        }
        // In this order: a call's answer is in line before it counts as ended.
        let idle = self.link.incoming().open_now() == 0 && self.nothing_to_write();
        match self.link.state() {
            State::Closed(_) => return true,
            // Neither direction is left.
            _ if self.end_of_input
                && let Some(broken) = self.output.broken() =>
            {
                self.link.close(broken);
            }
            State::Draining if idle => self.link.close(&Closed::new(Closed::BY_US, "drained")),
            _ if self.end_of_input && idle => {
                self.link.close(&Closed::new(Closed::BY_PEER, "the peer closed the connection"));
            }
            _ => return false,
        }
        true
    }

    fn nothing_to_write(&self) -> bool {
        self.output.is_done() && self.link.outbox().is_empty()
    }

    /// Writes as much as the system takes. If that breaks, what the peer has sent before is still read, for
    /// a while: the system may not have told us of it yet.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let whole = self.output.broken().is_none();
        let wrote = self.output.write(&self.link, &mut *self.stream.writer, cx);
        let breaks = whole && self.output.broken().is_some();
        if breaks {
            self.deadlines.set(Due::Gone, GONE_CHECK);
        }
        if self.output.takes_a_rest() {
            self.deadlines.set(Due::Writing, WRITE_PAUSE);
        }
        let within = self.link.budgets().limits.write_deadline;
        match self.output.stalled() {
            Some(since) => self.deadlines.set_at(Due::Reading, since + within),
            None => self.deadlines.clear(Due::Reading),
        }
        wrote || breaks
    }

    /// Reads what is there, unless the peer owes us reading itself: its next calls wait until it has taken
    /// the answers to the last ones. The end that spoke first always reads: two ends that each wait for
    /// the other to read would wait for ever.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let owed = self.output.answers() + self.link.outbox().answers();
        if self.end_of_input || owed > OUTBOUND_HIGH && !self.link.spoke_first() {
            return false;
        }
        if owed > ANSWERS_OWED_MAX {
            self.link.close(&Closed::new(Closed::VIOLATION, "the peer calls and does not read the answers"));
            return true;
        }
        if self.greeting {
            let gone = self.nothing_to_write() && self.output.broken().is_none();
            if gone {
                self.receive(&[]);
            }
            return gone;
        }
        if std::mem::take(&mut self.more) {
            self.receive(&[]);
            return true;
        }
        let spins = self.spin.is_looking();
        let reader = &mut *self.stream.reader;
        // The rest of a long message goes where its beginning is.
        if let Some(space) = self.inbox.space() {
            let read = read_some(reader, spins, cx, space);
            self.long = true;
            return self.has_read(read, |driver, bytes| driver.receive_messages(Arrived::InPlace(bytes)));
        }
        let mut buffer = BUFFER.take();
        buffer.resize(READ_SIZE, 0);
        let read = read_some(reader, spins, cx, &mut buffer);
        let moved = self.has_read(read, |driver, bytes| {
            driver.receive(buffer.get(..bytes).unwrap_or_default());
        });
        BUFFER.set(buffer);
        moved
    }

    fn has_read(
        &mut self,
        read: Poll<std::io::Result<usize>>,
        receive: impl FnOnce(&mut Self, usize),
    ) -> bool {
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => return self.input_ends(),
            Poll::Ready(Ok(bytes)) => receive(self, bytes),
            Poll::Ready(Err(error)) => self.fail(&format!("cannot read: {error}")),
        }
        true
    }

    /// Acts on what was read, once it is known what the peer speaks.
    fn receive(&mut self, bytes: &[u8]) {
        if self.link.is_recognised() {
            return self.receive_messages(Arrived::Elsewhere(bytes));
        }
        let (recognition, bytes) = self.first.receive(bytes);
        match recognition {
            Recognition::NeedMore if self.deadlines.is_set(Due::Recognition) => (),
            Recognition::NeedMore => {
                self.deadlines.set(Due::Recognition, self.link.budgets().limits.hello_deadline);
            }
            Recognition::Wire(wire) => {
                self.deadlines.clear(Due::Recognition);
                self.link.recognised(wire);
                self.inbox = Inbox::new(wire);
                messages::subscribe(&self.link, &self.dispatch);
                self.receive_messages(Arrived::Elsewhere(&bytes));
            }
            Recognition::Refused(refusal) => turn_away(&self.link, refusal),
        }
    }

    fn receive_messages(&mut self, arrived: Arrived<'_>) {
        let Self { inbox, link, dispatch, deadlines, acted: all_acted, began, turn_is_over, .. } = self;
        // Answers to our own calls may be as long as any message.
        let answered = link.spoke_first() || link.outgoing().any_open();
        inbox.set_max(if answered { FRAME_MAX } else { dispatch.params_max() + ENVELOPE_MAX });
        let (mut acted, mut greeting) = (0, false);
        let each = |received: Received<'_>| {
            let messages = if let Received::Batch(messages) = &received { messages.len() } else { 1 };
            acted += messages;
            *all_acted += messages;
            if messages > 1 {
                began.get_or_insert_with(Instant::now);
            }
            match received {
                // What stands behind the message that ended the conversation is nobody's any more.
                _ if link.is_closed() => return ControlFlow::Continue(()),
                Received::Message(message) => {
                    greeting = act(link, dispatch, deadlines, message, InList::default()).is_break();
                }
                Received::Refused(refusal) => refuse(link, refusal, None),
                Received::Batch(messages) => act_on_all(link, dispatch, deadlines, messages),
            }
            *turn_is_over = *all_acted >= TURN_MESSAGES || takes_long(began);
            let flushes = acted >= FLUSH_MESSAGES && !link.outbox().is_empty();
            if greeting || *turn_is_over || flushes {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        match inbox.receive_until(arrived, each) {
            Ok(flow) => {
                self.greeting = greeting;
                self.more = flow.is_break() && !greeting;
            }
            Err(error) => refuse_connection(&self.link, WireError::new(code::BAD_FRAME, error.to_string())),
        }
        self.look_at_unfinished(acted > 0);
    }

    /// Bounds what is kept of a message that has not ended, and for how long.
    fn look_at_unfinished(&mut self, new: bool) {
        if self.inbox.held() > HELLO_MAX && self.link.is_guarded() {
            refuse_stranger(&self.link);
        }
        // What waits for its turn is not the peer's fault.
        if self.greeting || self.more || !self.inbox.is_within_message() {
            self.deadlines.clear(Due::Message);
        } else if new || !self.deadlines.is_set(Due::Message) {
            self.deadlines.set(Due::Message, self.link.budgets().limits.frame_deadline);
        }
        self.charge();
    }

    /// Counts what is kept among what all connections keep; what finds no room is not kept.
    fn charge(&mut self) {
        let held = self.inbox.held();
        let held = if held > BYTES_FREE { held } else { 0 };
        let budgets = self.link.budgets();
        let more = held.saturating_sub(self.charged);
        let mut charged = held;
        if more > 0 && !budgets.inbound.take(more, budgets.limits.inbound_all) {
            if self.inbox.let_go() {
                charged = 0;
            } else {
                // Whole messages, which have their turn before more is read.
                budgets.inbound.add(more);
            }
        }
        budgets.inbound.give(self.charged.saturating_sub(charged));
        self.charged = charged;
    }

    /// Buffers that a long message has left are kept for the next one, for a while and if all together keep few.
    fn look_at_spare(&mut self) {
        // What is kept tells, also where a message came in two pieces, or has gone in one write.
        let kept = self.inbox.spare() + self.link.outbox().spare();
        self.long |= self.output.is_long() || kept >= READ_SIZE && kept > self.spare;
        if !self.long {
            return;
        }
        let kept = self.inbox.spare() + self.link.outbox().spare() + self.link.outgoing().spare();
        let gauge = &self.link.budgets().spare;
        let more = kept.saturating_sub(self.spare);
        if more == 0 || gauge.take(more, SPARE_ALL_MAX) {
            gauge.give(self.spare.saturating_sub(kept));
            self.spare = kept;
        } else {
            self.let_go_of_spare();
        }
        if !self.deadlines.is_set(Due::Spare) {
            self.deadlines.set(Due::Spare, SPARE_TIME);
        }
    }

    fn let_go_of_spare(&mut self) {
        self.inbox.let_go_of_spare();
        self.link.outbox().let_go_of_spare();
        self.link.outgoing().let_go_of_spare();
        self.link.budgets().spare.give(std::mem::take(&mut self.spare));
    }

    /// The peer sends nothing more. What it has asked for is still answered if it is there to read.
    fn input_ends(&mut self) -> bool {
        self.end_of_input = true;
        let closed = Closed::new(Closed::BY_PEER, "the peer closed the connection");
        let gone = self.stream.writer.peer_is_gone();
        if gone {
            self.output.give_up(&self.link, &closed);
        }
        // No answer and no grant can come any more.
        self.link.outgoing().close(&closed);
        self.link.incoming().input_ends();
        if self.inbox.is_within_message() {
            tracing::debug!(peer = %self.link.peer().address, "the peer closed in the middle of a message");
        }
        if gone {
            self.link.close(&closed);
        } else {
            self.deadlines.set(Due::Gone, GONE_CHECK);
        }
        true
    }

    fn look_at_deadlines(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.deadlines.poll(cx) else { return false };
        let limits = &self.link.budgets().limits;
        match due {
            Due::Token => {
                let message = format!("no hello with the token within {:?}", limits.hello_deadline);
                refuse_connection(&self.link, WireError::new(code::UNAUTHORIZED, message));
            }
            Due::Recognition => {
                let within = limits.hello_deadline;
                let message = format!("what was sent within {within:?} does not tell what is spoken");
                refuse_connection(&self.link, WireError::new(code::SLOW_WRITER, message));
            }
            Due::Message if crate::chaos::without("frame-deadline") => (),
            Due::Message => {
                let message = format!("a message that began did not end within {:?}", limits.frame_deadline);
                refuse_connection(&self.link, WireError::new(code::SLOW_WRITER, message));
            }
            Due::Reading if crate::chaos::without("write-deadline") => (),
            Due::Reading => {
                let reason = format!("the peer read nothing for {:?}", limits.write_deadline);
                self.link.close(&Closed::new(Closed::SLOW_READER, reason));
            }
            Due::Writing => (),
            Due::Spare => {
                if std::mem::take(&mut self.long) {
                    self.deadlines.set(Due::Spare, SPARE_TIME);
                } else {
                    self.let_go_of_spare();
                }
            }
            Due::Gone if self.end_of_input => return self.input_ends(),
            Due::Gone => {
                if let Some(broken) = self.output.broken() {
                    self.link.close(broken);
                }
            }
        }
        true
    }

    fn fail(&mut self, reason: &str) {
        let closed = Closed::new(Closed::IO, reason);
        self.output.give_up(&self.link, &closed);
        self.link.close(&closed);
    }
}

/// Runs the connection to its end. A future by itself, since an asynchronous function that owns this would be twice as
/// large, for every connection.
impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driver = self.get_mut();
        if driver.has_much_to_do() {
            let waited = ready!(driver.admission.poll(&driver.link.budgets().turns, cx));
            // What waits for its turn is not the peer's fault.
            let most = driver.link.budgets().limits.frame_deadline;
            driver.deadlines.postpone_message(waited, most);
        }
        let polled = driver.go_on(cx);
        driver.admission.end();
        if std::mem::take(&mut driver.again) {
            let _when_it_is_woken = driver.admission.poll(&driver.link.budgets().turns, cx);
        }
        polled
    }
}

/// A runtime that shuts down drops its tasks where they stand: who waits on this connection hears of it.
impl Drop for Driver {
    fn drop(&mut self) {
        self.link.budgets().inbound.give(self.charged);
        self.link.budgets().spare.give(self.spare);
        self.link.budgets().send_rooms.give(self.output.send_rooms());
        self.link.close(&Closed::new(Closed::BY_US, "the connection's task was dropped"));
        self.link.outbox().shut();
    }
}

/// The other connections' turn, those among them of whom the system has news.
fn yield_to_others(cx: &mut Context<'_>) {
    let others = std::pin::pin!(tokio::task::yield_now());
    let _pending = others.poll(cx);
}

/// Reads what is there, if the runtime has been told of it, or is not waited for.
fn read_some(
    reader: &mut dyn ReadHalf,
    spins: bool,
    cx: &mut Context<'_>,
    space: &mut [u8],
) -> Poll<std::io::Result<usize>> {
    if spins && let Some(read) = reader.read_now(space) {
        return match read {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Poll::Pending,
            read => Poll::Ready(read),
        };
    }
    let reader = Pin::new(reader);
    let mut read = ReadBuf::new(space);
    ready!(reader.poll_read(cx, &mut read))?;
    Poll::Ready(Ok(read.filled().len()))
}

/// Whether messages have been acted on for so long that it is the other connections' turn. The clock is not looked at
/// for one that comes alone.
fn takes_long(began: &mut Option<Instant>) -> bool {
    match began {
        None => {
            *began = Some(Instant::now());
            false
        }
        Some(began) => began.elapsed() >= TURN_TIME,
    }
}

#[cfg(test)]
mod tests;
