//! Calls that this side has made and whose end has not come.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use super::Closed;
use super::arrival::{Arrivals, End, Fault, Next, Room, Strays};
use super::hasher::BuildIdHasher;
use super::incoming::OPEN_KEEP;
use super::{CallError, Outcome};
use crate::limits::{CALLS_OPEN_MAX, READ_SIZE};
use crate::protocol::{Goaway, Id, Progress, WireError};

/// The table of open calls, by id.
#[derive(Debug)]
pub(crate) struct Outgoing {
    table: Mutex<Table>,
    /// A call has ended where there was no place for another.
    freed: Notify,
    /// For items that nobody has taken.
    room: Room,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    /// How many calls are open or about to begin: as many as the peer accepts.
    places_taken: usize,
    open: HashMap<u64, Slot, BuildIdHasher>,
    /// Why no further call is begun. After a `goaway`, what it names is still answered.
    ended: Option<Box<Closed>>,
    /// A `hello` of the peer has arrived: from then on, calls may have been dispatched.
    heard_hello: bool,
    /// The conversation began with our `hello`, so that the peer's comes before anything is dispatched.
    said_hello: bool,
    /// What the peer has said about no call in particular, which may be why it goes.
    words: Option<Box<Closed>>,
    strays: Strays,
    /// The room of a long result that has been read, for the next one.
    spare: Vec<u8>,
    /// A long one has come of late.
    keeps_spare: bool,
}

/// One of the places that the peer has for open calls; given back if no call takes it.
pub(super) struct Place<'a>(Option<&'a Outgoing>);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(outgoing) = self.0 {
            outgoing.give_back(&mut outgoing.table());
        }
    }
}

/// One open call: what has arrived for it, and who waits.
#[derive(Debug, Default)]
struct Slot {
    arrivals: Arrivals,
    waiting: Option<Waker>,
    /// Nobody waits any more; the id stays taken until the peer has answered.
    abandoned: bool,
}

