//! What all connections of one server have together, and who has how much of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::places::Places;
use super::spin::processors;
use crate::limits::{Limits, PROCESSORS_KEPT};

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
    /// Turns of connections that have [much to do](crate::limits::PROCESSORS_KEPT).
    pub(crate) turns: Arc<Semaphore>,
    /// Connections that there have been.
    pub(crate) begun: AtomicUsize,
}

impl Budgets {
    pub(crate) fn new(limits: Limits) -> Self {
        let places = Places::new(limits.calls_running_all, 0);
        Self {
            limits,
            places,
            calls_open: Gauge::default(),
            subscriptions: Gauge::default(),
            inbound: Gauge::default(),
            outbound: Gauge::default(),
            spare: Gauge::default(),
            send_rooms: Gauge::default(),
            turns: Arc::new(Semaphore::new(processors().saturating_sub(PROCESSORS_KEPT).max(1))),
            begun: AtomicUsize::default(),
        }
    }

    /// How many connections there have been before this one.
    pub(super) fn begin(&self) -> usize {
        self.begun.fetch_add(1, Ordering::Relaxed)
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
pub(super) struct Peak(AtomicUsize);

impl Peak {
    pub(super) fn reached(&self, now: usize) {
        // Looked at first: it is seldom higher, and writing would have the processors wait for each other.
        if now > self.get() {
            self.0.fetch_max(now, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> usize {
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

#[cfg(test)]
mod tests {
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
}
