//! Topics: one publishes, many hear.

use hallway::protocol::{Id, Message};
use hallway::{CallOptions, Event};
use hallway_testkit::{Setting, Stage, TOPIC_KEEPS, probe, within};
use serde_json::json;

use crate::stage::{probe_client, staged};
use crate::streams::open;

pub(crate) async fn what_is_published_reaches_every_client(setting: Setting) {
    let (stage, publisher) = staged(setting).await;
    let mut subscribers = Vec::new();
    for _ in 0..8 {
        let client = probe_client(stage.client().await);
        let events = client.events(None).await.unwrap();
        // Calls of one connection begin in order: what is answered now was said after the subscription.
        client.add(1, 1).await.unwrap();
        subscribers.push(events);
    }
    assert_eq!(publisher.publish(10).await.unwrap(), 10);
    for events in &mut subscribers {
        for seq in 1..=10 {
            let event = within("an event", events.next()).await.unwrap().unwrap();
            assert_eq!(event, Event::Item { seq, value: seq });
        }
    }
}

pub(crate) async fn events_come_while_a_call_is_under_way(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let holding = tokio::spawn({
        let probe = probe.clone();
        async move { probe.hold("g".to_owned()).await }
    });
    within("the call waits", probe.until_held(1)).await.unwrap();
    let mut events = probe.events(None).await.unwrap();
    probe.publish(1).await.unwrap();
    let event = within("the event", events.next()).await.unwrap().unwrap();
    assert_eq!(event, Event::Item { seq: 1, value: 1 });
    assert!(!holding.is_finished());
    probe.open("g".to_owned()).await.unwrap();
    within("the call", holding).await.unwrap().unwrap();
}

pub(crate) async fn a_late_subscriber_is_told_exactly_what_it_missed(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    open(&mut raw, 1, "probe.events", json!({}), 1).await;
    raw.call(2, "probe.publish", json!({ "count": 1 })).await;
    let event = |seq: u64| Message::Item { id: Id::Number(1), seq: Some(seq), value: json!(seq) };
    let (one, other) = (raw.expect().await, raw.expect().await);
    assert!(one == event(1) || other == event(1), "{one:?} {other:?}");
    raw.call(3, "probe.publish", json!({ "count": 100 })).await;
    assert_eq!(raw.expect_answer(3).await.unwrap(), 101);
    // The stream may have taken the next event already; it waits for credit with it in hand.
    let keeps = TOPIC_KEEPS as u64;
    let first_kept = 101 - keeps + 1;
    raw.send::<()>(&Message::Grant { id: Id::Number(1), items: 1000 }).await;
    let mut next = 2;
    loop {
        match raw.expect().await {
            Message::Item { id: Id::Number(1), seq: Some(seq), .. } => {
                assert_eq!(seq, next, "in sequence");
                next += 1;
            }
            Message::Lagged { id: Id::Number(1), missed, next: told } => {
                // It may have fallen behind more than once, while they were published.
                assert_eq!(told, next + missed, "after {next}");
                assert!(missed > 0 && told <= first_kept, "{told} is there");
                next = told;
            }
            other => panic!("an event was due, and this came: {other:?}"),
        }
        if next > 101 {
            break;
        }
    }
    raw.expect_alive().await;
}

pub(crate) async fn a_late_client_survives_and_can_add_up(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let mut events = probe.with(CallOptions::new().window(2)).events(Some(0)).await.unwrap();
    assert_eq!(probe.publish(500).await.unwrap(), 500);
    let (mut heard, mut missed, mut next) = (0, 0, 1);
    while next <= 500 {
        match within("an event", events.next()).await.unwrap().unwrap() {
            Event::Item { seq, value } => {
                assert_eq!((seq, value), (next, next));
                (heard, next) = (heard + 1, next + 1);
            }
            Event::Lagged { missed: so_many, next: at } => {
                assert_eq!(at, next + so_many);
                (missed, next) = (missed + so_many, at);
            }
        }
    }
    assert!(missed > 0 && heard + missed == 500, "{heard} heard, {missed} missed");
}

pub(crate) async fn a_subscriber_resumes_from_a_number(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    probe.publish(10).await.unwrap();
    let mut events = probe.events(Some(7)).await.unwrap();
    for seq in 8..=10 {
        let event = within("an event", events.next()).await.unwrap().unwrap();
        assert_eq!(event, Event::Item { seq, value: seq });
    }
    let mut from_another_life = probe.events(Some(4711)).await.unwrap();
    let event = within("the notice", from_another_life.next()).await.unwrap().unwrap();
    assert_eq!(event, Event::Lagged { missed: 0, next: 11 });
}
