//! Calls that the peer has made and that have not been answered to the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{self, Notify};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::batch::Batch;
use super::budgets::{Budgets, Lane, Place, Places};
use super::driver::Terms;
use super::messages::Reply;
use super::turn::Turn;
use super::work::Work;
use super::{Link, WriteError};
use crate::limits::{BYTES_FREE, CALLS_OPEN_MAX, DEADLINE_MAX, STREAM_WINDOW_MAX, UNLIMITED};
use crate::protocol::{Call, Id, Message, Progress, WireError, code};

/// The table of calls being served.
#[derive(Debug)]
pub(crate) struct Incoming {
    table: Mutex<Table>,
    /// For handlers that run.
    places: Places,
    /// Bytes of the parameters of calls whose handlers have not stopped.
    params: AtomicUsize,
}

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<Id, Entry>,
    /// Calls and notifications. Events that nobody asked for are none: they keep no connection.
    open: usize,
    /// Calls that last, events that nobody asked for among them.
    subscriptions: usize,
    /// Calls whose answer is being written: their ids and places are free, the connection is still needed.
    answering: usize,
    /// The highest id that was dispatched, for `goaway`.
    last: u64,
    /// Nothing more is dispatched.
    stopped: bool,
    /// How many calls had no name, and the line that they stand in.
    unnamed: u64,
    line: Option<Arc<sync::Mutex<()>>>,
}

/// Room for so many open calls is kept while there are none: a connection that was busy once is idle like
/// any other.
pub(super) const OPEN_KEEP: usize = 16;

#[derive(Debug)]
struct Entry {
    ticket: Arc<Ticket>,
    /// The task, once the handler did not answer at once.
    task: Option<AbortHandle>,
}

impl Incoming {
    pub(super) fn new(places: usize) -> Self {
        let places = if crate::chaos::without("running-limit") { CALLS_OPEN_MAX } else { places };
        Self { table: Mutex::default(), places: Places::new(places), params: AtomicUsize::new(0) }
    }

    /// Enters a call.
    pub(super) fn open<P>(
        &self,
        link: &Arc<Link>,
        call: &Call<'_, P>,
        terms: Terms,
        params: usize,
        reply: Reply,
        batch: Option<&Arc<Batch>>,
    ) -> Result<Arc<Ticket>, WireError> {
        let budgets = link.budgets();
        let mut table = self.table();
        if table.stopped {
            let message = "no call is taken any more; connect again";
            return Err(WireError::new(code::CLOSING, message).retryable(true));
        }
        if table.open >= CALLS_OPEN_MAX {
            let message = format!("{CALLS_OPEN_MAX} calls are open on this connection; wait for an answer");
            return Err(busy(&message));
        }
        if terms.lane == Lane::Subscription && table.subscriptions >= budgets.limits.subscriptions {
            let most = budgets.limits.subscriptions;
            return Err(busy(&format!("this connection has {most} subscriptions; end one of them")));
        }
        if call.id.as_ref().is_some_and(|id| table.by_id.contains_key(id)) {
            return Err(WireError::new(code::DUPLICATE_ID, "a call with this id is still open"));
        }
        let counts = usize::from(!matches!(call.id, Some(Id::Event(_))));
        if !budgets.calls_open.take(counts, budgets.limits.calls_open_all) {
            return Err(busy("the daemon has as many calls open as it takes; try again later"));
        }
        // Last, for it is given back with the ticket.
        let Some(charged) = self.charge(budgets, params) else {
            budgets.calls_open.give(counts);
            let message = format!("no room for {params} bytes of parameters now; try again later");
            return Err(busy(&message));
        };
        let deadline =
            call.deadline_ms.map(|ms| Instant::now() + Duration::from_millis(ms).min(DEADLINE_MAX));
        let unsaid = || link.wire().protocol().window();
        let credit = call.window.map_or_else(unsaid, |window| window.min(STREAM_WINDOW_MAX));
        let id = match &call.id {
            Some(Id::Unnamed(_)) => Some(table.next_unnamed()),
            id => id.clone(),
        };
        let ticket = Arc::new(Ticket {
            link: Arc::clone(link),
            id,
            reply,
            batch: batch.cloned(),
            lane: terms.lane,
            place: Mutex::default(),
            holders: AtomicUsize::new(1),
            charged,
            work: call.token.as_ref().and_then(|token| Work::new(token, &call.method)),
            deadline,
            credit: Mutex::new(credit),
            changed: Notify::new(),
            ended: AtomicBool::new(false),
            withdrawn: AtomicBool::new(false),
        });
        table.open += counts;
        if ticket.lasts() {
            table.subscriptions += 1;
            budgets.subscriptions.add(1);
        }
        if let Some(id) = &ticket.id {
            table.by_id.insert(id.clone(), Entry { ticket: Arc::clone(&ticket), task: None });
            if let Id::Number(number) = id {
                table.last = table.last.max(*number);
            }
        }
        Ok(ticket)
    }

