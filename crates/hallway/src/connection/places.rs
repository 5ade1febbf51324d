//! Places for calls that run, and the lines before them: who waits gets one in the order of coming.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::budgets::Peak;
use crate::limits::PLACES_KEPT;

/// What kind of call a method is, as to when it may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lane {
    #[default]
    Interactive,
    /// Takes no place of those that are kept for the others.
    Bulk,
    /// Lasts, and takes no place at all.
    Subscription,
}

/// Places for calls that run; the others wait in line for one.
#[derive(Debug)]
pub(crate) struct Places {
    state: Mutex<State>,
    number: usize,
    peak: Peak,
}

/// What there are places of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    All,
    /// Of them, those that bulk calls may have.
    Bulk,
    /// Of them, those that are enough by themselves.
    Own,
}

/// One lock for all of it: a short call takes and gives back its place with nothing else.
#[derive(Debug)]
struct State {
    all: usize,
    bulk: usize,
    own: usize,
    /// How many have stood in a line.
    numbers: u64,
    /// Who stands in one; seldom anybody.
    waiting: Option<Box<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    all: VecDeque<Waiter>,
    bulk: VecDeque<Waiter>,
    own: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    call: oneshot::Sender<()>,
}

/// The right to run, until it is dropped; or until it is [given back](Places::give), if it is kept.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    places: &'a Places,
    lane: Lane,
    own: bool,
}

/// One who stands in line.
struct Waiting<'a> {
    places: &'a Places,
    line: Line,
    number: u64,
    called: oneshot::Receiver<()>,
    stands: Stands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    InLine,
    AtItsPlace,
    /// The place is somebody's.
    NoMore,
}

impl Places {
    /// So many, of which some are kept from bulk calls, and `own` are enough by themselves.
    pub(crate) fn new(number: usize, own: usize) -> Self {
        // Also of few, some are for either.
        let bulk = (number - number / PLACES_KEPT).max(1);
        let state = State { all: number, bulk, own, numbers: 0, waiting: None };
        Self { state: Mutex::new(state), number, peak: Peak::default() }
    }

    /// A place, if there is one.
    pub(crate) fn try_take(&self, lane: Lane) -> Option<Place<'_>> {
        if lane == Lane::Subscription {
            return Some(Place { places: self, lane, own: true });
        }
        let mut state = self.state();
        if lane == Lane::Bulk && !state.take(Line::Bulk) {
            return None;
        }
        if !state.take(Line::All) {
            if lane == Lane::Bulk {
                state.give(Line::Bulk);
            }
            return None;
        }
        Some(self.taken(&mut state, lane))
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    /// No place is lost.
    pub(crate) async fn take(&self, lane: Lane) -> Place<'_> {
        if lane == Lane::Subscription {
            return Place { places: self, lane, own: true };
        }
        let bulk = match lane {
            Lane::Bulk => Some(self.stand_in(Line::Bulk).await),
            _ => None,
        };
        self.stand_in(Line::All).await.hand_over();
        if let Some(bulk) = bulk {
            bulk.hand_over();
        }
        let mut state = self.state();
        self.taken(&mut state, lane)
    }

    /// Somebody who has kept a place needs it no longer.
    pub(crate) fn give(&self, lane: Lane, own: bool) {
        if lane == Lane::Subscription {
            return;
        }
        let mut state = self.state();
        if own {
            state.give(Line::Own);
        }
        if lane == Lane::Bulk {
            state.give(Line::Bulk);
        }
        state.give(Line::All);
    }

    pub(crate) fn now(&self) -> usize {
        self.number - self.state().all
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak.get()
    }

    fn taken(&self, state: &mut State, lane: Lane) -> Place<'_> {
        self.peak.reached(self.number - state.all);
        let own = lane == Lane::Interactive && state.take(Line::Own);
        Place { places: self, lane, own }
    }

    /// Takes one, at once or when the line has come to it.
    async fn stand_in(&self, line: Line) -> Waiting<'_> {
        let (call, called) = oneshot::channel();
        let mut waiting = {
            let mut state = self.state();
            state.numbers += 1;
            let number = state.numbers;
            let stands = if state.take(line) {
                Stands::AtItsPlace
            } else {
                state.line(line).push_back(Waiter { number, call });
                Stands::InLine
            };
            Waiting { places: self, line, number, called, stands }
        };
        if waiting.stands == Stands::InLine {
            // Nobody leaves the line without a place but by this being dropped.
            let _called = (&mut waiting.called).await;
            waiting.stands = Stands::AtItsPlace;
        }
        waiting
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn free(&mut self, line: Line) -> &mut usize {
        match line {
            Line::All => &mut self.all,
            Line::Bulk => &mut self.bulk,
            Line::Own => &mut self.own,
        }
    }

    fn line(&mut self, line: Line) -> &mut VecDeque<Waiter> {
        let lines = self.waiting.get_or_insert_default();
        match line {
            Line::All => &mut lines.all,
            Line::Bulk => &mut lines.bulk,
            Line::Own => &mut lines.own,
        }
    }

    fn take(&mut self, line: Line) -> bool {
        let free = self.free(line);
        let taken = *free > 0;
        *free -= usize::from(taken);
        taken
    }

    /// To the first in line, if there is one.
    fn give(&mut self, line: Line) {
        while let Some(first) = self.first_in(line) {
            if first.call.send(()).is_ok() {
                return;
            }
        }
        *self.free(line) += 1;
    }

    fn first_in(&mut self, line: Line) -> Option<Waiter> {
        self.waiting.as_ref()?;
        let first = self.line(line).pop_front();
        self.let_go_of_lines();
        first
    }

    fn leave(&mut self, line: Line, number: u64) {
        let line = self.line(line);
        if let Ok(at) = line.binary_search_by_key(&number, |waiter| waiter.number) {
            line.remove(at);
        }
        self.let_go_of_lines();
    }

    /// A connection where nobody waits is as small as it was.
    fn let_go_of_lines(&mut self) {
        let empty = |lines: &Lines| lines.all.is_empty() && lines.bulk.is_empty() && lines.own.is_empty();
        if self.waiting.as_deref().is_some_and(empty) {
            self.waiting = None;
        }
    }
}

