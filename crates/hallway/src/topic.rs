//! Events for many: published once, numbered, kept for a while.

mod waiting;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;

use waiting::Waiting;

use crate::limits::TOPIC_RING;
use crate::service::Event;

/// Something that happens again and again, and whoever wants to know of it. Cheap to clone; clones are the
/// same topic.
///
/// Publishing never waits: the topic keeps the last [`TOPIC_RING`] events in one ring for everybody. A
/// subscriber that falls further behind is told how many it has missed before it gets the next one.
#[derive(Debug)]
pub struct Topic<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    ring: Mutex<Ring<T>>,
    capacity: usize,
    waiting: Arc<Waiting>,
}

#[derive(Debug)]
struct Ring<T> {
    events: VecDeque<T>,
    /// The number of the next event; the first is 1.
    next: u64,
}

impl<T> Ring<T> {
    /// The number of the oldest event that is kept, or of the next one.
    fn oldest(&self) -> u64 {
        self.next - self.events.len() as u64
    }
}

impl<T> Clone for Topic<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Clone + Send + 'static> Default for Topic<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone + Send + 'static> Topic<T> {
    /// A topic that keeps [`TOPIC_RING`] events.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(TOPIC_RING)
    }

    /// A topic that keeps so many events, at least one.
    #[must_use]
    pub fn with_capacity(events: usize) -> Self {
        let ring = Mutex::new(Ring { events: VecDeque::new(), next: 1 });
        Self { shared: Arc::new(Shared { ring, capacity: events.max(1), waiting: Arc::default() }) }
    }

    /// Publishes an event, and returns its number.
    pub fn publish(&self, event: T) -> u64 {
        let mut ring = self.shared.ring();
        if ring.events.len() == self.shared.capacity {
            ring.events.pop_front();
        }
        ring.events.push_back(event);
        let number = ring.next;
        ring.next += 1;
        drop(ring);
        self.shared.waiting.wake();
        number
    }

    /// The events after `since`, as far as they are kept, and all that follow; without `since`, those that
    /// are published from now on. A number that has not been reached yet, from before a restart perhaps, is
    /// told as a lag of nothing with the number that comes next.
    #[must_use]
    pub fn subscribe(&self, since: Option<u64>) -> Subscription<T> {
        let next = self.shared.ring().next;
        let (at, restarted) = match since {
            Some(since) if since >= next => (next, true),
            Some(since) => (since + 1, false),
            None => (next, false),
        };
        let waiting = Arc::clone(&self.shared.waiting);
        let number = waiting.number();
        Subscription::new(Feed { shared: Arc::downgrade(&self.shared), waiting, number, at, restarted })
    }

    /// The number of the last event; 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.shared.ring().next - 1
    }

    /// How many subscribe at the moment.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        Arc::weak_count(&self.shared)
    }
}

impl<T> Shared<T> {
    fn ring(&self) -> MutexGuard<'_, Ring<T>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The topic has gone: whoever waits hears of it.
impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.waiting.wake();
    }
}

/// Where one subscriber is.
#[derive(Debug)]
struct Feed<T> {
    /// Weak: that somebody listens does not keep the topic.
    shared: std::sync::Weak<Shared<T>>,
    waiting: Arc<Waiting>,
    /// Its number among those who wait.
    number: u64,
    /// The number of the event that this subscriber gets next.
    at: u64,
    /// What it asked for is not what this topic has counted.
    restarted: bool,
}

impl<T: Clone> Feed<T> {
    /// What there is for this subscriber now.
    fn next(&mut self) -> Option<Event<T>> {
        let shared = self.shared.upgrade()?;
        let ring = shared.ring();
        let missed = ring.oldest().saturating_sub(self.at);
        if missed > 0 || std::mem::take(&mut self.restarted) {
            self.at += missed;
            return Some(Event::Lagged { missed, next: self.at });
        }
        let index = usize::try_from(self.at - ring.oldest()).unwrap_or(usize::MAX);
        let value = ring.events.get(index)?.clone();
        let seq = self.at;
        self.at += 1;
        Some(Event::Item { seq, value })
    }
}

