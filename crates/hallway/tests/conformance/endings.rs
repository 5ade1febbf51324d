//! Calls that end before they are answered: taken back, too late, or with their connection.

use std::time::Duration;

use hallway::protocol::{Call, Id, Message};
use hallway::{CallError, CallOptions, Outcome};
use hallway_testkit::{Setting, Stage, eventually, probe, within};
use serde_json::json;

use crate::stage::{probe_client, staged};

pub(crate) async fn dropping_the_future_drops_the_handler(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let call = tokio::spawn({
        let probe = probe.clone();
        async move { probe.hold("g".to_owned()).await }
    });
    within("the call waits", probe.until_held(1)).await.unwrap();
    call.abort();
    within("the handler is dropped", probe.until_dropped(1)).await.unwrap();
}

pub(crate) async fn a_call_that_is_taken_back_is_answered_so(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.hold", json!({ "gate": "g" })).await;
    raw.send::<()>(&Message::Cancel { id: Id::Number(1) }).await;
    assert_eq!(raw.expect_refusal(1).await, "cancelled");
    raw.call(2, "probe.census", json!({})).await;
    assert_eq!(raw.expect_answer(2).await.unwrap()["dropped"], 1);
}

pub(crate) async fn taking_back_what_is_not_there_changes_nothing(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    for id in [1, 77] {
        raw.send::<()>(&Message::Cancel { id: Id::Number(id) }).await;
        raw.send::<()>(&Message::Grant { id: Id::Number(id), items: 5 }).await;
    }
    raw.send(&Message::Result { id: Id::Number(3), value: Some(1) }).await;
    raw.send(&Message::Item { id: Id::Number(3), seq: None, value: 1 }).await;
    raw.send::<()>(&Message::Lagged { id: Id::Number(3), missed: 1, next: 2 }).await;
    raw.expect_alive().await;
}

pub(crate) async fn a_lost_connection_drops_its_handlers_and_frees_its_places(setting: Setting) {
    let (stage, watching) = staged(setting).await;
    let mut raw = stage.greeted().await;
    for id in 1..=10 {
        raw.call(id, "probe.hold", json!({ "gate": "g" })).await;
    }
    within("10 calls wait", watching.until_held(10)).await.unwrap();
    drop(raw);
    within("their handlers are dropped", watching.until_dropped(10)).await.unwrap();
    let handle = stage.handle();
    eventually("the connection is forgotten", async || handle.status().unwrap().connections.now == 1).await;
    // A call ends when its handler has been dropped, which says so as it goes.
    eventually("no call is open", async || handle.status().unwrap().calls_open == 0).await;
}

pub(crate) async fn a_notification_ends_with_its_connection(setting: Setting) {
    let (stage, watching) = staged(setting).await;
    let mut raw = stage.greeted().await;
    raw.send(&Message::Call(Call::new(None, "probe.hold", Some(json!({ "gate": "g" }))))).await;
    within("its handler waits", watching.until_held(1)).await.unwrap();
    drop(raw);
    within("its handler is dropped", watching.until_dropped(1)).await.unwrap();
}

pub(crate) async fn a_deadline_ends_the_call_on_both_sides(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let after = Duration::from_millis(30);
    let hurried = probe.with(CallOptions::new().deadline(after));
    let error = within("the deadline", hurried.hold("g".to_owned())).await.unwrap_err();
    assert!(matches!(error, CallError::Deadline { after: told } if told == after), "{error:?}");
    assert_eq!((error.code(), error.outcome()), ("deadline_exceeded", Outcome::Unknown));
    within("the handler is dropped", probe.until_dropped(1)).await.unwrap();
}

pub(crate) async fn the_server_keeps_the_deadline_by_itself(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let mut call = Call::new(Some(Id::Number(1)), "probe.hold", Some(json!({ "gate": "g" })));
    call.deadline_ms = Some(20);
    raw.send(&Message::Call(call.clone())).await;
    assert_eq!(raw.expect_refusal(1).await, "deadline_exceeded");
    call.deadline_ms = Some(u64::MAX);
    raw.send(&Message::Call(call)).await;
    raw.expect_alive().await;
}

