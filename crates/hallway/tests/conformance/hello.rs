//! Who speaks, and whether it may.

use hallway::protocol::{Call, Hello, Id, Message};
use hallway_testkit::{Setting, Stage, TOKEN, Transport, probe};
use serde_json::json;

use crate::stage::staged;

pub(crate) async fn hello_is_answered_before_anything_is_dispatched(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.raw().await;
    let hello = Hello::new("raw").with_token(Some(TOKEN.to_owned()));
    let mut both = raw.framed::<()>(&Message::Hello(hello));
    both.extend(raw.framed(&Message::Call(Call::new(
        Some(Id::Number(1)),
        "probe.add",
        Some(json!({ "a": 1 })),
    ))));
    raw.send_bytes(&both).await;
    let hello = raw.expect_hello().await;
    assert_eq!(hello.frame_max, Some(hallway::limits::FRAME_MAX as u64));
    assert_eq!(hello.calls_max, Some(hallway::limits::CALLS_OPEN_MAX as u32));
    assert_eq!(raw.expect_answer(1).await.unwrap(), 2);
}

pub(crate) async fn what_a_later_hello_holds_is_ignored(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.raw().await;
    let hello =
        json!({ "program": "x", "features": ["shm", "teleport"], "token": TOKEN, "later": { "a": [1] } });
    raw.send_value(&json!({ "v": 1, "hello": hello, "and": 5 })).await;
    raw.expect_hello().await;
    // A second one is heard, and not answered again.
    raw.send_value(&json!({ "v": 1, "hello": {} })).await;
    raw.expect_alive().await;
}

pub(crate) async fn hello_may_be_left_out_where_no_token_is_asked_for(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.raw().await;
    raw.expect_alive().await;
    raw.hello().await;
    raw.expect_alive().await;
}

pub(crate) async fn without_the_token_nothing_runs(setting: Setting) {
    assert_eq!(setting.transport, Transport::Tcp);
    let (stage, inside) = staged(setting).await;
    let call = json!({ "id": 1, "call": "probe.add", "params": { "a": 1 } });
    for first in [
        json!({ "hello": {} }),
        json!({ "hello": { "token": "the token of another test" } }),
        json!({ "hello": { "token": "the token of the tesT" } }),
        json!({ "hello": { "token": "" } }),
        call.clone(),
        json!({ "id": 1, "cancel": true }),
        json!({ "id": 1, "teleport": true }),
    ] {
        let mut raw = stage.raw().await;
        let both = [raw.framed_value(&first), raw.framed_value(&call)].concat();
        raw.send_bytes(&both).await;
        assert_eq!(raw.expect_complaint().await.code, "unauthorized", "{first}");
        while let Some(message) = raw.next().await {
            assert!(matches!(message, Message::Error { .. }), "{first}: {message:?}");
        }
    }
    assert_eq!(inside.census().await.unwrap().runs, 0);
}

pub(crate) async fn a_stranger_gets_no_room_and_no_answers(setting: Setting) {
    assert_eq!(setting.transport, Transport::Tcp);
    let stage = Stage::start(setting, probe).await;
    let nonsense = stage.raw().await.framed_body(b"nonsense");
    let long = stage.raw().await.framed_body(&vec![b' '; 1024 * 1024]);
    for begins in [nonsense, long[..long.len() - 1].to_vec()] {
        let mut raw = stage.raw().await;
        raw.send_if_open(&begins).await;
        assert_eq!(raw.expect_complaint().await.code, "unauthorized");
        raw.expect_end().await;
    }
}
