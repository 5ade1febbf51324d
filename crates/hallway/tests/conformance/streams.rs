//! Streams, their credit, and what a slow reader does to others.

use hallway::client::Client;
use hallway::protocol::{Call, Id, Message};
use hallway::service::Method;
use hallway::{CallError, CallOptions};
use hallway_testkit::{ProbeError, RawPeer, Setting, Stage, probe, within};
use serde_json::json;

use crate::stage::staged;

pub(crate) async fn a_stream_is_in_order_and_ends(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    for length in [0, 1, 63, 64, 65, 1000] {
        let mut numbers = probe.count(length).await.unwrap();
        for expected in 1..=length {
            assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), expected);
        }
        assert!(within("the end", numbers.next()).await.is_none());
        assert!(numbers.next().await.is_none(), "after the end comes nothing");
    }
}

pub(crate) async fn a_stream_may_end_with_a_no(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let mut numbers = probe.stumble(2).await.unwrap();
    assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), Ok(1));
    assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), Ok(2));
    let no = within("the no", numbers.next()).await.unwrap().unwrap();
    assert_eq!(no, Err(ProbeError::Refused { reason: "so far and no further".to_owned() }));
    assert!(within("the end", numbers.next()).await.is_none());
}

/// Opens a stream with credit for so many items.
pub(crate) async fn open(raw: &mut RawPeer, id: u64, method: &str, params: serde_json::Value, window: u32) {
    let mut call = Call::new(Some(Id::Number(id)), method, Some(params));
    call.window = Some(window);
    raw.send(&Message::Call(call)).await;
}

pub(crate) async fn expect_items(raw: &mut RawPeer, of: u64, items: std::ops::RangeInclusive<u64>) {
    for expected in items {
        match raw.expect().await {
            Message::Item { id: Id::Number(id), value, .. } => assert_eq!((id, value), (of, json!(expected))),
            other => panic!("item {expected} of {of} was due, and this came: {other:?}"),
        }
    }
}

pub(crate) async fn a_stream_stops_where_its_credit_does(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    open(&mut raw, 1, "probe.count", json!({ "to": 6 }), 2).await;
    expect_items(&mut raw, 1, 1..=2).await;
    // Nothing comes before the answer to the ping: the stream waits.
    raw.expect_alive().await;
    raw.send::<()>(&Message::Grant { id: Id::Number(1), items: 3 }).await;
    expect_items(&mut raw, 1, 3..=5).await;
    raw.expect_alive().await;
    raw.send::<()>(&Message::Grant { id: Id::Number(1), items: u32::MAX }).await;
    expect_items(&mut raw, 1, 6..=6).await;
    assert!(raw.expect_answer(1).await.unwrap().is_null());
}

pub(crate) async fn a_window_of_nothing_waits_for_the_first_grant(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    open(&mut raw, 1, "probe.count", json!({ "to": 1 }), 0).await;
    raw.expect_alive().await;
    raw.send::<()>(&Message::Grant { id: Id::Number(1), items: 1 }).await;
    expect_items(&mut raw, 1, 1..=1).await;
    assert!(raw.expect_answer(1).await.unwrap().is_null());
}

pub(crate) async fn a_slow_reader_stops_its_own_stream_only(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    // More than any buffer on the way holds, if it were sent; nobody reads it.
    let mut unread = probe.flood(20_000).await.unwrap();
    for number in 0..50 {
        assert_eq!(within("a call beside it", probe.add(number, 1)).await.unwrap(), number + 1);
    }
    let mut beside = within("a stream beside it", probe.count(500)).await.unwrap();
    let mut count = 0;
    while let Some(item) = within("an item beside it", beside.next()).await {
        count += 1;
        assert_eq!(item.unwrap(), count);
    }
    assert_eq!(count, 500);
    assert_eq!(within("the slow one goes on", unread.next()).await.unwrap().unwrap().len(), 20_000);
}

pub(crate) async fn dropping_a_stream_takes_it_back(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let mut numbers = probe.endless().await.unwrap();
    for expected in 1..=300 {
        assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), expected);
    }
    assert_eq!(probe.census().await.unwrap().dropped, 0);
    drop(numbers);
    within("the stream is dropped", probe.until_dropped(1)).await.unwrap();
}

pub(crate) async fn the_last_client_may_go_before_its_stream(setting: Setting) {
    let (stage, probe) = staged(setting).await;
    let mut numbers = probe.count(300).await.unwrap();
    drop(probe);
    for expected in 1..=300 {
        assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), expected);
    }
    assert!(within("the end", numbers.next()).await.is_none());
    drop(stage);
}

pub(crate) async fn a_window_of_one_is_slow_and_works(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let mut numbers = probe.with(CallOptions::new().window(1)).count(20).await.unwrap();
    for expected in 1..=20 {
        assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), expected);
    }
    assert!(within("the end", numbers.next()).await.is_none());
}

pub(crate) async fn many_streams_share_a_connection(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let readers = (0..20).map(|_| {
        let probe = probe.clone();
        tokio::spawn(async move {
            let mut numbers = probe.count(200).await.unwrap();
            let mut sum = 0;
            while let Some(number) = numbers.next().await {
                sum += number.unwrap();
            }
            sum
        })
    });
    let sums = within("20 streams", futures_util::future::join_all(readers)).await;
    assert!(sums.into_iter().all(|sum| sum.unwrap() == 20_100));
}

pub(crate) async fn an_item_that_is_too_long_ends_its_stream(setting: Setting) {
    let (_stage, probe) = crate::stage::cramped(setting).await;
    let mut texts = probe.flood(5000).await.unwrap();
    let error = within("the end", texts.next()).await.unwrap().unwrap_err();
    assert_eq!(error.code(), "result_too_long");
    assert!(within("the end", texts.next()).await.is_none());
    assert_eq!(probe.add(1, 1).await.unwrap(), 2);
}

pub(crate) async fn a_refused_stream_says_so_first(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let client: Client = stage.client().await;
    let missing = Method { name: "probe.missing", idempotent: false };
    let mut items = client.stream::<_, u64>(&missing, &json!({})).await.unwrap();
    let error = within("the refusal", items.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Remote(error) if error.code == "unknown_method"));
    assert!(within("the end", items.next()).await.is_none());
}
