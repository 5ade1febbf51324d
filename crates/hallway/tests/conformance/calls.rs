//! Calls and their answers.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use hallway::protocol::{Id, Message, Protocol};
use hallway::{Bytes, CallError, CallOptions, Client, Outcome};
use hallway_testkit::{ProbeError, Setting, Stage, within};
use serde_json::json;

use crate::stage::{FRAME_MAX, cramped, probe_client, staged};

pub(crate) async fn answers_go_to_their_calls(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let calls = (0..400).map(|number| {
        let probe = probe.clone();
        async move { (number, probe.add(number, 1000).await.unwrap()) }
    });
    let sums = within("400 answers", join_all(calls)).await;
    assert!(sums.iter().all(|(number, sum)| number + 1000 == *sum), "{sums:?}");
}

pub(crate) async fn a_later_call_may_be_answered_first(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.hold", json!({ "gate": "first" })).await;
    raw.call(2, "probe.add", json!({ "a": 1, "b": 2 })).await;
    assert_eq!(raw.expect_answer(2).await.unwrap(), 3);
    raw.call(3, "probe.open", json!({ "gate": "first" })).await;
    // The two handlers are free to finish in either order.
    for _ in 0..2 {
        let Message::Result { id, .. } = raw.expect().await else { panic!("a result was due") };
        assert!([Id::Number(1), Id::Number(3)].contains(&id));
    }
}

pub(crate) async fn many_calls_in_one_write_are_all_answered(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    let calls = (1..=200).flat_map(|id: u64| {
        raw.framed_value(&json!({ "v": 1, "id": id, "call": "probe.add", "params": { "a": id } }))
    });
    let calls: Vec<u8> = calls.collect();
    raw.send_bytes(&calls).await;
    for id in 1..=200 {
        assert_eq!(raw.expect_answer(id).await.unwrap(), id + 1);
    }
}

pub(crate) async fn values_arrive_as_they_were_sent(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    for text in ["", "line\nfeed", "\u{0}\u{7f}\u{1f4a9}", "\"quotes\" \\ {}", &"long".repeat(50_000)] {
        assert_eq!(probe.echo(text.to_owned()).await.unwrap(), text);
    }
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(probe.blob(Bytes(bytes.clone())).await.unwrap().0, bytes);
}

pub(crate) async fn parameters_may_be_left_out_where_they_have_a_default(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.add", json!({ "a": 41 })).await;
    assert_eq!(raw.expect_answer(1).await.unwrap(), 42);
}

pub(crate) async fn bad_parameters_are_refused_with_the_id(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    for (params, word) in [
        (json!({}), "a"),
        (json!({ "a": "one" }), "a"),
        (json!({ "a": 1, "c": 2 }), "c"),
        (json!([1, 2, 3]), "add"),
        (json!("one"), "add"),
        (json!(null), "add"),
    ] {
        raw.call(7, "probe.add", params.clone()).await;
        let error = raw.expect_answer(7).await.unwrap_err();
        assert_eq!(error.code, "bad_params", "{params}");
        assert!(error.message.contains(word), "{params}: {error}");
    }
    raw.send_value(&json!({ "id": 8, "call": "probe.add" })).await;
    assert_eq!(raw.expect_refusal(8).await, "bad_params");
    raw.call(9, "probe.census", json!({})).await;
    assert_eq!(raw.expect_answer(9).await.unwrap()["runs"], 0);
}

pub(crate) async fn what_is_not_served_is_refused_and_the_near_name_told(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    for (method, near) in [("probe.ad", "add"), ("prob.add", "probe"), ("add", ""), ("", ""), (".", "")] {
        raw.call(3, method, json!({})).await;
        let error = raw.expect_answer(3).await.unwrap_err();
        // Where a service has names of its own for messages, what is no full name is one of those.
        let named = setting.wire.protocol() == Protocol::Sidecar && !method.contains('.');
        let code = if named { "unknown_message" } else { "unknown_method" };
        assert_eq!(error.code, code, "{method:?}");
        assert!(error.message.contains(near), "{method:?}: {error}");
    }
    raw.expect_alive().await;
}

pub(crate) async fn an_id_in_use_is_refused_and_its_call_goes_on(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    raw.call(5, "probe.hold", json!({ "gate": "g" })).await;
    raw.call(5, "probe.add", json!({ "a": 1 })).await;
    assert_eq!(raw.expect_refusal(5).await, "duplicate_id");
    raw.call(5, "probe.add", json!({ "a": 1 })).await;
    assert_eq!(raw.expect_refusal(5).await, "duplicate_id");
    raw.send::<()>(&Message::Cancel { id: Id::Number(5) }).await;
    assert_eq!(raw.expect_refusal(5).await, "cancelled");
    // Answered, so it is free.
    raw.call(5, "probe.add", json!({ "a": 1 })).await;
    assert_eq!(raw.expect_answer(5).await.unwrap(), 2);
}

pub(crate) async fn a_panic_is_the_error_of_its_call_alone(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let other = tokio::spawn({
        let probe = probe.clone();
        async move { probe.hold("g".to_owned()).await }
    });
    within("the other call waits", probe.until_held(1)).await.unwrap();
    let error = probe.panic().await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), ("internal", Outcome::Unknown));
    assert!(!error.to_string().contains("as the test asked"), "the panic's own words: {error}");
    probe.open("g".to_owned()).await.unwrap();
    within("the other call", other).await.unwrap().unwrap();
}

