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
use tokio::time::Sleep;

use super::arrival::{self, End, Fault};
use super::batch::Batch;
use super::first_bytes::FirstBytes;
use super::incoming::Ticket;
use super::link::State;
use super::messages::{self, Command, Reply};
use super::output::Output;
use super::turn::Turn;
use super::{Closed, Inbox, Link, Received, Recognition, Refusal};
use crate::encoding::Raw;
use crate::limits::{ANSWERS_OWED_MAX, HELLO_DEADLINE, HELLO_MAX, OUTBOUND_HIGH, READ_SIZE};
use crate::protocol::{Call, Hello, Id, Message, ProtocolError, WireError, code};
use crate::transport::Stream;

/// A call in the works.
pub(crate) type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whoever serves the peer's calls.
pub(crate) trait Dispatch: Send + Sync + 'static {
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
    /// The peer has finished sending.
    end_of_input: bool,
    /// The `hello` with the token is due; after the end of input, the next look whether the peer has gone;
    /// once nothing can be written any more, the end.
    timer: Option<Pin<Box<Sleep>>>,
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
        let guarded = matches!(link.state(), State::Guarded { .. });
        Self {
            first: FirstBytes::default(),
            inbox: Inbox::new(link.wire()),
            link,
            stream,
            dispatch,
            output: Output::default(),
            greeting: false,
            end_of_input: false,
            timer: guarded.then(|| Box::pin(tokio::time::sleep(HELLO_DEADLINE))),
        }
    }

    /// Runs the connection to its end.
    pub(crate) async fn run(mut self) {
        messages::subscribe(&self.link, &self.dispatch);
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.outbox().register(cx.waker());
        loop {
            let wrote = self.write(cx);
            if self.is_over() {
                return Poll::Ready(());
            }
            let read = self.read(cx);
            let timed = self.look_at_timer(cx);
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
            self.timer = Some(Box::pin(tokio::time::sleep(GONE_CHECK)));
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
            Recognition::NeedMore => (),
            Recognition::Wire(wire) => {
                self.link.recognised(wire);
                self.inbox = Inbox::new(wire);
                messages::subscribe(&self.link, &self.dispatch);
                self.receive_messages(&bytes);
            }
            Recognition::Refused(refusal) => turn_away(&self.link, refusal),
        }
    }

    fn receive_messages(&mut self, bytes: &[u8]) {
        let Self { inbox, link, dispatch, timer, .. } = self;
        let outcome = inbox.receive_until(bytes, |received| match received {
            // What stands behind the message that ended the conversation is nobody's any more.
            _ if link.closed().is_some() => ControlFlow::Continue(()),
            Received::Message(message) => act(link, dispatch, timer, message, None),
            Received::Refused(refusal) => {
                refuse(link, refusal, None);
                ControlFlow::Continue(())
            }
            Received::Batch(messages) => {
                act_on_all(link, dispatch, timer, messages);
                ControlFlow::Continue(())
            }
        });
        match outcome {
            Ok(flow) => self.greeting = flow.is_break(),
            Err(error) => refuse_connection(&self.link, WireError::new(code::BAD_FRAME, error.to_string())),
        }
        if self.inbox.held() > HELLO_MAX && matches!(self.link.state(), State::Guarded { .. }) {
            refuse_stranger(&self.link);
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
            self.timer = Some(Box::pin(tokio::time::sleep(GONE_CHECK)));
        }
        true
    }

    fn look_at_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(timer) = &mut self.timer else { return false };
        if timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        if self.end_of_input {
            return self.input_ends();
        }
        self.timer = None;
        if let Some(broken) = self.output.broken() {
            self.link.close(broken);
        }
        if matches!(self.link.state(), State::Guarded { .. }) {
            let message = format!("no hello with the token within {HELLO_DEADLINE:?}");
            refuse_connection(&self.link, WireError::new(code::UNAUTHORIZED, message));
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
        self.link.close(&Closed::new(Closed::BY_US, "the connection's task was dropped"));
        self.link.outbox().shut();
    }
}

