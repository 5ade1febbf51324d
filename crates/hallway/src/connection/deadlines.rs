use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::limits::{CONNECTIONS_MAX, ENDS_APART};

/// What does not come in time, or has to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The `hello` with the token.
    Token,
    /// Enough to know what the peer speaks.
    Recognition,
    /// The rest of a message.
    Message,
    /// The peer's reading.
    Reading,
    /// The next attempt to write, after the system had no memory.
    Writing,
    /// Whether the peer has gone, after one direction has ended.
    Gone,
    /// Giving back what is kept for long messages, if there were none.
    Spare,
}

impl Due {
    /// Whether many connections may end by it at the same moment.
    fn is_spread(self) -> bool {
        matches!(self, Self::Token | Self::Recognition | Self::Message | Self::Reading)
    }
}

/// Everything on a connection that has a time, with one timer for all of it.
///
/// The timer is armed when something has to be waited for, and not disarmed when it comes: it goes off at some time
/// and finds nothing due. So a connection of long messages does not set a timer for each.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// Each at most once; seldom is there one.
    pending: Vec<(Instant, Due)>,
    timer: Option<Pin<Box<Sleep>>>,
    /// How much later than others this connection is ended.
    later: Duration,
    /// By how much the end of a message has been postponed: nothing else is.
    postponed: Duration,
}

impl Deadlines {
    /// For a connection before which there were so many.
    pub(super) fn new(before: usize) -> Self {
        let turn = u32::try_from(before % CONNECTIONS_MAX).unwrap_or_default();
        Self { later: ENDS_APART * turn, ..Self::default() }
    }

    /// It is due so long from now.
    pub(super) fn set(&mut self, due: Due, after: Duration) {
        self.set_at(due, Instant::now() + after);
    }

    pub(super) fn set_at(&mut self, due: Due, at: Instant) {
        self.clear(due);
        let later = if due.is_spread() { self.later } else { Duration::ZERO };
        self.pending.push((at + later, due));
    }

    /// The end of a message is due so much later than it was; in all, since it was set, by no more than `most`.
    pub(super) fn postpone_message(&mut self, by: Duration, most: Duration) {
        if let Some((at, _)) = self.pending.iter_mut().find(|(_, due)| *due == Due::Message) {
            let by = by.min(most.saturating_sub(self.postponed));
            self.postponed += by;
            *at += by;
        }
    }

    /// It has come, or is waited for no longer.
    pub(super) fn clear(&mut self, due: Due) {
        if due == Due::Message {
            self.postponed = Duration::ZERO;
        }
        self.pending.retain(|(_, other)| *other != due);
    }

    pub(super) fn is_set(&self, due: Due) -> bool {
        self.pending.iter().any(|(_, other)| *other == due)
    }

    /// What is due, once; who is told nothing is woken when something is.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Due> {
        let Some(&(at, due)) = self.pending.iter().min_by_key(|(at, _)| *at) else {
            self.timer.take_if(|timer| timer.is_elapsed());
            return None;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if at < timer.deadline() {
            timer.as_mut().reset(at);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if at <= Instant::now() {
                self.timer = None;
                self.clear(due);
                return Some(due);
            }
            // It was set for something that has come since.
            timer.as_mut().reset(at);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use futures_util::FutureExt as _;

    use super::*;

    async fn next(deadlines: &mut Deadlines) -> Due {
        poll_fn(|cx| deadlines.poll(cx).map_or(Poll::Pending, Poll::Ready)).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_is_told_once_and_in_order() {
        let began = Instant::now();
        let mut deadlines = Deadlines::default();
        deadlines.set(Due::Message, Duration::from_secs(30));
        deadlines.set(Due::Reading, Duration::from_secs(10));
        assert_eq!(next(&mut deadlines).await, Due::Reading);
        assert_eq!(began.elapsed().as_secs(), 10);
        assert_eq!(next(&mut deadlines).await, Due::Message);
        assert_eq!(began.elapsed().as_secs(), 30);
        assert!(next(&mut deadlines).now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_stall_together_are_not_ended_together() {
        let began = Instant::now();
        let mut connections: Vec<_> = (0..100).map(Deadlines::new).collect();
        for deadlines in &mut connections {
            deadlines.set(Due::Reading, Duration::from_secs(10));
            deadlines.set(Due::Gone, Duration::from_secs(1));
        }
        for deadlines in &mut connections {
            assert_eq!(next(deadlines).await, Due::Gone);
        }
        assert_eq!(began.elapsed(), Duration::from_secs(1), "who has gone is in nobody's way");
        for (before, deadlines) in (0..).zip(&mut connections) {
            assert_eq!(next(deadlines).await, Due::Reading);
            // A timer goes off with the next millisecond.
            let late = began.elapsed() - Duration::from_secs(10) - ENDS_APART * before;
            assert!(late <= Duration::from_millis(1), "{late:?}");
        }
        let [first, ..] = connections.as_mut_slice() else { unreachable!() };
        first.set(Due::Message, Duration::from_secs(30));
        // Three seconds at the most, each time that it is set.
        first.postpone_message(Duration::from_secs(9), Duration::from_secs(3));
        first.set(Due::Message, Duration::from_secs(30));
        first.postpone_message(Duration::from_secs(2), Duration::from_secs(3));
        first.postpone_message(Duration::from_secs(2), Duration::from_secs(3));
        let began = Instant::now();
        assert_eq!(next(first).await, Due::Message);
        assert_eq!(began.elapsed().as_secs(), 33);
        let longest = Deadlines::new(usize::MAX).later;
        assert!(longest < Duration::from_secs(1), "{longest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_deadline_is_not_due_when_the_timer_of_an_earlier_one_goes_off() {
        let began = Instant::now();
        let mut deadlines = Deadlines::default();
        deadlines.set(Due::Message, Duration::from_secs(5));
        assert!(next(&mut deadlines).now_or_never().is_none());
        deadlines.set(Due::Message, Duration::from_secs(20));
        assert_eq!(next(&mut deadlines).await, Due::Message);
        assert_eq!(began.elapsed().as_secs(), 20);
    }
}
