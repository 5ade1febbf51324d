//! Calls that the peer has made and that have not been answered to the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync;
use tokio::task::AbortHandle;

use super::Link;
use super::batch::Batch;
use super::budgets::Budgets;
use super::handler::Terms;
use super::hasher::BuildIdHasher;
use super::messages::Reply;
use super::places::{Lane, Places};
use super::ticket::{Runs, Ticket};
use super::turn::Turn;
use crate::limits::{BYTES_FREE, CALLS_OPEN_MAX, PLACES_OWN, STREAM_WINDOW_MAX};
use crate::protocol::{Call, Id, WireError, code};

/// The table of calls being served.
#[derive(Debug)]
pub(crate) struct Incoming {
    table: Mutex<Table>,
    /// For handlers that run; those that are enough by themselves need no place among all connections' calls.
    places: Places,
    /// Bytes of the parameters of calls whose handlers have not stopped.
    params: AtomicUsize,
}

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<Id, Entry, BuildIdHasher>,
    /// The tasks of notifications, by the number of the ticket: nobody can take them back, and they too end with the
    /// connection.
    notified: HashMap<u64, AbortHandle>,
    /// How many tickets there have been.
    tickets: u64,
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

/// A call whose handler did not answer at once.
#[derive(Debug)]
struct Entry {
    ticket: Arc<Ticket>,
    task: AbortHandle,
}

impl Incoming {
    pub(super) fn new(places: usize) -> Self {
        let places = if crate::chaos::without("running-limit") { CALLS_OPEN_MAX } else { places };
        Self { table: Mutex::default(), places: Places::new(places, PLACES_OWN), params: AtomicUsize::new(0) }
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
        let is_open = call.id.as_ref().is_some_and(|id| table.by_id.contains_key(id));
        if is_open && !crate::chaos::without("ids") {
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
        let unsaid = || link.wire().protocol().window();
        let credit = call.window.map_or_else(unsaid, |window| window.min(STREAM_WINDOW_MAX));
        let id = match &call.id {
            Some(Id::Unnamed(_)) => Some(table.next_unnamed()),
            id => id.clone(),
        };
        table.tickets += 1;
        let number = table.tickets;
        let ticket = Ticket::new(link, call, (number, id), (terms.lane, reply), batch, charged, credit);
        table.open += counts;
        if ticket.lasts() {
            table.subscriptions += 1;
            budgets.subscriptions.add(1);
        }
        if let Some(Id::Number(number)) = ticket.id() {
            table.last = table.last.max(*number);
        }
        Ok(ticket)
    }

    /// When the call may begin.
    pub(super) fn turn(&self, ticket: &Ticket) -> Turn {
        match ticket.id() {
            Some(Id::Unnamed(_)) => Turn::last_of(Arc::clone(self.table().line.get_or_insert_default())),
            _ => Turn::Any,
        }
    }

    /// Gives the call a place to run: one of the connection and, if that is not enough by itself, one of those that all
    /// connections have; if there is one of each.
    pub(super) fn try_place(&self, ticket: &Ticket) -> bool {
        let (lane, all) = (ticket.lane(), &ticket.link().budgets().places);
        let Some(here) = self.places.try_take(lane) else { return false };
        if here.is_own() {
            here.keep();
            ticket.runs(Runs::ByItself);
            return true;
        }
        let Some(one_of_all) = all.try_take(lane) else { return false };
        here.keep();
        one_of_all.keep();
        ticket.runs(Runs::AmongAll);
        true
    }

    /// Waits for them.
    ///
    /// # Cancel safety
    /// No place is lost.
    pub(super) async fn place(&self, ticket: &Ticket) {
        let (lane, all) = (ticket.lane(), &ticket.link().budgets().places);
        let mut here = self.places.take(lane).await;
        if !here.is_own() {
            let one_of_all = tokio::select! {
                biased;
                () = here.becomes_own() => None,
                one_of_all = all.take(lane) => Some(one_of_all),
            };
            if let Some(one_of_all) = one_of_all {
                here.keep();
                one_of_all.keep();
                return ticket.runs(Runs::AmongAll);
            }
        }
        here.keep();
        ticket.runs(Runs::ByItself);
    }

    /// The call needs its place no longer.
    pub(super) fn gives_place(&self, ticket: &Ticket, runs: Runs) {
        let lane = ticket.lane();
        match runs {
            Runs::Nowhere => (),
            Runs::ByItself => self.places.give(lane, true),
            Runs::AmongAll => {
                self.places.give(lane, false);
                ticket.link().budgets().places.give(lane, false);
            }
        }
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

    /// The handler goes on as a task, and from here on the peer can take the call back: before, nothing that the peer has
    /// sent behind the call has been looked at.
    pub(super) fn runs_as(&self, ticket: &Arc<Ticket>, task: AbortHandle) {
        let mut table = self.table();
        if ticket.link().is_closed() {
            // From elsewhere, in the meantime.
            ticket.is_taken_back();
            return task.abort();
        }
        if ticket.has_ended() {
            // It has answered, and may finish.
            return;
        }
        match ticket.id() {
            Some(id) => drop(table.by_id.insert(id.clone(), Entry { ticket: Arc::clone(ticket), task })),
            None => drop(table.notified.insert(ticket.number(), task)),
        }
        if ticket.link().is_draining() {
            // Perhaps since the handler has looked.
            ticket.look_again();
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
            entry.ticket.look_again();
        }
    }

    /// The peer has finished sending. No grant can come any more: what the connection holds is the bound. Events
    /// that it has not asked for end here.
    pub(super) fn input_ends(&self) {
        for (id, entry) in &self.table().by_id {
            match id {
                Id::Event(_) => entry.withdraw(),
                _ => entry.ticket.needs_no_grants(),
            }
        }
    }

    /// The connection has ended: every handler is dropped.
    pub(super) fn close(&self) {
        // Under the lock, so that a handler that becomes a task at this moment finds out.
        let mut table = self.table();
        table.stopped = true;
        table.by_id.drain().for_each(|(_, entry)| entry.withdraw());
        table.notified.drain().for_each(|(_, task)| task.abort());
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

    pub(super) fn begins_answer(&self, ticket: &Ticket) {
        let mut table = self.table();
        let counts = ticket.counts();
        table.open = table.open.saturating_sub(counts);
        let budgets = ticket.link().budgets();
        budgets.calls_open.give(counts);
        if ticket.lasts() {
            table.subscriptions = table.subscriptions.saturating_sub(1);
            budgets.subscriptions.give(1);
        }
        table.answering += 1;
        match ticket.id() {
            Some(id) => drop(table.by_id.remove(id)),
            None => drop(table.notified.remove(&ticket.number())),
        }
        if table.by_id.is_empty() {
            table.by_id.shrink_to(OPEN_KEEP);
        }
    }

    pub(super) fn has_answered(&self) {
        let mut table = self.table();
        table.answering = table.answering.saturating_sub(1);
    }

    /// The parameters of a call have gone, so many bytes that were counted.
    pub(super) fn gives_back(&self, budgets: &Budgets, charged: usize) {
        self.params.fetch_sub(charged, Ordering::Relaxed);
        budgets.inbound.give(charged);
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
        self.ticket.is_taken_back();
        self.task.abort();
    }
}

fn busy(message: &str) -> WireError {
    WireError::new(code::BUSY, message).retryable(true)
}
