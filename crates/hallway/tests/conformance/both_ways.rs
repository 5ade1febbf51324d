//! The server calls its client.

use hallway::Client;
use hallway::protocol::{Id, Message};
use hallway_testkit::{Guest, GuestService, ProbeError, Setting, Stage, probe, within};
use serde_json::json;

use crate::stage::{probe_client, staged};

struct Doubler;

impl Guest for Doubler {
    async fn double(&self, number: u64) -> u64 {
        number * 2
    }
}

pub(crate) async fn a_server_calls_its_client_while_serving_it(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let client = stage.client_from(Client::builder().serve(GuestService::new(Doubler))).await;
    let probe = probe_client(client);
    assert_eq!(within("the answer", probe.ask(10)).await.unwrap(), Ok(10));
}

pub(crate) async fn a_client_that_serves_nothing_says_so(setting: Setting) {
    let (_stage, probe) = staged(setting).await;
    let no = ProbeError::Unanswered { code: "unknown_method".to_owned() };
    assert_eq!(within("the answer", probe.ask(1)).await.unwrap(), Err(no));
}

pub(crate) async fn ids_of_both_sides_are_apart(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.ask", json!({ "questions": 1 })).await;
    let (id, method, params) = raw.expect_call().await;
    assert_eq!((id, method.as_str(), &params), (1, "guest.double", &json!({ "number": 1 })));
    raw.call(2, "probe.add", json!({ "a": 1 })).await;
    assert_eq!(raw.expect_answer(2).await.unwrap(), 2);
    raw.answer(1, json!(2)).await;
    assert_eq!(raw.expect_answer(1).await.unwrap(), 1);
}

pub(crate) async fn a_call_that_is_taken_back_takes_back_what_it_asked(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.ask", json!({ "questions": 1 })).await;
    let (asked, ..) = raw.expect_call().await;
    raw.send::<()>(&Message::Cancel { id: Id::Number(1) }).await;
    for _ in 0..2 {
        match raw.expect().await {
            Message::Cancel { id } => assert_eq!(id, Id::Number(asked)),
            Message::Error { id: Some(Id::Number(1)), error } => assert_eq!(error.code, "cancelled"),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn who_has_finished_sending_is_not_asked(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.ask", json!({ "questions": 1 })).await;
    raw.expect_call().await;
    raw.finish_sending().await;
    let error = raw.expect_answer(1).await.unwrap_err();
    assert_eq!(error.code, "unanswered", "{error}");
    raw.expect_end().await;
}

pub(crate) async fn who_has_finished_sending_gets_streams_to_the_end(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    raw.call(1, "probe.count", json!({ "to": 300 })).await;
    raw.finish_sending().await;
    crate::streams::expect_items(&mut raw, 1, 1..=300).await;
    assert!(raw.expect_answer(1).await.unwrap().is_null());
    raw.expect_end().await;
}
