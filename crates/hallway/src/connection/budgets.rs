//! What all connections of one server have together, and who has how much of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{Limits, PLACES_KEPT};

/// The limits of a server, or of a client's one connection, and what is used of them.
#[derive(Debug)]
pub(crate) struct Budgets {
    pub(crate) limits: Limits,
    pub(crate) calls_open: Gauge,
    pub(crate) subscriptions: Gauge,
    pub(crate) places: Places,
    /// Bytes of unfinished messages, and of the parameters of open calls.
    pub(crate) inbound: Gauge,
    /// Bytes that peers have not read.
    pub(crate) outbound: Gauge,
    /// Bytes of buffers that are kept for the next long message.
    pub(crate) spare: Gauge,
    /// Connections that have [more room](crate::limits::SEND_ROOM) than the system gives by itself.
    pub(crate) send_rooms: Gauge,
}

impl Budgets {
    pub(crate) fn new(limits: Limits) -> Self {
        let places = Places::new(limits.calls_running_all);
        Self {
            limits,
            places,
            calls_open: Gauge::default(),
            subscriptions: Gauge::default(),
            inbound: Gauge::default(),
            outbound: Gauge::default(),
            spare: Gauge::default(),
            send_rooms: Gauge::default(),
        }
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

/// How much of something is used, and the most that ever was.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    now: AtomicUsize,
    peak: Peak,
}

/// The most that ever was.
#[derive(Debug, Default)]
struct Peak(AtomicUsize);

impl Peak {
    fn reached(&self, now: usize) {
        // Looked at first: it is seldom higher, and writing would have the processors wait for each other.
        if now > self.get() {
            self.0.fetch_max(now, Ordering::Relaxed);
        }
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    pub(crate) fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak.get()
    }

    /// Takes so much, unless that makes more than `max`.
    #[must_use]
    pub(crate) fn take(&self, more: usize, max: usize) -> bool {
        let within = |now: usize| now.checked_add(more).filter(|now| *now <= max);
        let taken = self.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within);
        if let Ok(before) = taken {
            self.peak.reached(before + more);
        }
        taken.is_ok()
    }

    pub(crate) fn add(&self, more: usize) {
        self.peak.reached(self.now.fetch_add(more, Ordering::Relaxed) + more);
    }

    pub(crate) fn give(&self, back: usize) {
        self.now.fetch_sub(back, Ordering::Relaxed);
    }
}

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
    all: Arc<Semaphore>,
    /// None where no bulk call finds a place.
    bulk: Option<Arc<Semaphore>>,
    number: usize,
    peak: Peak,
}

/// The right to run, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _held: [Option<OwnedSemaphorePermit>; 2],
}

impl Places {
    pub(crate) fn new(number: usize) -> Self {
        // Also of few, some are for either.
        let bulk = (number - number / PLACES_KEPT).max(1);
        Self { bulk: Some(Arc::new(Semaphore::new(bulk))), ..Self::interactive(number) }
    }

    /// Places that no bulk call takes.
    pub(crate) fn interactive(number: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(number)), bulk: None, number, peak: Peak::default() }
    }

    /// A place, if there is one.
    pub(crate) fn try_take(&self, lane: Lane) -> Option<Place> {
        let held = match lane {
            Lane::Subscription => [None, None],
            Lane::Interactive => [self.all.clone().try_acquire_owned().ok(), None],
            Lane::Bulk => {
                let bulk = self.bulk.clone()?.try_acquire_owned().ok()?;
                [self.all.clone().try_acquire_owned().ok(), Some(bulk)]
            }
        };
        (held[0].is_some() || lane == Lane::Subscription).then(|| self.taken(held))
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    /// No place is lost.
    pub(crate) async fn take(&self, lane: Lane) -> Place {
        // The semaphores are never closed.
        let bulk = match lane {
            Lane::Bulk => match self.bulk.clone() {
                Some(bulk) => bulk.acquire_owned().await.ok(),
                None => std::future::pending().await,
            },
            Lane::Interactive | Lane::Subscription => None,
        };
        let all = match lane {
            Lane::Interactive | Lane::Bulk => self.all.clone().acquire_owned().await.ok(),
            Lane::Subscription => None,
        };
        self.taken([all, bulk])
    }

    pub(crate) fn now(&self) -> usize {
        self.number - self.all.available_permits()
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak.get()
    }

    fn taken(&self, held: [Option<OwnedSemaphorePermit>; 2]) -> Place {
        self.peak.reached(self.now());
        Place { _held: held }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_gauge_tells_the_most_and_takes_no_more_than_there_is() {
        let gauge = Gauge::default();
        assert!(gauge.take(7, 10) && !gauge.take(4, 10) && gauge.take(3, 10));
        gauge.give(10);
        gauge.add(2);
        assert_eq!((gauge.now(), gauge.peak()), (2, 10));
        assert!(!gauge.take(usize::MAX, usize::MAX), "no overflow");
    }

    #[test]
    fn bulk_leaves_places_to_the_others() {
        let places = Places::new(4);
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
    fn some_places_are_for_short_calls_alone() {
        let places = Places::interactive(1);
        assert!(places.try_take(Lane::Bulk).is_none());
        assert!(places.try_take(Lane::Interactive).is_some());
    }

    #[tokio::test]
    async fn a_bulk_call_that_waits_takes_no_place_that_is_kept() {
        let places = Places::new(1);
        let held = places.try_take(Lane::Bulk).unwrap();
        let waiting = places.take(Lane::Bulk);
        tokio::pin!(waiting);
        assert!((&mut waiting).now_or_never().is_none());
        drop(held);
        waiting.await;
    }
}