    /// When the call may begin.
    pub(super) fn turn(&self, ticket: &Ticket) -> Turn {
        match &ticket.id {
            Some(Id::Unnamed(_)) => Turn::last_of(Arc::clone(self.table().line.get_or_insert_default())),
            _ => Turn::Any,
        }
    }

    /// A place for the handler of this call, of the connection and of the server, if there is one of each.
    pub(super) fn try_place(&self, ticket: &Ticket) -> Option<[Place; 2]> {
        Some([self.places.try_take(ticket.lane)?, ticket.link.budgets().places.try_take(ticket.lane)?])
    }

    /// Waits for them.
    pub(super) async fn place(&self, ticket: &Ticket) -> [Place; 2] {
        [self.places.take(ticket.lane).await, ticket.link.budgets().places.take(ticket.lane).await]
    }

    /// How much of what is held for all is held for the parameters of a call. `None`: there is not enough.
    fn charge(&self, budgets: &Budgets, params: usize) -> Option<usize> {
        if params <= BYTES_FREE {
            return Some(0);
        }
        let of_one = budgets.limits.inbound_all / 2;
        let more = |now: usize| now.checked_add(params).filter(|now| *now <= of_one);
        self.params.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        let charged = budgets.inbound.take(params, budgets.limits.inbound_all);
        if !charged {
            self.params.fetch_sub(params, Ordering::Relaxed);
        }
        charged.then_some(params)
    }

    /// The handler goes on as a task, unless the call has been withdrawn in the meantime.
    pub(super) fn runs_as(&self, ticket: &Ticket, task: AbortHandle) {
        let Some(id) = &ticket.id else { return };
        match self.table().by_id.get_mut(id) {
            Some(entry) => entry.task = Some(task),
            // The connection was closed from elsewhere; or the handler has answered, and may finish.
            None if ticket.withdrawn.load(Ordering::Acquire) => task.abort(),
            None => (),
        }
    }

    /// The caller takes the call back. The answer is `cancelled`, once the handler has been dropped.
    pub(super) fn cancel(&self, id: &Id) {
        let table = self.table();
        if let Some(entry) = table.by_id.get(id) {
            entry.withdraw();
        }
    }

    pub(super) fn grant(&self, id: &Id, items: u32) {
        let ticket = self.table().by_id.get(id).map(|entry| Arc::clone(&entry.ticket));
        if let Some(ticket) = ticket {
            ticket.grant(items);
        }
    }

    /// The connection takes no more calls: those without an end of their own hear of it.
    pub(super) fn drain(&self) {
        for entry in self.table().by_id.values() {
            entry.ticket.changed.notify_waiters();
        }
    }

    /// The peer has finished sending. No grant can come any more: what the connection holds is the bound. Events
    /// that it has not asked for end here.
    pub(super) fn input_ends(&self) {
        for (id, entry) in &self.table().by_id {
            match id {
                Id::Event(_) => entry.withdraw(),
                _ => entry.ticket.set_credit(|_| UNLIMITED),
            }
        }
    }

    /// The connection has ended: every handler is dropped.
    pub(super) fn close(&self) {
        // Under the lock, so that a handler that becomes a task at this moment finds out.
        let mut table = self.table();
        table.stopped = true;
        table.by_id.drain().for_each(|(_, entry)| entry.withdraw());
    }

    /// Calls that are not answered to the end.
    pub(crate) fn open_now(&self) -> usize {
        let table = self.table();
        table.open + table.answering
    }

    /// Dispatches nothing from now on, and tells the highest id that was. `None`: it had stopped before.
    pub(super) fn stop(&self) -> Option<u64> {
        let mut table = self.table();
        (!std::mem::replace(&mut table.stopped, true)).then_some(table.last)
    }

    fn begins_answer(&self, ticket: &Ticket) {
        let mut table = self.table();
        let counts = ticket.counts();
        table.open = table.open.saturating_sub(counts);
        let budgets = ticket.link.budgets();
        budgets.calls_open.give(counts);
        if ticket.lasts() {
            table.subscriptions = table.subscriptions.saturating_sub(1);
            budgets.subscriptions.give(1);
        }
        table.answering += 1;
        if let Some(id) = &ticket.id {
            table.by_id.remove(id);
        }
        if table.by_id.is_empty() {
            table.by_id.shrink_to(OPEN_KEEP);
        }
    }