/// Answers a message that cannot be acted on. If it is itself the answer that somebody here waits for, the
/// connection ends instead: that answer will never come.
fn refuse(link: &Link, refusal: ProtocolError, batch: Option<&Arc<Batch>>) {
    if matches!(link.state(), State::Guarded { .. }) {
        return refuse_stranger(link);
    }
    let awaited = match &refusal.id {
        Some(id) if !id.is_null() => link.outgoing().is_open(id),
        // Nobody can say whose answer it was, if it was one: to who began the conversation it most likely is.
        _ => link.spoke_first() && link.outgoing().any_open(),
    };
    match arrival::refused(refusal, awaited) {
        Ok((id, error)) => {
            leave(link);
            answer(link, batch, id, error);
        }
        Err(reason) => link.close(&Closed::new(Closed::VIOLATION, format!("the peer sent {reason}"))),
    }
}

/// What a server says and no client can act on is answered, and counted.
fn leave(link: &Link) {
    if link.spoke_first() {
        heed(link, link.outgoing().stray());
    }
}

/// Ends the connection with a peer that breaks the rules.
fn heed(link: &Link, came: Result<(), Fault>) {
    if let Err(fault) = came {
        link.close(&Closed::new(Closed::VIOLATION, format!("the peer sent {fault}")));
    }
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
    timer: &mut Option<Pin<Box<Sleep>>>,
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
                let _goes_on = act(link, dispatch, timer, message, batch.as_ref());
            }
        }
    }
}

/// Acts on one message. Broken off where the next one has to wait until our `hello` has gone.
fn act(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    timer: &mut Option<Pin<Box<Sleep>>>,
    message: Message<'_, Raw<'_>>,
    batch: Option<&Arc<Batch>>,
) -> ControlFlow<()> {
    match message {
        Message::Hello(hello) => return greeted(link, dispatch, timer, &hello),
        _ if matches!(link.state(), State::Guarded { .. }) => {
            refuse_stranger(link);
        }
        Message::Call(call) => begin(link, dispatch, call, Reply::Result, batch),
        Message::Named(call) => messages::command(link, dispatch, call),
        Message::Cancel { id } => link.incoming().cancel(&id),
        Message::Grant { id, items } => link.incoming().grant(&id, items),
        Message::Result { id, value } => {
            let value = value.map(|value| value.bytes().to_vec()).unwrap_or_default();
            heed(link, link.outgoing().answered(&id, End::Result(value)));
        }
        Message::Error { id: Some(id), error } => {
            heed(link, link.outgoing().answered(&id, End::Error(error)));
        }
        Message::Error { id: None, error } => {
            tracing::warn!(peer = %link.peer().address, code = ?error.code, message = ?error.message, "the peer refused a message");
            link.outgoing().words(error);
            heed(link, link.outgoing().stray());
        }
        Message::Item { id, seq, value } => heed(link, link.outgoing().item(&id, seq, value.bytes())),
        Message::Lagged { id, missed, next } => heed(link, link.outgoing().lagged(&id, missed, next)),
        Message::Progress { id, progress } => heed(link, link.outgoing().progress(&id, progress)),
        Message::Goaway(goaway) => link.outgoing().goaway(goaway),
        Message::Unknown { id } => {
            leave(link);
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
    timer: &mut Option<Pin<Box<Sleep>>>,
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
    *timer = None;
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
    let closed = Closed::new(Closed::VIOLATION, error.message.as_str());
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
    let ticket = match link.incoming().open(link, &call, reply, batch) {
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

/// Polls a handler once, here, if it is its turn; only one that has to wait becomes a task. While the peer
/// does not read its answers, nothing begins.
fn start(link: &Arc<Link>, mut handler: Handler) {
    let ticket = Arc::clone(&handler.ticket);
    if ticket.is_overdue() {
        return;
    }
    let running = link.incoming().places(&ticket);
    let waits = link.is_full() || !handler.turn.has_come();
    let place = if waits { None } else { running.clone().try_acquire_owned().ok() };
    // Nothing is lost by not being woken: the task polls again at once.
    if place.is_some() && Pin::new(&mut handler).poll(&mut Context::from_waker(Waker::noop())).is_ready() {
        return;
    }
    let deadline = ticket.deadline();
    let waiting = Arc::clone(link);
    let run = async move {
        handler.turn.comes().await;
        let _place = match place {
            Some(place) => Ok(place),
            None => {
                let place = running.acquire_owned().await;
                waiting.room().await;
                place
            }
        };
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
    }
}

fn panicked() -> WireError {
    // The panic's own words have gone to the log; they may hold what the caller must not see.
    WireError::new(code::INTERNAL, "the handler panicked; the daemon's log says where")
}

#[cfg(test)]
mod tests;
