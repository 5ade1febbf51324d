//! Methods that answer with many values.

use std::sync::Arc;

use futures_util::StreamExt as _;
use hallway::{CallError, CallOptions, Event, Topic};

use super::sample::{Envelope, MailBlockingClient, MailClient, MailError, MailService, Store};
use crate::world::{World, soon};

/// More than any window of these tests.
const MANY: u32 = 1000;

fn world() -> (World, Arc<Store>) {
    let store = Arc::new(Store::default());
    (World::serving(MailService::from_arc(Arc::clone(&store))), store)
}

fn windows() -> [CallOptions; 3] {
    [CallOptions::new(), CallOptions::new().window(1), CallOptions::new().window(3)]
}

#[tokio::test]
async fn items_arrive_in_order_whatever_the_window() {
    let (world, _) = world();
    for client in world.clients().await {
        let mail = MailClient::new(client);
        for options in windows() {
            let items = mail.with(options).numbers(MANY).await.unwrap();
            let numbers: Vec<u32> = soon(items.map(Result::unwrap).collect()).await;
            assert_eq!(numbers, (0..MANY).collect::<Vec<_>>());
        }
        let mut none = mail.numbers(0).await.unwrap();
        assert!(soon(none.next()).await.is_none() && soon(none.next()).await.is_none());
    }
    let from_a_thread = world.blocking(|client| {
        let mail = MailBlockingClient::new(client);
        for options in windows() {
            let items: Result<Vec<u32>, CallError> = mail.with(options).numbers(MANY).unwrap().collect();
            assert_eq!(items.unwrap(), (0..MANY).collect::<Vec<_>>());
        }
    });
    from_a_thread.await;
}

#[tokio::test]
async fn an_error_of_the_service_ends_a_stream_after_its_items() {
    let (world, _) = world();
    let expected = [Ok(Envelope::new(0, "found")), Ok(Envelope::new(1, "found")), Err(MailError::Locked)];
    for client in world.clients().await {
        let items = MailClient::new(client).export(2).await.unwrap();
        let items: Vec<_> = soon(items.map(Result::unwrap).collect()).await;
        assert_eq!(items, expected);
    }
    let from_a_thread = world.blocking(|client| {
        let items = MailBlockingClient::new(client).export(2).unwrap();
        items.map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(from_a_thread.await, expected);
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_at_its_source() {
    let (world, store) = world();
    let first = u64::from(nix::unistd::geteuid().as_raw());
    let mut alive = store.endless.subscribe();
    for client in world.clients().await {
        let mail = MailClient::new(client);
        let mut items = mail.endless().await.unwrap();
        assert_eq!(soon(items.next()).await.unwrap().unwrap(), first);
        assert_eq!(*alive.borrow_and_update(), 1);
        drop(items);
        soon(alive.wait_for(|alive| *alive == 0)).await.unwrap();
        assert_eq!(mail.count().await.unwrap(), 0, "the connection lives");
    }
    let from_a_thread = world.blocking(move |client| {
        let mail = MailBlockingClient::new(client);
        let mut items = mail.endless().unwrap();
        assert_eq!(items.next().unwrap().unwrap(), first);
        // Another call between two items of a stream.
        assert_eq!(mail.count().unwrap(), 0);
        assert_eq!(items.next().unwrap().unwrap(), first + 1);
    });
    from_a_thread.await;
    soon(alive.wait_for(|alive| *alive == 0)).await.unwrap();
}

fn item(seq: u64) -> Event<Envelope> {
    Event::Item { seq, value: Envelope::new(seq, "new") }
}

fn publish(topic: &Topic<Envelope>, times: u64) {
    for _ in 0..times {
        let seq = topic.last() + 1;
        topic.publish(Envelope::new(seq, "new"));
    }
}

#[tokio::test]
async fn a_subscription_brings_numbered_events_and_says_what_was_missed() {
    let (world, store) = world();
    publish(&store.topic, 6);
    for client in world.clients().await {
        let mail = MailClient::new(client);
        let last = store.topic.last();
        let resumed = mail.arrivals(Some(last - 2)).await.unwrap();
        let events: Vec<_> = soon(resumed.take(2).map(Result::unwrap).collect()).await;
        assert_eq!(events, [item(last - 1), item(last)]);

        // The topic keeps four.
        let late = mail.arrivals(Some(0)).await.unwrap();
        let events: Vec<_> = soon(late.take(2).map(Result::unwrap).collect()).await;
        let oldest = last - 3;
        assert_eq!(events, [Event::Lagged { missed: oldest - 1, next: oldest }, item(oldest)]);

        // An event that was asked for shows that the subscription has begun.
        let mut live = mail.arrivals(Some(last - 1)).await.unwrap();
        assert_eq!(soon(live.next()).await.unwrap().unwrap(), item(last));
        publish(&store.topic, 1);
        assert_eq!(soon(live.next()).await.unwrap().unwrap(), item(last + 1));
    }
    let last = store.topic.last();
    let from_a_thread = world.blocking(move |client| {
        let events = MailBlockingClient::new(client).arrivals(Some(0)).unwrap();
        events.take(3).map(Result::unwrap).collect::<Vec<_>>()
    });
    let oldest = last - 3;
    let expected = [Event::Lagged { missed: oldest - 1, next: oldest }, item(oldest), item(oldest + 1)];
    assert_eq!(from_a_thread.await, expected);
}