    fn has_answered(&self) {
        let mut table = self.table();
        table.answering = table.answering.saturating_sub(1);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn next_unnamed(&mut self) -> Id {
        self.unnamed += 1;
        Id::Unnamed(self.unnamed)
    }
}

impl Entry {
    fn withdraw(&self) {
        self.ticket.withdrawn.store(true, Ordering::Release);
        self.ticket.changed.notify_waiters();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// One call being served: the right and the duty to answer it once.
#[derive(Debug)]
pub(crate) struct Ticket {
    link: Arc<Link>,
    id: Option<Id>,
    reply: Reply,
    /// What the answer leaves with, if not alone.
    batch: Option<Arc<Batch>>,
    lane: Lane,
    /// Where it runs, once it does.
    place: Mutex<Option<[Place; 2]>>,
    /// Who needs the place: the handler, and what it has running on other threads.
    holders: AtomicUsize,
    /// Bytes of its parameters that are counted against what all may hold.
    charged: usize,
    /// How the caller follows it, if not by its id.
    work: Option<Box<Work>>,
    deadline: Option<Instant>,
    /// How many items the caller has room for.
    credit: Mutex<u32>,
    /// Credit has come, the call was withdrawn, or the connection drains.
    changed: Notify,
    ended: AtomicBool,
    withdrawn: AtomicBool,
}

impl Ticket {
    /// As how many open calls.
    fn counts(&self) -> usize {
        usize::from(!matches!(self.id, Some(Id::Event(_))))
    }

    /// Whether it is a subscription, which takes no place of the calls.
    fn lasts(&self) -> bool {
        self.lane == Lane::Subscription
    }

    /// It runs.
    pub(super) fn takes(&self, place: [Place; 2]) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    /// One of those who need the place needs it no longer.
    pub(super) fn lets_go(&self) {
        if self.holders.fetch_sub(1, Ordering::AcqRel) == 1 {
            drop(self.place.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// The call counts as running until this has been dropped as well.
    pub(crate) fn hold(self: &Arc<Self>) -> Hold {
        self.holders.fetch_add(1, Ordering::Relaxed);
        Hold(Arc::clone(self))
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire) || self.is_overdue() || self.link.closed().is_some()
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits until nobody waits for the answer any more.
    pub(crate) async fn withdrawn(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.is_withdrawn() {
                return;
            }
            match self.deadline {
                Some(deadline) => drop(tokio::time::timeout_at(deadline, changed).await),
                None => changed.await,
            }
        }
    }

    /// Waits until the connection takes no more calls.
    pub(crate) async fn draining(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.link.is_draining() {
                return;
            }
            changed.await;
        }
    }

    /// Answers with a value; the first answer is the one that counts.
    pub(crate) fn result<P: Serialize + ?Sized>(&self, value: &P) {
        self.end(|id| {
            let sent = match self.reply {
                Reply::Silent if !is_named(&id) => Ok(()),
                Reply::Named(name) => self.answer(&Message::Named(Call::new(Some(id), name, Some(value)))),
                Reply::Silent | Reply::Result => self.answer(&Message::Result { id, value: Some(value) }),
            };
            if let Err(error) = sent {
                self.send_error(unsendable(&error));
            }
        });
    }

    /// Ends a call that is not to be answered: only who has given it a name waits for its end.
    pub(crate) fn done(&self) {
        match &self.id {
            Some(id) if is_named(id) => self.result(&()),
            _ => self.end(|_| ()),
        }
    }

    /// Answers with an error; the first answer is the one that counts.
    pub(crate) fn error(&self, error: WireError) {
        self.end(|id| {
            // Events that nobody asked for end with the connection, and without a word.
            let expected = matches!(error.code.as_str(), code::CLOSING | code::CANCELLED);
            if !(expected && matches!(id, Id::Event(_))) {
                self.send_error(error);
            }
        });
    }

    fn send_error(&self, error: WireError) {
        let code = error.code.clone();
        if self.answer::<()>(&Message::Error { id: self.id.clone(), error }).is_err() {
            // Its details were what could not be sent.
            let bare = WireError::new(code, "the error's own words could not be sent");
            let _unsendable = self.answer::<()>(&Message::Error { id: self.id.clone(), error: bare });
        }
    }

    fn answer<P: Serialize>(&self, message: &Message<'_, P>) -> Result<(), WriteError> {
        match &self.batch {
            None => self.link.send(message),
            Some(batch) => batch.answer(message),
        }
    }

    /// Sends one item of a stream, once the caller and the connection have room for it. `Err`: the stream
    /// has been answered, there is no use in going on.
    pub(crate) async fn item<P: Serialize>(&self, seq: Option<u64>, value: &P) -> Result<(), Gone> {
        let id = self.id.clone().ok_or(Gone)?;
        self.credit().await?;
        self.link.room().await;
        if self.ended.load(Ordering::Acquire) {
            return Err(Gone);
        }
        self.link.send(&Message::Item { id, seq, value }).map_err(|error| {
            self.error(unsendable(&error));
            Gone
        })
    }

    /// Tells of events that were dropped; needs no credit, so that it is never late.
    pub(crate) fn lagged(&self, missed: u64, next: u64) {
        if let Some(id) = self.id.clone() {
            let _gone = self.link.send::<()>(&Message::Lagged { id, missed, next });
        }
    }

    /// Tells how far the call has come; left out while the peer does not read, since the next one says
    /// more.
    pub(crate) fn progress(&self, progress: Progress) {
        let open = !self.ended.load(Ordering::Acquire) && !self.link.is_full();
        if let Some(id) = self.id.clone().filter(|id| open && is_named(id)) {
            match &self.work {
                None => self.send_progress(id, progress),
                Some(work) => work.step(progress, |token, progress| self.send_progress(token, progress)),
            }
        }
    }

    fn send_progress(&self, id: Id, progress: Progress) {
        let _gone = self.link.send::<()>(&Message::Progress { id, progress });
    }

    async fn credit(&self) -> Result<(), Gone> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.withdrawn.load(Ordering::Acquire) {
                return Err(Gone);
            }
            if self.spend() {
                return Ok(());
            }
            changed.await;
        }
    }

    fn spend(&self) -> bool {
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = *credit > 0;
        if *credit != UNLIMITED {
            *credit = credit.saturating_sub(1);
        }
        spent
    }

    fn grant(&self, items: u32) {
        self.set_credit(|credit| match credit {
            UNLIMITED => UNLIMITED,
            credit => credit.saturating_add(items).min(STREAM_WINDOW_MAX),
        });
    }

    fn set_credit(&self, to: impl FnOnce(u32) -> u32) {
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        *credit = to(*credit);
        drop(credit);
        self.changed.notify_waiters();
    }

    /// Answers for a handler that went away without an answer.
    pub(crate) fn settle(&self) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        if self.link.closed().is_some() {
            // The caller hears of the lost connection, and not that it took the call back.
            return self.end(|_| ());
        }
        self.error(if self.withdrawn.load(Ordering::Acquire) {
            WireError::new(code::CANCELLED, "the caller took the call back")
        } else if self.is_overdue() {
            WireError::new(code::DEADLINE_EXCEEDED, "the call's deadline passed before it had finished")
        } else {
            WireError::new(code::INTERNAL, "the handler ended without an answer")
        });
    }