impl Waiting<'_> {
    fn hand_over(mut self) {
        self.stands = Stands::NoMore;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.stands == Stands::NoMore {
            return;
        }
        let mut state = self.places.state();
        // Perhaps it has been called in the meantime.
        if self.stands == Stands::AtItsPlace || self.called.try_recv().is_ok() {
            state.give(self.line);
        } else {
            state.leave(self.line, self.number);
        }
    }
}

impl Place<'_> {
    /// Whether it is enough by itself.
    pub(crate) fn is_own(&self) -> bool {
        self.own
    }

    /// Waits until it is, which that of a bulk call never is.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(crate) async fn becomes_own(&mut self) {
        if self.lane == Lane::Bulk {
            std::future::pending::<()>().await;
        }
        self.places.stand_in(Line::Own).await.hand_over();
        self.own = true;
    }

    /// Has it [given back](Places::give) by hand.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.places.give(self.lane, self.own);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn bulk_leaves_places_to_the_others() {
        let places = Places::new(4, 0);
        let bulk: Vec<_> = std::iter::from_fn(|| places.try_take(Lane::Bulk)).collect();
        assert_eq!(bulk.len(), 3);
        let _short = places.try_take(Lane::Interactive).unwrap();
        assert!(places.try_take(Lane::Interactive).is_none());
        assert!(places.try_take(Lane::Subscription).is_some(), "takes none");
        assert_eq!((places.now(), places.peak()), (4, 4));
        drop(bulk);
        assert_eq!(places.now(), 1);
        assert!(places.try_take(Lane::Bulk).is_some());
    }

    #[test]
    fn some_places_are_enough_for_short_calls() {
        let places = Places::new(3, 1);
        assert!(!places.try_take(Lane::Bulk).unwrap().is_own());
        let own = places.try_take(Lane::Interactive).unwrap();
        let mut other = places.try_take(Lane::Interactive).unwrap();
        assert!(own.is_own() && !other.is_own());
        assert!(places.try_take(Lane::Subscription).unwrap().is_own());
        assert!(other.becomes_own().now_or_never().is_none());
        drop(own);
        assert!(other.becomes_own().now_or_never().is_some() && other.is_own());
        other.keep();
        assert_eq!(places.now(), 1);
        places.give(Lane::Interactive, true);
        assert!(places.try_take(Lane::Interactive).unwrap().is_own());
        assert_eq!(places.now(), 0);
    }

    #[test]
    fn who_waits_gets_a_place_in_the_order_of_coming() {
        let places = Places::new(1, 0);
        let held = places.try_take(Lane::Interactive).unwrap();
        let (mut first, mut second) =
            (Box::pin(places.take(Lane::Interactive)), pin!(places.take(Lane::Interactive)));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        drop(held);
        assert!(places.try_take(Lane::Interactive).is_none(), "it is the first one's");
        assert!(second.as_mut().now_or_never().is_none());
        // Called, and gone before it heard.
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
        assert_eq!(places.now(), 0);
    }

    #[test]
    fn who_goes_leaves_the_line() {
        let places = Places::new(1, 1);
        let held = places.try_take(Lane::Bulk).unwrap();
        for lane in [Lane::Interactive, Lane::Bulk] {
            for _ in 0..3 {
                assert!(places.take(lane).now_or_never().is_none());
            }
        }
        assert!(places.state().waiting.is_none());
        drop(held);
        assert!(places.try_take(Lane::Interactive).unwrap().is_own());
    }

    #[test]
    fn a_bulk_call_that_waits_takes_no_place_that_is_kept() {
        let places = Places::new(4, 0);
        let mut bulk: Vec<_> = std::iter::from_fn(|| places.try_take(Lane::Bulk)).collect();
        let mut waiting = pin!(places.take(Lane::Bulk));
        assert!(waiting.as_mut().now_or_never().is_none());
        let short = places.try_take(Lane::Interactive);
        assert!(short.is_some());
        bulk.pop();
        assert!(waiting.as_mut().now_or_never().is_some());
    }
}