pub(crate) async fn the_no_of_a_service_is_not_a_failure_of_the_conversation(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let no = ProbeError::Refused { reason: "the test asked for it".to_owned() };
    assert_eq!(probe.consent(true).await.unwrap(), Err(no));
    assert_eq!(probe.consent(false).await.unwrap(), Ok("yes".to_owned()));
}

pub(crate) async fn a_result_that_is_too_long_is_an_error_of_its_call(setting: Setting) {
    let (_stage, probe) = cramped(setting).await;
    let error = probe.big(2 * FRAME_MAX as u32).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), ("result_too_long", Outcome::Unknown));
    let CallError::Remote(error) = error else { panic!("{error:?}") };
    assert_eq!(error.details.unwrap()["max"], FRAME_MAX);
    assert_eq!(probe.big(10).await.unwrap(), "x".repeat(10));
}

pub(crate) async fn parameters_that_are_too_long_are_not_sent(setting: Setting) {
    let (_stage, probe) = cramped(setting).await;
    let error = probe.echo("x".repeat(2 * FRAME_MAX)).await.unwrap_err();
    assert!(matches!(error, CallError::Params(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotDispatched);
    assert_eq!(probe.census().await.unwrap().runs, 0);
}

pub(crate) async fn a_result_that_the_encoding_cannot_hold_is_an_error_of_its_call(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    match probe.odd().await {
        Ok(odd) => {
            assert_eq!((setting.wire.encoding().is_text(), odd), (false, hallway_testkit::Odd::default()));
        }
        Err(error) => assert_eq!((setting.wire.encoding().is_text(), error.code()), (true, "bad_result")),
    }
    assert_eq!(probe.add(1, 1).await.unwrap(), 2);
}

pub(crate) async fn notifications_arrive_and_are_not_answered(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    // Who cannot say that no answer is wanted is told of a failure.
    let failing = ["probe.nothing", "probe.panic"];
    let failing = failing.iter().filter(|_| setting.wire.protocol() != Protocol::Sidecar);
    for method in ["probe.note", "probe.note", "probe.note"].iter().chain(failing) {
        raw.send_value(&json!({ "call": method, "params": {} })).await;
    }
    raw.call(1, "probe.until_noted", json!({ "count": 3 })).await;
    assert!(raw.expect_answer(1).await.unwrap().is_null());
    raw.expect_alive().await;
}

pub(crate) async fn a_clients_notification_arrives(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    for _ in 0..100 {
        probe.note().await.unwrap();
    }
    within("100 notes", probe.until_noted(100)).await.unwrap();
}

pub(crate) async fn a_call_tells_how_far_it_has_come(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.work", json!({ "steps": 3 })).await;
    for step in 1..=3 {
        let Message::Progress { id: Id::Number(1), progress } = raw.expect().await else {
            panic!("progress")
        };
        assert_eq!((progress.done, progress.total, progress.message.as_str()), (step, Some(3), "working"));
    }
    raw.call(2, "probe.open", json!({ "gate": "work" })).await;
    let (one, other) = (raw.expect().await, raw.expect().await);
    assert!([one, other].contains(&Message::Result { id: Id::Number(1), value: Some(json!(3)) }));
}

pub(crate) async fn a_client_hears_how_far_its_call_has_come(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let (done, mut heard) = tokio::sync::watch::channel(0);
    let told = CallOptions::new().on_progress(move |progress| {
        done.send_replace(progress.done);
    });
    let working = tokio::spawn({
        let probe = probe.with(told);
        async move { probe.work(5).await }
    });
    within("the last step", heard.wait_for(|done| *done == 5)).await.unwrap();
    probe.open("work".to_owned()).await.unwrap();
    assert_eq!(within("the result", working).await.unwrap().unwrap(), 5);
}

pub(crate) async fn clones_of_a_client_share_its_connection(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let client = stage.client_from(Client::builder().program("shared")).await;
    let sums = Arc::new(Mutex::new(Vec::new()));
    let tasks = (0..8).map(|task| {
        let (probe, sums) = (probe_client(client.clone()), Arc::clone(&sums));
        tokio::spawn(async move {
            for number in 0..25 {
                let sum = probe.add(task, number).await.unwrap();
                sums.lock().unwrap().push(sum == task + number);
            }
        })
    });
    for task in within("8 tasks", join_all(tasks)).await {
        task.unwrap();
    }
    let sums = sums.lock().unwrap();
    assert!(sums.len() == 200 && sums.iter().all(|right| *right));
}

pub(crate) async fn a_value_that_panics_is_an_error_of_its_call(setting: Setting) {
    let stage = Stage::start(setting, hallway_testkit::probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.hold", json!({ "gate": "g" })).await;
    raw.call(2, "probe.fuse", json!({})).await;
    assert_eq!(raw.expect_refusal(2).await, "internal", "as it is written");
    raw.call(3, "probe.fuse", json!({ "fuse": "lit" })).await;
    assert_eq!(raw.expect_refusal(3).await, "internal", "as it is read");
    raw.expect_alive().await;
    raw.send::<()>(&Message::Cancel { id: Id::Number(1) }).await;
    assert_eq!(raw.expect_refusal(1).await, "cancelled", "the other call went on");
}