    /// Ends the call, once, and answers if it has an id.
    fn end(&self, answer: impl FnOnce(Id)) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        // The id and the place are free before the peer can have read the answer.
        self.link.incoming().begins_answer(self);
        // The call counts as open until its answer is in line: a connection that drains closes when nothing
        // is open.
        let mut answering = Answering { ticket: self, panics: true };
        if let Some(work) = &self.work {
            work.end(|token, progress| self.send_progress(token, progress));
        }
        if let Some(id) = self.id.clone() {
            answer(id);
        }
        answering.panics = false;
    }
}

/// Something that a handler has begun and that goes on without it.
#[derive(Debug)]
pub(crate) struct Hold(Arc<Ticket>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.lets_go();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.link.incoming().params.fetch_sub(self.charged, Ordering::Relaxed);
        self.link.budgets().inbound.give(self.charged);
    }
}

/// A call whose answer is being written. A value that panics as it is written leaves an error in its place.
struct Answering<'a> {
    ticket: &'a Ticket,
    panics: bool,
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if self.panics && self.ticket.id.is_some() {
            self.ticket.send_error(WireError::new(code::INTERNAL, "the answer panicked as it was written"));
        }
        self.ticket.link.incoming().has_answered();
        self.ticket.link.wake();
    }
}

/// Whether the caller can tell what comes under this id from what comes under others.
fn is_named(id: &Id) -> bool {
    !matches!(id, Id::Unnamed(_) | Id::Event(_))
}

/// The stream has been answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

fn busy(message: &str) -> WireError {
    WireError::new(code::BUSY, message).retryable(true)
}

fn unsendable(error: &WriteError) -> WireError {
    match error {
        WriteError::TooLong { size, max } => WireError::new(code::RESULT_TOO_LONG, error.to_string())
            .with_details(&serde_json::json!({ "size": size, "max": max })),
        WriteError::Encode(_) => WireError::new(code::BAD_RESULT, error.to_string()),
    }
}
