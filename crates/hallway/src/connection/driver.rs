use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::Instant;

use super::arrival::End;
use super::batch::Batch;
use super::budgets::Lane;
use super::deadlines::{Deadlines, Due};
use super::first_bytes::FirstBytes;
use super::incoming::Ticket;
use super::link::State;
use super::messages::{self, Command, Reply};
use super::output::Output;
use super::turn::Turn;
use super::{Closed, Inbox, Link, Received, Recognition, Refusal};
use crate::encoding::Raw;
use crate::limits::{
    BYTES_FREE, ENVELOPE_MAX, FRAME_MAX, HELLO_MAX, OUTBOUND_HIGH, PARAMS_MAX, READ_SIZE, TURN_MESSAGES,
    TURN_READS, TURN_TIME, WRITE_PAUSE,
};
use crate::protocol::{Call, Hello, Id, Message, ProtocolError, WireError, code};
use crate::transport::Stream;

/// A call in the works.
pub(crate) type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a method asks of the connection that calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) lane: Lane,
    /// The longest parameters, in bytes.
    pub(crate) params_max: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lane: Lane::Interactive, params_max: PARAMS_MAX }
    }
}

/// Whoever serves the peer's calls.
pub(crate) trait Dispatch: Send + Sync + 'static {
    /// What is to be known of a method before it is called.
    fn terms(&self, _method: &str) -> Terms {
        Terms::default()
    }

    /// The longest parameters of any method, in bytes.
    fn params_max(&self) -> usize {
        PARAMS_MAX
    }

    /// Begins a call. `None`: it has been answered already.
    fn dispatch(&self, call: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling>;

    /// What a message of this name asks for.
    fn command(&self, name: &str) -> Result<&Command, WireError>;

    /// The methods that are subscribed to for a peer that need not ask, by the names of their events.
    fn events(&self) -> &BTreeMap<&'static str, String>;
}

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
    /// Our `hello` is in line, and what the peer has sent after its own waits until it has gone: a peer
    /// that has not heard it may conclude that nothing ran.
    greeting: bool,
    /// There are messages left that were read in an earlier turn.
    more: bool,
    /// How much of the inbox is counted against what all may hold.
    charged: usize,
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
        let mut deadlines = Deadlines::default();
        if matches!(link.state(), State::Guarded { .. }) {
            deadlines.set(Due::Token, link.budgets().limits.hello_deadline);
        }
        Self {
            first: FirstBytes::default(),
            inbox: Inbox::new(link.wire()),
            link,
            stream,
            dispatch,
            output: Output::default(),
            greeting: false,
            more: false,
            charged: 0,
            end_of_input: false,
            deadlines,
        }
    }

    /// Runs the connection to its end.
    pub(crate) async fn run(mut self) {
        messages::subscribe(&self.link, &self.dispatch);
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.outbox().register(cx.waker());
        let mut reads = 0;
        loop {
            let wrote = self.write(cx);
            if self.is_over() {
                return Poll::Ready(());
            }
            let waits = reads >= TURN_READS || self.more && reads > 0;
            if waits && !crate::chaos::without("turns") {
                // The other connections' turn.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let read = self.read(cx);
            reads += u32::from(read);
            let timed = self.look_at_deadlines(cx);
            if !(wrote || read || timed) {
                return Poll::Pending;
            }
        }
    }

    /// Whether the connection is done with; the last words have then been written as far as the system
    /// takes them.
    fn is_over(&mut self) -> bool {
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
        let owes_reading = self.output.answers() + self.link.outbox().answers() > OUTBOUND_HIGH;
        if self.end_of_input || owes_reading && !self.link.spoke_first() {
            return false;
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
        let mut buffer = BUFFER.take();
        buffer.resize(READ_SIZE, 0);
        let mut read = ReadBuf::new(&mut buffer);
        let moved = match Pin::new(&mut self.stream.reader).poll_read(cx, &mut read) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) if read.filled().is_empty() => self.input_ends(),
            Poll::Ready(Ok(())) => {
                self.receive(read.filled());
                true
            }
            Poll::Ready(Err(error)) => {
                self.fail(&format!("cannot read: {error}"));
                true
            }
        };
        BUFFER.set(buffer);
        moved
    }

    /// Acts on what was read, once it is known what the peer speaks.
    fn receive(&mut self, bytes: &[u8]) {
        if self.link.is_recognised() {
            return self.receive_messages(bytes);
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
                self.receive_messages(&bytes);
            }
            Recognition::Refused(refusal) => turn_away(&self.link, refusal),
        }
    }

    fn receive_messages(&mut self, bytes: &[u8]) {
        let Self { inbox, link, dispatch, deadlines, .. } = self;
        // Answers to our own calls may be as long as any message.
        let answered = link.spoke_first() || link.outgoing().any_open();
        inbox.set_max(if answered { FRAME_MAX } else { dispatch.params_max() + ENVELOPE_MAX });
        let (mut acted, mut greeting, mut began) = (0, false, None);
        let outcome = inbox.receive_until(bytes, |received| {
            acted += 1;
            match received {
                // What stands behind the message that ended the conversation is nobody's any more.
                _ if link.closed().is_some() => return ControlFlow::Continue(()),
                Received::Message(message) => {
                    greeting = act(link, dispatch, deadlines, message, None).is_break();
                }
                Received::Refused(refusal) => refuse(link, refusal, None),
                Received::Batch(messages) => act_on_all(link, dispatch, deadlines, messages),
            }
            if greeting || acted >= TURN_MESSAGES || takes_long(&mut began) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        match outcome {
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
        if self.inbox.held() > HELLO_MAX && matches!(self.link.state(), State::Guarded { .. }) {
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
        if more == 0 || budgets.inbound.take(more, budgets.limits.inbound_all) {
            budgets.inbound.give(self.charged.saturating_sub(held));
            self.charged = held;
        } else {
            self.inbox.let_go();
            budgets.inbound.give(std::mem::take(&mut self.charged));
        }
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

/// A runtime that shuts down drops its tasks where they stand: who waits on this connection hears of it.
impl Drop for Driver {
    fn drop(&mut self) {
        self.link.budgets().inbound.give(self.charged);
        self.link.close(&Closed::new(Closed::BY_US, "the connection's task was dropped"));
        self.link.outbox().shut();
    }
}

/// Answers a message that cannot be acted on. If it is itself the answer that somebody here waits for, the
/// connection ends instead: that answer will never come.
fn refuse(link: &Link, refusal: ProtocolError, batch: Option<&Arc<Batch>>) {
    let ProtocolError { id, error, answers } = refusal;
    if matches!(link.state(), State::Guarded { .. }) {
        return refuse_stranger(link);
    }
    let awaited = match &id {
        Some(id) if !id.is_null() => link.outgoing().is_open(id),
        // Nobody can say whose answer it was, if it was one: to who began the conversation it most likely is.
        _ => link.spoke_first() && link.outgoing().any_open(),
    };
    if awaited && answers != Some(false) {
        let reason = format!("the peer sent an answer that cannot be read: {}", error.message);
        return link.close(&Closed::new(Closed::VIOLATION, reason));
    }
    // With the id of a call of ours, the peer would take the refusal for the end of its own.
    let id = id.filter(|_| answers != Some(true));
    answer(link, batch, id, error);
}

/// Tells the peer of an error, together with the other answers to its list if it was in one.
fn answer(link: &Link, batch: Option<&Arc<Batch>>, id: Option<Id>, error: WireError) {
    let error = Message::Error::<()> { id, error };
    let _written = match batch {
        None => link.send(&error),
        Some(batch) => batch.answer(&error),
    };
}

/// Acts on the messages of a list.
fn act_on_all(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    deadlines: &mut Deadlines,
    messages: Vec<Result<Message<'_, Raw<'_>>, ProtocolError>>,
) {
    let batch = match Batch::new(link, &messages) {
        Ok(batch) => batch,
        Err(error) => return answer(link, None, Some(Id::null()), error),
    };
    for message in messages {
        match message {
            _ if link.closed().is_some() => return,
            Err(refusal) => refuse(link, refusal, batch.as_ref()),
            // What follows it would have to wait for ours: it is heard only where it stands alone.
            Ok(Message::Hello(_)) if !matches!(link.state(), State::Guarded { .. }) => (),
            Ok(Message::Hello(_)) => refuse_stranger(link),
            Ok(message) => {
                let _goes_on = act(link, dispatch, deadlines, message, batch.as_ref());
            }
        }
    }
}

/// Acts on one message. Broken off where the next one has to wait until our `hello` has gone.
fn act(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    deadlines: &mut Deadlines,
    message: Message<'_, Raw<'_>>,
    batch: Option<&Arc<Batch>>,
) -> ControlFlow<()> {
    match message {
        Message::Hello(hello) => return greeted(link, dispatch, deadlines, &hello),
        _ if matches!(link.state(), State::Guarded { .. }) => {
            refuse_stranger(link);
        }
        Message::Call(call) => begin(link, dispatch, call, Reply::Result, batch),
        Message::Named(call) => messages::command(link, dispatch, call),
        Message::Cancel { id } => link.incoming().cancel(&id),
        Message::Grant { id, items } => link.incoming().grant(&id, items),
        Message::Result { id, value } => {
            let value = value.map(|value| value.bytes().to_vec()).unwrap_or_default();
            link.outgoing().end(&id, End::Result(value));
        }
        Message::Error { id: Some(id), error } => link.outgoing().end(&id, End::Error(error)),
        Message::Error { id: None, error } => {
            tracing::warn!(peer = %link.peer().address, code = ?error.code, message = ?error.message, "the peer refused a message");
            link.outgoing().words(error);
        }
        Message::Item { id, seq, value } => {
            let granted = link.outgoing().arrived(&id, |arrivals| arrivals.item(seq, value.bytes()));
            if granted == Some(false) {
                link.close(&Closed::new(Closed::VIOLATION, "the peer sent more items than it was granted"));
            }
        }
        Message::Lagged { id, missed, next } => {
            link.outgoing().arrived(&id, |arrivals| arrivals.lagged(missed, next));
        }
        Message::Progress { id, progress } => {
            link.outgoing().arrived(&id, |arrivals| arrivals.progress(progress));
        }
        Message::Goaway(goaway) => link.outgoing().goaway(goaway),
        Message::Unknown { id } => {
            let id = id.filter(|id| !link.outgoing().is_open(id));
            let message = format!("a message of no known kind: write {}", link.wire().protocol().kinds());
            answer(link, batch, id, WireError::new(code::UNKNOWN_MESSAGE, message));
        }
    }
    ControlFlow::Continue(())
}

/// Answers a `hello` with our own, if it has not been said.
fn greeted(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    deadlines: &mut Deadlines,
    hello: &Hello,
) -> ControlFlow<()> {
    link.outgoing().hello();
    if let State::Guarded { token } = link.state() {
        if !hello.token.as_deref().is_some_and(|named| same_secret(named, &token)) {
            refuse_connection(link, WireError::new(code::UNAUTHORIZED, "the token is wrong or missing"));
            return ControlFlow::Continue(());
        }
        link.advance(State::Open);
        messages::subscribe(link, dispatch);
    }
    deadlines.clear(Due::Token);
    if !link.outgoing().answers_hello() {
        return ControlFlow::Continue(());
    }
    link.greet();
    ControlFlow::Break(())
}

/// Compares in a time that does not tell where the first difference is.
fn same_secret(one: &str, other: &str) -> bool {
    let difference = one.bytes().zip(other.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
    one.len() == other.len() && difference == 0
}

/// Tells somebody who came to the wrong socket.
fn turn_away(link: &Link, refusal: Refusal) {
    tracing::debug!(peer = %link.peer().address, refusal = refusal.name(), "not a peer of ours");
    link.outbox().push_words(|out| refusal.reply(out));
    link.close(&Closed::new(Closed::VIOLATION, refusal.sentence()));
}

/// Says why, and ends the connection.
fn refuse_connection(link: &Link, error: WireError) {
    let slow = error.code == code::SLOW_WRITER;
    let reason = if slow { Closed::SLOW_WRITER } else { Closed::VIOLATION };
    let closed = Closed::new(reason, error.message.as_str());
    let _written = link.send(&Message::Error::<()> { id: None, error });
    link.close(&closed);
}

fn refuse_stranger(link: &Link) {
    let message = "this listener asks for a hello with its token first";
    refuse_connection(link, WireError::new(code::UNAUTHORIZED, message));
}

/// Begins a call of the peer's.
pub(super) fn begin(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    call: Call<'_, Raw<'_>>,
    reply: Reply,
    batch: Option<&Arc<Batch>>,
) {
    let terms = dispatch.terms(&call.method);
    let size = call.params.map_or(0, |params| params.bytes().len());
    let opened = if size > terms.params_max {
        Err(too_long(&call.method, size, terms.params_max))
    } else {
        link.incoming().open(link, &call, terms, size, reply, batch)
    };
    let ticket = match opened {
        Ok(ticket) => ticket,
        Err(error) => {
            if call.id.is_some() {
                answer(link, batch, call.id, error);
            }
            return;
        }
    };
    // The service's own types are read here; a panic of theirs is the error of this call.
    match std::panic::catch_unwind(AssertUnwindSafe(|| dispatch.dispatch(call, &ticket))) {
        Ok(Some(handling)) => {
            let turn = link.incoming().turn(&ticket);
            start(link, Handler { handling: Some(handling), ticket, turn });
        }
        Ok(None) => (),
        Err(_panic) => ticket.error(panicked()),
    }
}

fn too_long(method: &str, size: usize, max: usize) -> WireError {
    let message = format!("{size} bytes of parameters, where `{method}` takes {max} at the most");
    WireError::new(code::FRAME_TOO_LONG, message)
        .with_details(&serde_json::json!({ "size": size, "max": max }))
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

/// Polls a handler once, here, if it is its turn; only one that has to wait becomes a task. While the peer
/// does not read its answers, nothing begins.
fn start(link: &Arc<Link>, mut handler: Handler) {
    let ticket = Arc::clone(&handler.ticket);
    if ticket.is_overdue() {
        return;
    }
    let waits = link.is_full() || !handler.turn.has_come();
    let place = if waits { None } else { link.incoming().try_place(&ticket) };
    let runs = place.is_some();
    if let Some(place) = place {
        ticket.takes(place);
    }
    // Nothing is lost by not being woken: the task polls again at once.
    if runs && Pin::new(&mut handler).poll(&mut Context::from_waker(Waker::noop())).is_ready() {
        return;
    }
    let deadline = ticket.deadline();
    let waiting = Arc::clone(link);
    let run = async move {
        handler.turn.comes().await;
        if !runs {
            handler.ticket.takes(waiting.incoming().place(&handler.ticket).await);
            waiting.room().await;
        }
        if !handler.ticket.is_overdue() {
            handler.await;
        }
    };
    let task = tokio::spawn(async move {
        match deadline {
            Some(deadline) => drop(tokio::time::timeout_at(deadline, run).await),
            None => run.await,
        }
    });
    link.incoming().runs_as(&ticket, task.abort_handle());
}

/// A call in the works, together with the duty to answer it: when it ends, panics, or is dropped.
struct Handler {
    handling: Option<Handling>,
    ticket: Arc<Ticket>,
    /// The next one's turn comes when this one has answered and stopped.
    turn: Turn,
}

impl Future for Handler {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(handling) = &mut self.handling else { return Poll::Ready(()) };
        match std::panic::catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(cx))) {
            Ok(polled) => polled,
            Err(_panic) => {
                self.ticket.error(panicked());
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        // The call counts as open until its handler has stopped. What it holds may panic as it goes, and
        // this may be the connection's own task.
        let _panicked = std::panic::catch_unwind(AssertUnwindSafe(|| self.handling = None));
        self.ticket.settle();
        self.ticket.lets_go();
    }
}

fn panicked() -> WireError {
    // The panic's own words have gone to the log; they may hold what the caller must not see.
    WireError::new(code::INTERNAL, "the handler panicked; the daemon's log says where")
}

#[cfg(test)]
mod tests;