impl<T: Clone> Stream for Feed<T> {
    type Item = Event<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event<T>>> {
        let feed = &mut *self;
        if let Some(event) = feed.next() {
            return Poll::Ready(Some(event));
        }
        feed.waiting.wait(feed.number, cx.waker());
        // Once more, so that what is published in between is not slept over.
        let event = feed.next();
        if event.is_none() && feed.shared.strong_count() > 0 {
            return Poll::Pending;
        }
        feed.waiting.leave(feed.number);
        Poll::Ready(event)
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.waiting.leave(self.number);
    }
}

/// What a subscriber of a [`Topic`] gets: what a method that streams events returns.
pub struct Subscription<T> {
    stream: Pin<Box<dyn Stream<Item = Event<T>> + Send>>,
}

impl<T> Subscription<T> {
    /// Events from somewhere else than a topic; their numbers have to be in sequence.
    pub fn new(events: impl Stream<Item = Event<T>> + Send + 'static) -> Self {
        Self { stream: Box::pin(events) }
    }
}

impl<T> std::fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscription")
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Event<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event<T>>> {
        self.stream.as_mut().poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _};

    use super::*;

    fn item(seq: u64, value: &str) -> Event<String> {
        Event::Item { seq, value: value.to_owned() }
    }

    /// What is there without waiting.
    fn now(subscription: &mut Subscription<String>) -> Vec<Event<String>> {
        std::iter::from_fn(|| subscription.next().now_or_never().flatten()).collect()
    }

    fn topic(capacity: usize, events: &[&str]) -> Topic<String> {
        let topic = Topic::with_capacity(capacity);
        for event in events {
            topic.publish((*event).to_owned());
        }
        topic
    }

    #[tokio::test]
    async fn events_are_numbered_and_reach_every_subscriber() {
        let topic = topic(10, &["before"]);
        let (mut one, mut other) = (topic.subscribe(None), topic.subscribe(None));
        topic.publish("a".into());
        topic.publish("b".into());
        for subscription in [&mut one, &mut other] {
            assert_eq!(now(subscription), [item(2, "a"), item(3, "b")]);
        }
    }

    #[tokio::test]
    async fn a_subscriber_resumes_from_a_number() {
        let topic = topic(10, &["a", "b", "c"]);
        assert_eq!(now(&mut topic.subscribe(Some(1))), [item(2, "b"), item(3, "c")]);
        assert_eq!(now(&mut topic.subscribe(Some(0))).len(), 3);
        assert_eq!(now(&mut topic.subscribe(Some(3))), []);
    }

    #[tokio::test]
    async fn who_falls_behind_is_told_before_the_next_event() {
        let topic = topic(2, &[]);
        let mut slow = topic.subscribe(None);
        for event in ["a", "b", "c", "d", "e"] {
            topic.publish(event.into());
        }
        assert_eq!(now(&mut slow), [Event::Lagged { missed: 3, next: 4 }, item(4, "d"), item(5, "e")]);
        assert_eq!(now(&mut topic.subscribe(Some(1)))[0], Event::Lagged { missed: 2, next: 4 });
    }

    #[tokio::test]
    async fn a_number_from_before_a_restart_is_told_as_a_lag() {
        let topic = topic(10, &["a"]);
        let mut resumed = topic.subscribe(Some(500));
        assert_eq!(now(&mut resumed), [Event::Lagged { missed: 0, next: 2 }]);
        topic.publish("b".into());
        assert_eq!(now(&mut resumed), [item(2, "b")]);
    }

    #[tokio::test]
    async fn a_subscription_ends_with_its_topic() {
        let topic = topic(10, &[]);
        let mut subscription = topic.subscribe(None);
        topic.publish("last".into());
        let waiting = tokio::spawn(async move {
            let first = subscription.next().await;
            (first, subscription.next().await)
        });
        tokio::task::yield_now().await;
        drop(topic);
        let (first, end) = waiting.await.unwrap();
        assert!(matches!((first, end), (Some(Event::Item { .. }) | None, None)));
    }
}
