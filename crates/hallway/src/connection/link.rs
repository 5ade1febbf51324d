use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Serialize;

use super::arrival::{Arrival, Next};
use super::budgets::Budgets;
use super::incoming::Incoming;
use super::outbox::Outbox;
use super::outgoing::Outgoing;
use super::window::Window;
use super::{CallError, Outcome};
use super::{Closed, Wire, WriteError};
use crate::limits::{READ_SIZE, SPARE_MAX};
use crate::protocol::{Call, Goaway, Hello, Id, Message};
use crate::transport::Peer;

/// One connection, as everybody who uses it sees it: callers, handlers, and the driver that reads and
/// writes. It has no side: both ends may call and both may serve.
#[derive(Debug)]
pub(crate) struct Link {
    /// Empty until the peer has told by its first bytes.
    wire: OnceLock<Wire>,
    peer: Peer,
    /// What this end says of itself when it is greeted.
    hello: Arc<Hello>,
    spoke_first: bool,
    spins: bool,
    state: Mutex<State>,
    /// The state's rank, for those who need to know no more.
    rank: AtomicU8,
    budgets: Arc<Budgets>,
    outbox: Outbox,
    outgoing: Outgoing,
    incoming: Incoming,
    /// How many bytes the answers to lists of messages take or may take.
    batched: AtomicUsize,
}

/// Where a connection is in its life. It only moves downwards.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum State {
    /// The peer has to name a token first.
    Guarded {
        /// The token.
        token: String,
    },
    /// Calls go both ways.
    Open,
    /// No call of the peer is dispatched any more; the open ones finish.
    Draining,
    /// Over.
    Closed(Closed),
}

/// For the log, which is no place for a token.
impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Guarded { .. } => f.write_str("Guarded"),
            Self::Open => f.write_str("Open"),
            Self::Draining => f.write_str("Draining"),
            Self::Closed(closed) => write!(f, "Closed({}: {closed})", closed.code),
        }
    }
}

const GUARDED: u8 = 0;
const OPEN: u8 = 1;
const DRAINING: u8 = 2;
const CLOSED: u8 = 3;

impl State {
    fn rank(&self) -> u8 {
        match self {
            Self::Guarded { .. } => GUARDED,
            Self::Open => OPEN,
            Self::Draining => DRAINING,
            Self::Closed(_) => CLOSED,
        }
    }
}

/// How a connection begins.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    /// What is spoken; `None`: whatever the peer begins with.
    pub(crate) wire: Option<Wire>,
    pub(crate) hello: Arc<Hello>,
    /// This end speaks first.
    pub(crate) greets: bool,
    /// What the peer has to name before anything else.
    pub(crate) token: Option<String>,
    /// What it shares with others.
    pub(crate) budgets: Arc<Budgets>,
    /// Looks for what comes next for a moment before it goes to sleep.
    pub(crate) spins: bool,
}

impl Link {
    pub(crate) fn new(opening: Opening, peer: Peer) -> Arc<Self> {
        let Opening { wire, hello, greets, token, budgets, spins } = opening;
        let state = token.map_or(State::Open, |token| State::Guarded { token });
        let link = Self {
            wire: wire.map(OnceLock::from).unwrap_or_default(),
            peer,
            rank: AtomicU8::new(state.rank()),
            state: Mutex::new(state),
            outbox: Outbox::new(&budgets),
            outgoing: Outgoing::new(greets),
            incoming: Incoming::new(budgets.limits.calls_running),
            budgets,
            batched: AtomicUsize::new(0),
            hello,
            spoke_first: greets,
            spins,
        };
        if greets {
            link.greet();
        }
        Arc::new(link)
    }

    pub(super) fn greet(&self) {
        // Text and numbers of our own: there is nothing in it that could not be written.
        let _written = self.outbox.push::<()>(self.wire(), &Message::Hello(Hello::clone(&self.hello)));
    }

    /// What is spoken. To a peer that has not told yet, there is nothing to say but farewell: it is said as
    /// clients of ours hear it.
    pub(crate) fn wire(&self) -> Wire {
        self.wire.get().copied().unwrap_or(Wire::NATIVE)
    }

    /// Whether it is known what the peer speaks.
    pub(super) fn is_recognised(&self) -> bool {
        self.wire.get().is_some()
    }

    /// The peer has told what it speaks. The first time counts.
    pub(super) fn recognised(&self, wire: Wire) {
        self.wire.get_or_init(|| wire);
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Whether this end began the conversation.
    pub(super) fn spoke_first(&self) -> bool {
        self.spoke_first
    }

    pub(super) fn spins(&self) -> bool {
        self.spins
    }

    pub(super) fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    pub(crate) fn incoming(&self) -> &Incoming {
        &self.incoming
    }

    /// Puts one message in line to be written.
    pub(super) fn send<P: Serialize>(&self, message: &Message<'_, P>) -> Result<(), WriteError> {
        self.outbox.push(self.wire(), message)
    }

    /// Sets room aside for answers that leave together. All of it is no more than one message may be long, and is
    /// counted among what all peers have not read.
    pub(super) fn take_batch_room(&self, bytes: usize) -> bool {
        let Budgets { outbound, limits, .. } = &*self.budgets;
        if !outbound.take(bytes, limits.outbound_all) {
            return false;
        }
        let most = self.wire().frame_max();
        let add = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= most);
        let taken = self.batched.fetch_update(Ordering::AcqRel, Ordering::Acquire, add).is_ok();
        if !taken {
            outbound.give(bytes);
        }
        taken
    }

    pub(super) fn give_batch_room(&self, bytes: usize) {
        self.batched.fetch_sub(bytes, Ordering::AcqRel);
        self.budgets.outbound.give(bytes);
    }

