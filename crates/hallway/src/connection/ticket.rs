use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::batch::Batch;
use super::messages::Reply;
use super::places::Lane;
use super::work::Work;
use super::{Link, WriteError};
use crate::limits::{DEADLINE_MAX, STREAM_WINDOW_MAX, UNLIMITED};
use crate::protocol::{Call, Id, Message, Progress, WireError, code};

/// One call being served: the right and the duty to answer it once.
#[derive(Debug)]
pub(crate) struct Ticket {
    link: Arc<Link>,
    /// Its number among those of its connection.
    number: u64,
    id: Option<Id>,
    reply: Reply,
    /// What the answer leaves with, if not alone.
    batch: Option<Arc<Batch>>,
    lane: Lane,
    /// What places it has: a [`Runs`].
    runs: AtomicU8,
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

/// What places a call has.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Runs {
    Nowhere = 0,
    /// One of its connection, which is enough by itself.
    ByItself = 1,
    /// One of its connection, and one of those that all connections have.
    AmongAll = 2,
}

impl Ticket {
    pub(super) fn new<P>(
        link: &Arc<Link>,
        call: &Call<'_, P>,
        (number, id): (u64, Option<Id>),
        (lane, reply): (Lane, Reply),
        batch: Option<&Arc<Batch>>,
        charged: usize,
        credit: u32,
    ) -> Arc<Self> {
        let deadline = |ms| Instant::now() + Duration::from_millis(ms).min(DEADLINE_MAX);
        Arc::new(Self {
            link: Arc::clone(link),
            number,
            id,
            reply,
            batch: batch.cloned(),
            lane,
            runs: AtomicU8::new(Runs::Nowhere as u8),
            holders: AtomicUsize::new(1),
            charged,
            work: call.token.as_ref().and_then(|token| Work::new(token, &call.method)),
            deadline: call.deadline_ms.map(deadline),
            credit: Mutex::new(credit),
            changed: Notify::new(),
            ended: AtomicBool::new(false),
            withdrawn: AtomicBool::new(false),
        })
    }

    pub(super) fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether it has been answered.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn lane(&self) -> Lane {
        self.lane
    }

    /// The caller has taken the call back.
    pub(super) fn is_taken_back(&self) {
        self.withdrawn.store(true, Ordering::Release);
        self.look_again();
    }

    pub(super) fn was_taken_back(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    /// Something has changed that those who wait here may wait for.
    pub(super) fn look_again(&self) {
        self.changed.notify_waiters();
    }

    /// No grant can come any more: what the connection holds is the bound.
    pub(super) fn needs_no_grants(&self) {
        self.set_credit(|_| UNLIMITED);
    }

    /// As how many open calls.
    pub(super) fn counts(&self) -> usize {
        usize::from(!matches!(self.id, Some(Id::Event(_))))
    }

    /// Whether it is a subscription, which takes no place of the calls.
    pub(super) fn lasts(&self) -> bool {
        self.lane == Lane::Subscription
    }

    /// It has been given places, which are given back when nobody needs them.
    pub(super) fn runs(&self, runs: Runs) {
        self.runs.store(runs as u8, Ordering::Release);
    }

    /// One of those who need the places needs them no longer.
    pub(super) fn lets_go(&self) {
        if self.holders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.stops();
        }
    }

    fn stops(&self) {
        let runs = match self.runs.swap(Runs::Nowhere as u8, Ordering::AcqRel) {
            1 => Runs::ByItself,
            2 => Runs::AmongAll,
            _ => Runs::Nowhere,
        };
        self.link.incoming().gives_place(self, runs);
    }

    /// The call counts as running until this has been dropped as well.
    pub(crate) fn hold(self: &Arc<Self>) -> Hold {
        self.holders.fetch_add(1, Ordering::Relaxed);
        Hold(Arc::clone(self))
    }

    /// Whether anything that is said under it goes to anybody: a notification has no id.
    pub(crate) fn is_heard(&self) -> bool {
        self.id.is_some()
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.was_taken_back() || self.is_overdue() || self.link.is_closed()
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
        if self.has_ended() {
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
        let open = !self.has_ended() && !self.link.is_full();
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
        // Seldom is there none.
        if let Some(said) = self.try_credit() {
            return said;
        }
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(said) = self.try_credit() {
                return said;
            }
            changed.await;
        }
    }

    fn try_credit(&self) -> Option<Result<(), Gone>> {
        if self.was_taken_back() {
            return Some(Err(Gone));
        }
        self.spend().then_some(Ok(()))
    }

    fn spend(&self) -> bool {
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = *credit > 0 || crate::chaos::without("credit");
        if *credit != UNLIMITED {
            *credit = credit.saturating_sub(1);
        }
        spent
    }

    pub(super) fn grant(&self, items: u32) {
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
        if self.has_ended() || crate::chaos::without("owed-answers") {
            return;
        }
        if self.link.is_closed() {
            // The caller hears of the lost connection, and not that it took the call back.
            return self.end(|_| ());
        }
        self.error(if self.was_taken_back() {
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
        self.stops();
        self.link.incoming().gives_back(self.link.budgets(), self.charged);
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
        self.ticket.link.outbox().wake_driver();
    }
}

/// Whether the caller can tell what comes under this id from what comes under others.
fn is_named(id: &Id) -> bool {
    !matches!(id, Id::Unnamed(_) | Id::Event(_))
}

/// The stream has been answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

fn unsendable(error: &WriteError) -> WireError {
    match error {
        WriteError::TooLong { size, max } => WireError::new(code::RESULT_TOO_LONG, error.to_string())
            .with_details(&serde_json::json!({ "size": size, "max": max })),
        WriteError::Encode(_) => WireError::new(code::BAD_RESULT, error.to_string()),
    }
}