impl Outgoing {
    pub(super) fn new(said_hello: bool) -> Self {
        let table = Table { said_hello, ..Table::default() };
        Self { table: Mutex::new(table), freed: Notify::new(), room: Room::default() }
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    /// No place is lost.
    pub(super) async fn place(&self) -> Place<'_> {
        if let Some(place) = self.try_place() {
            return place;
        }
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if let Some(place) = self.try_place() {
                // There may be another one.
                self.freed.notify_one();
                return place;
            }
            freed.await;
        }
    }

    /// Once the connection has ended there is place for everybody, and every call is refused.
    fn try_place(&self) -> Option<Place<'_>> {
        let mut table = self.table();
        if table.ended.is_some() {
            return Some(Place(None));
        }
        let free = table.places_taken < CALLS_OPEN_MAX;
        table.places_taken += usize::from(free);
        free.then(|| Place(Some(self)))
    }

    fn give_back(&self, table: &mut Table) {
        if table.places_taken == CALLS_OPEN_MAX {
            self.freed.notify_one();
        }
        table.places_taken = table.places_taken.saturating_sub(1);
    }

    /// Takes an id for a call with this window.
    ///
    /// # Errors
    /// When the connection has ended; the call is not dispatched then.
    pub(super) fn begin(&self, mut place: Place<'_>, window: Option<u32>) -> Result<u64, CallError> {
        // The call's from here on.
        let has_place = place.0.take().is_some();
        let mut table = self.table();
        if let Some(closed) = &table.ended {
            let closed = closed.as_ref().clone();
            return Err(CallError::Closed { closed, outcome: Outcome::NotDispatched });
        }
        debug_assert!(has_place, "who has none finds the connection ended");
        table.last_id += 1;
        let id = table.last_id;
        table.open.insert(id, Slot { arrivals: Arrivals::new(window), ..Slot::default() });
        Ok(id)
    }

    /// What has arrived for a call, in order.
    pub(super) fn poll_next(&self, id: u64, cx: &mut Context<'_>) -> Poll<Next> {
        let mut table = self.table();
        let Some(slot) = table.open.get_mut(&id) else { return Poll::Pending };
        let Some(next) = slot.arrivals.next() else {
            slot.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if matches!(next, Next::End(_)) {
            self.retire(&mut table, id);
        }
        Poll::Ready(next)
    }

    /// The caller has room for more items.
    pub(super) fn grant(&self, id: u64, items: u32) {
        if let Some(slot) = self.table().open.get_mut(&id) {
            slot.arrivals.grant(items);
        }
    }

    /// The caller goes away. Whether the peer is to be told.
    pub(super) fn abandon(&self, id: u64) -> bool {
        let mut table = self.table();
        let Some(slot) = table.open.get_mut(&id) else { return false };
        if slot.arrivals.has_ended() {
            self.retire(&mut table, id);
            return false;
        }
        *slot = Slot { abandoned: true, ..Slot::default() };
        true
    }

    /// A call that was begun and could not be written.
    pub(super) fn withdraw(&self, id: u64) {
        self.retire(&mut self.table(), id);
    }

    /// The peer's `hello` has come.
    pub(super) fn hello(&self) {
        self.table().heard_hello = true;
    }

    /// Whether a `hello` of the peer's is to be answered with ours: once, and only if we did not speak
    /// first.
    pub(super) fn answers_hello(&self) -> bool {
        !std::mem::replace(&mut self.table().said_hello, true)
    }

    /// The peer dispatches nothing after `goaway.last`: those calls end here, and no other is begun.
    pub(super) fn goaway(&self, goaway: &Goaway) {
        let mut table = self.table();
        let lost = End::not_dispatched(goaway);
        let unheard: Vec<u64> = table.open.keys().copied().filter(|&id| id > goaway.last).collect();
        table.strays.expect(unheard.len());
        for id in unheard {
            self.end_in(&mut table, id, lost.clone());
        }
        table.ended.get_or_insert_with(|| Box::new(Closed::by_goaway(goaway)));
    }

    /// Nothing can be sent any more: no other call is begun. What has been sent may still be answered.
    pub(super) fn refuse(&self, closed: &Closed) {
        self.table().ended.get_or_insert_with(|| Box::new(closed.clone()));
    }

    /// The connection has ended: every caller hears it, and what may have become of its call.
    pub(super) fn close(&self, closed: &Closed) {
        let mut table = self.table();
        let words = table.words.take().filter(|_| closed.code == Closed::BY_PEER);
        let closed = words.as_deref().unwrap_or(closed);
        // A peer that breaks the rules may have broken that one as well.
        let unheard = table.said_hello && !table.heard_hello && closed.code != Closed::VIOLATION;
        let outcome = if unheard { Outcome::NotDispatched } else { Outcome::Unknown };
        table.ended = Some(Box::new(closed.clone()));
        let open: Vec<u64> = table.open.keys().copied().collect();
        for id in open.into_iter().filter(|_| !crate::chaos::without("lost-calls")) {
            self.end_in(&mut table, id, End::Lost { closed: closed.clone(), outcome });
        }
        self.freed.notify_waiters();
    }

    /// An item of an open stream.
    pub(super) fn item(&self, id: &Id, seq: Option<u64>, value: &[u8]) -> Result<(), Fault> {
        self.arrived(id, |arrivals| arrivals.item(seq, value, &self.room))
    }

    /// Events of an open stream were missed.
    pub(super) fn lagged(&self, id: &Id, missed: u64, next: u64) -> Result<(), Fault> {
        self.arrived(id, |arrivals| {
            arrivals.lagged(missed, next);
            Ok(())
        })
    }

    /// How far an open call has come.
    pub(super) fn progress(&self, id: &Id, progress: Progress) -> Result<(), Fault> {
        self.arrived(id, |arrivals| {
            arrivals.progress(progress);
            Ok(())
        })
    }

    /// Something for an open call. One whose caller has gone is left; what belongs to none is counted.
    fn arrived(
        &self,
        id: &Id,
        take_in: impl FnOnce(&mut Arrivals) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut table = self.table();
        let Some(slot) = table.open(id) else { return table.strays.another() };
        if slot.abandoned {
            return Ok(());
        }
        take_in(&mut slot.arrivals)?;
        if let Some(waiting) = slot.waiting.take() {
            waiting.wake();
        }
        Ok(())
    }

    /// A call's result, as [`answered`](Self::answered).
    pub(super) fn returned(&self, id: &Id, value: &[u8]) -> Result<(), Fault> {
        let mut room = Vec::new();
        if value.len() >= READ_SIZE {
            let mut table = self.table();
            table.keeps_spare = true;
            room = std::mem::take(&mut table.spare);
        }
        self.answered(id, End::result(value, room))
    }

    pub(super) fn keep_spare(&self, room: Vec<u8>) {
        let mut table = self.table();
        if table.ended.is_none() && table.keeps_spare {
            table.spare = room;
        }
    }

    /// How much is kept for the next long result, in bytes.
    pub(super) fn spare(&self) -> usize {
        self.table().spare.capacity()
    }

    /// Gives it back. What is read from now on is not kept either, before the next long result comes.
    pub(super) fn let_go_of_spare(&self) {
        let mut table = self.table();
        (table.spare, table.keeps_spare) = (Vec::new(), false);
    }

    /// A call's answer. One that belongs to no open call is counted.
    pub(super) fn answered(&self, id: &Id, end: End) -> Result<(), Fault> {
        let mut table = self.table();
        match (id, table.open(id).is_some()) {
            (Id::Number(id), true) => self.end_in(&mut table, *id, end),
            _ => return table.strays.another(),
        }
        Ok(())
    }

    /// The end of a call, for a reason of our own.
    pub(super) fn end(&self, id: &Id, end: End) {
        let Id::Number(id) = id else { return };
        self.end_in(&mut self.table(), *id, end);
    }

    /// The peer has said something that belongs to nothing.
    pub(super) fn stray(&self) -> Result<(), Fault> {
        self.table().strays.another()
    }

    /// The peer has said something about no call in particular.
    pub(super) fn words(&self, error: &WireError) {
        self.table().words = Some(Box::new(Closed::with_words(error)));
    }

    /// Whether the peer owes us an answer.
    pub(super) fn any_open(&self) -> bool {
        !self.table().open.is_empty()
    }

    pub(super) fn is_open(&self, id: &Id) -> bool {
        self.table().open(id).is_some()
    }

    pub(super) fn goes_on(&self) -> bool {
        self.table().ended.is_none()
    }

    fn end_in(&self, table: &mut Table, id: u64, end: End) {
        let Some(slot) = table.open.get_mut(&id) else { return };
        if slot.abandoned {
            return self.retire(table, id);
        }
        slot.arrivals.end(end);
        if let Some(waiting) = slot.waiting.take() {
            waiting.wake();
        }
    }

    fn retire(&self, table: &mut Table, id: u64) {
        if table.open.remove(&id).is_some() {
            self.give_back(table);
        }
        if table.open.is_empty() {
            table.open.shrink_to(OPEN_KEEP);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs under this lock.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// A call that the peer owes an end.
    fn open(&mut self, id: &Id) -> Option<&mut Slot> {
        let Id::Number(id) = id else { return None };
        self.open.get_mut(id).filter(|slot| !slot.arrivals.has_ended())
    }
}