    pub(super) fn is_full(&self) -> bool {
        self.outbox.is_full()
    }

    pub(super) async fn room(&self) {
        self.outbox.room().await;
    }

    pub(super) fn wake(&self) {
        self.outbox.wake();
    }

    pub(super) fn state(&self) -> State {
        self.lock().clone()
    }

    /// The one place where a connection changes its state.
    pub(super) fn advance(&self, to: State) -> bool {
        let mut state = self.lock();
        let moves = to.rank() > state.rank();
        if moves {
            tracing::debug!(peer = %self.peer.address, pid = self.peer.pid, from = ?*state, ?to, "connection");
            if let State::Closed(closed) = &to {
                closed.log(&self.peer);
            }
            self.rank.store(to.rank(), Ordering::Release);
            *state = to;
        }
        moves
    }

    pub(crate) fn closed(&self) -> Option<Closed> {
        match &*self.lock() {
            State::Closed(closed) => Some(closed.clone()),
            _ => None,
        }
    }

    pub(super) fn is_guarded(&self) -> bool {
        self.rank() == GUARDED
    }

    pub(super) fn is_open(&self) -> bool {
        self.rank() == OPEN
    }

    pub(super) fn is_closed(&self) -> bool {
        self.rank() == CLOSED
    }

    /// Whether no call is dispatched any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.rank() >= DRAINING
    }

    fn rank(&self) -> u8 {
        self.rank.load(Ordering::Acquire)
    }

    /// A result that nobody needs any more: the room of a long one serves the next.
    pub(crate) fn has_been_read(&self, result: Vec<u8>) {
        if (READ_SIZE..=SPARE_MAX).contains(&result.capacity()) {
            self.outgoing.keep_spare(result);
        }
    }

    /// Whether a call that is begun now has a chance.
    pub(crate) fn takes_calls(&self) -> bool {
        self.outgoing.goes_on()
    }

    /// Ends the connection: every call on it, of either side, hears why.
    pub(crate) fn close(&self, closed: &Closed) {
        if self.advance(State::Closed(closed.clone())) {
            self.outgoing.close(closed);
            self.incoming.close();
            self.wake();
        }
    }

    /// Dispatches nothing more, finishes what is open, then closes. With `goaway`, the peer is told.
    pub(crate) fn drain(&self, goaway: Option<(&str, &str)>) {
        // Said before the state changes: from then on, the driver may find that nothing is left to do.
        if let (Some(last), Some((code, message))) = (self.incoming.stop(), goaway) {
            let _written = self.send::<()>(&Message::Goaway(Goaway::new(code, message, last)));
        }
        if self.advance(State::Draining) {
            self.incoming.drain();
            self.wake();
        }
    }

    /// Sends a call; what comes back is asked for with the [`Conversation`]. The call is made when there is room for it, so
    /// that whoever waits does not keep it.
    pub(crate) async fn call<'a, P: Serialize>(
        self: &Arc<Self>,
        call: impl FnOnce() -> Call<'a, P>,
    ) -> Result<Conversation, CallError> {
        self.room().await;
        let place = self.outgoing.place().await;
        let call = call();
        let window = Window::new(Some(call.window.unwrap_or(0)));
        // The ids reach the peer in sequence, so that the last one it has dispatched tells of all before it.
        let id = self.outbox.in_order(|line| {
            let id = self.outgoing.begin(place, call.window)?;
            let call = Message::Call(Call { id: Some(Id::Number(id)), ..call });
            line.push(self.wire(), &call).map(|()| id).map_err(|error| {
                self.outgoing.withdraw(id);
                CallError::Params(error)
            })
        })?;
        Ok(Conversation { link: Arc::clone(self), id, window, open: true })
    }

    /// What is sent while `begin` runs is written together.
    pub(crate) fn together<R>(&self, begin: impl FnOnce() -> R) -> R {
        let _held = self.outbox.hold();
        begin()
    }

    /// Sends a notification: nothing comes back.
    pub(crate) async fn notify<P: Serialize>(&self, call: Call<'_, P>) -> Result<(), CallError> {
        self.room().await;
        if let Some(closed) = self.closed() {
            return Err(CallError::Closed { closed, outcome: Outcome::NotDispatched });
        }
        self.send(&Message::Call(Call { id: None, ..call })).map_err(CallError::Params)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call from the caller's side: dropped before its end, it takes the call back.
#[derive(Debug)]
pub(crate) struct Conversation {
    link: Arc<Link>,
    id: u64,
    window: Window,
    open: bool,
}

impl Conversation {
    /// What comes next.
    ///
    /// # Cancel safety
    /// Nothing is lost: what has arrived is handed out by the next call.
    pub(crate) async fn next(&mut self) -> Next {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    pub(crate) fn poll_next(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Next> {
        let next = std::task::ready!(self.link.outgoing.poll_next(self.id, cx));
        match &next {
            Next::Arrival(arrival) => self.took(arrival),
            Next::End(_) => self.open = false,
            _ => (),
        }
        std::task::Poll::Ready(next)
    }

    /// Grants by this window, which is the one that the call has asked for.
    pub(crate) fn by_window(&mut self, window: Window) {
        self.window = window;
    }

    fn took(&mut self, arrival: &Arrival) {
        if let Some(items) = self.window.took(arrival) {
            self.link.outgoing.grant(self.id, items);
            let _written = self.link.send::<()>(&Message::Grant { id: Id::Number(self.id), items });
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        if self.open && self.link.outgoing.abandon(self.id) {
            let _written = self.link.send::<()>(&Message::Cancel { id: Id::Number(self.id) });
        }
    }
}