pub(crate) async fn more_calls_than_run_wait_in_line(setting: Setting) {
    // Calls that wait for a place do not stop the connection: they can be taken back, others of it can be
    // too, and what is free runs. A ping on the same connection waits in the same line, however.
    const RUN: u64 = hallway::limits::CALLS_RUNNING_MAX as u64;
    let (stage, watching) = staged(setting).await;
    let mut raw = stage.greeted().await;
    for id in 1..=RUN {
        raw.call(id, "probe.hold", json!({ "gate": "g" })).await;
    }
    within("all places are taken", watching.until_held(RUN)).await.unwrap();
    raw.call(1000, "probe.hold", json!({ "gate": "g" })).await;
    raw.call(1001, "probe.add", json!({ "a": 1 })).await;
    raw.send::<()>(&Message::Cancel { id: Id::Number(1000) }).await;
    assert_eq!(raw.expect_refusal(1000).await, "cancelled");
    let census = watching.census().await.unwrap();
    assert_eq!((census.held, census.runs), (RUN, RUN), "what waits in line has not begun");
    raw.send::<()>(&Message::Cancel { id: Id::Number(7) }).await;
    assert_eq!(raw.expect_refusal(7).await, "cancelled");
    assert_eq!(raw.expect_answer(1001).await.unwrap(), 2);
}

pub(crate) async fn more_calls_than_may_be_open_are_refused(setting: Setting) {
    const OPEN: u64 = hallway::limits::CALLS_OPEN_MAX as u64;
    let (stage, watching) = staged(setting).await;
    let mut raw = stage.greeted().await;
    for id in 1..=OPEN {
        raw.call(id, "probe.hold", json!({ "gate": "g" })).await;
    }
    raw.call(OPEN + 1, "probe.add", json!({ "a": 1 })).await;
    let error = raw.expect_answer(OPEN + 1).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), ("busy", true));
    watching.open("g".to_owned()).await.unwrap();
    for _ in 0..OPEN {
        let Message::Result { .. } = raw.expect().await else { panic!("a result was due") };
    }
    raw.expect_alive().await;
}

pub(crate) async fn a_client_waits_where_too_many_calls_are_open(setting: Setting) {
    const CALLS: usize = 2 * hallway::limits::CALLS_OPEN_MAX;
    let (stage, watching) = staged(setting).await;
    let probe = probe_client(stage.client().await);
    let calls = (0..CALLS).map(|_| {
        let probe = probe.clone();
        tokio::spawn(async move { probe.hold("g".to_owned()).await })
    });
    let calls: Vec<_> = calls.collect();
    within("all places are taken", watching.until_held(64)).await.unwrap();
    watching.open("g".to_owned()).await.unwrap();
    for call in calls {
        within("a call that had to wait", call).await.unwrap().unwrap();
    }
}

pub(crate) async fn a_call_that_waits_in_line_keeps_its_deadline(setting: Setting) {
    const RUN: u64 = hallway::limits::CALLS_RUNNING_MAX as u64;
    let (stage, watching) = staged(setting).await;
    let mut raw = stage.greeted().await;
    for id in 1..=RUN {
        raw.call(id, "probe.hold", json!({ "gate": "g" })).await;
    }
    within("all places are taken", watching.until_held(RUN)).await.unwrap();
    let mut call = Call::new(Some(Id::Number(1000)), "probe.add", Some(json!({ "a": 1 })));
    call.deadline_ms = Some(20);
    raw.send(&Message::Call(call)).await;
    assert_eq!(raw.expect_refusal(1000).await, "deadline_exceeded");
    assert_eq!(watching.census().await.unwrap().runs, RUN);
}

pub(crate) async fn a_call_without_any_time_does_not_run(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let mut call = Call::new(Some(Id::Number(1)), "probe.add", Some(json!({ "a": 1 })));
    call.deadline_ms = Some(0);
    raw.send(&Message::Call(call)).await;
    assert_eq!(raw.expect_refusal(1).await, "deadline_exceeded");
    raw.call(2, "probe.census", json!({})).await;
    assert_eq!(raw.expect_answer(2).await.unwrap()["runs"], 0);
}

pub(crate) async fn who_has_finished_sending_still_gets_the_answers(setting: Setting) {
    let (stage, beside) = staged(setting).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.add", json!({ "a": 1 })).await;
    // Long, so that it is written for a while after its handler has ended.
    raw.call(2, "probe.hold_big", json!({ "gate": "g", "size": 8_000_000 })).await;
    raw.finish_sending().await;
    assert_eq!(raw.expect_answer(1).await.unwrap(), 2);
    within("the call waits", beside.until_held(1)).await.unwrap();
    beside.open("g".to_owned()).await.unwrap();
    assert_eq!(raw.expect_answer(2).await.unwrap().as_str().map(str::len), Some(8_000_000));
    raw.expect_end().await;
}
