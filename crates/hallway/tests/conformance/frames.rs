//! Bytes as no client of ours would send them.

use hallway::framing::Framing;
use hallway::protocol::{Call, Id, Message, Protocol};
use hallway_testkit::{RawPeer, Setting, Stage, eventually, probe};
use serde::Serialize;
use serde_json::json;

use crate::stage::{FRAME_MAX, staged};

pub(crate) async fn pieces_of_one_byte_are_put_together(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let calls: Vec<u8> = (1..=3)
        .flat_map(|id| {
            raw.framed(&Message::Call(Call::new(Some(Id::Number(id)), "hallway.ping", None::<()>)))
        })
        .collect();
    for byte in calls {
        raw.send_bytes(&[byte]).await;
    }
    for id in 1..=3 {
        assert!(raw.expect_answer(id).await.unwrap().is_null());
    }
}

/// The body of a call.
fn body_of<P: Serialize>(raw: &RawPeer, id: u64, method: &str, params: Option<P>) -> Vec<u8> {
    let (wire, mut body) = (raw.wire(), Vec::new());
    let call = Message::Call(Call::new(Some(Id::Number(id)), method, params));
    wire.protocol().encode(wire.encoding(), &call, &mut body).unwrap();
    body
}

/// A call of `echo` whose body is exactly `size` bytes long.
fn call_of(raw: &RawPeer, id: u64, size: usize) -> Vec<u8> {
    // The id is written first, where a cut message still shows it.
    let body = |length| body_of(raw, id, "probe.echo", Some(&json!({ "text": "x".repeat(length) })));
    let length = size - (body(size).len() - size);
    let body = (length..length + 8).map(body).find(|body| body.len() == size);
    raw.framed_body(&body.expect("a text that fills the frame"))
}

pub(crate) async fn the_limit_is_allowed_and_one_byte_more_is_answered(setting: Setting) {
    let stage = Stage::start(setting.with_frame_max(FRAME_MAX), probe).await;
    let mut raw = stage.greeted().await;
    for _ in 0..2 {
        let (fits, too_long) = (call_of(&raw, 1, FRAME_MAX), call_of(&raw, 2, FRAME_MAX + 1));
        raw.send_bytes(&fits).await;
        let text = raw.expect_answer(1).await.unwrap();
        assert!(text.as_str().is_some_and(|text| text.len() > FRAME_MAX / 2));
        raw.send_bytes(&too_long).await;
        let error = raw.expect_answer(2).await.unwrap_err();
        assert_eq!(error.code, "frame_too_long", "{error}");
        raw.expect_alive().await;
    }
}

pub(crate) async fn seventeen_mebibytes_are_read_over_and_answered(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let frame = call_of(&raw, 9, 17 * 1024 * 1024);
    raw.send_bytes(&frame).await;
    assert_eq!(raw.expect_refusal(9).await, "frame_too_long");
    raw.expect_alive().await;
}

pub(crate) async fn a_message_that_breaks_off_is_answered_by_its_id(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let mut body = Vec::new();
    setting.wire.encoding().encode(&json!({ "id": 7, "call": "probe.echo" }), &mut body).unwrap();
    for cut in 1..4 {
        let frame = raw.framed_body(&body[..body.len() - cut]);
        raw.send_bytes(&frame).await;
        let answer = raw.expect().await;
        let Message::Error { id, error } = answer else { panic!("an error was due: {answer:?}") };
        assert_eq!(error.code, "bad_message");
        // The encoder is free to write the id last.
        assert!(id.is_none_or(|id| id == Id::Number(7)));
    }
    let mut body = body_of(&raw, 7, "probe.echo", None::<()>);
    body.truncate(body.len() - 1);
    let frame = raw.framed_body(&body);
    raw.send_bytes(&frame).await;
    match setting.wire.protocol() {
        // Its specification has no id for what cannot be read.
        Protocol::JsonRpc => assert_eq!(raw.expect_complaint().await.code, "bad_message"),
        _ => assert_eq!(raw.expect_refusal(7).await, "bad_message"),
    }
    raw.expect_alive().await;
}

pub(crate) async fn nonsense_in_a_frame_is_answered_without_an_id(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    for body in [&b"nonsense"[..], b"[]", b"\xc1", b"\xff\xfe\xfd", b"{\"id\":", b"\x81\xa2id"] {
        let frame = raw.framed_body(body);
        raw.send_bytes(&frame).await;
        assert_eq!(raw.expect_complaint().await.code, "bad_message", "{body:?}");
    }
    raw.expect_alive().await;
}

pub(crate) async fn odd_envelopes_are_refused_each_by_its_id(setting: Setting) {
    // One whose kind is a value is odd in other ways: `spec/vectors/sidecar.json`.
    if setting.wire.protocol() == Protocol::Sidecar {
        return;
    }
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let everywhere = [
        (json!({ "id": 4, "teleport": {} }), Some(4), "unknown_message"),
        (json!({ "id": 4, "call": 5 }), Some(4), "bad_message"),
        (json!({ "id": 4, "call": "probe.add", "result": 5 }), Some(4), "bad_message"),
        (json!({ "v": 2, "id": 4, "call": "probe.add" }), Some(4), "unsupported_version"),
        (json!({ "v": 0, "id": 4, "call": "probe.add" }), Some(4), "unsupported_version"),
        (json!({ "v": "1", "id": 4, "call": "probe.add" }), Some(4), "bad_message"),
        (json!({ "id": 4, "call": "probe.add", "deadline_ms": -5 }), Some(4), "bad_message"),
        (json!({ "id": 4, "call": "probe.add", "window": 1.5 }), Some(4), "bad_message"),
    ];
    // What is right in another dialect.
    let native = [
        (json!({ "id": 4, "grant": "all" }), Some(4), "bad_message"),
        (json!({ "id": 0, "call": "probe.add" }), None, "bad_message"),
        (json!({ "id": -1, "call": "probe.add" }), None, "bad_message"),
        (json!({ "id": "four", "call": "probe.add" }), None, "bad_message"),
        (json!({ "cancel": true }), None, "bad_message"),
        (json!({ "hello": 5 }), None, "bad_message"),
    ];
    let native = native.iter().filter(|_| setting.wire.protocol() == Protocol::Native);
    for (envelope, id, code) in everywhere.iter().chain(native) {
        raw.send_value(envelope).await;
        let answer = raw.expect().await;
        let Message::Error { id: found, error } = answer else { panic!("{envelope}: {answer:?}") };
        assert_eq!((found, error.code.as_str()), (id.map(Id::Number), *code), "{envelope}");
    }
    raw.expect_alive().await;
}

pub(crate) async fn what_a_newer_client_adds_is_ignored(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    raw.send_value(
        &json!({ "v": 1, "id": 1, "call": "probe.add", "params": { "a": 1 }, "later": [1, { "x": 2 }] }),
    )
    .await;
    assert_eq!(raw.expect_answer(1).await.unwrap(), 2);
}

pub(crate) async fn lengths_that_nobody_means_end_the_connection(setting: Setting) {
    let (stage, beside) = staged(setting).await;
    let inputs: &[&[u8]] = match setting.wire.framing() {
        Framing::Length => &[&[0, 0, 0, 0], &[0xff, 0xff, 0xff, 0xff], b"GET / HTTP/1.1\r\n\r\n"],
        Framing::ContentLength => &[
            b"Content-Length: 0\r\n\r\n",
            b"Content-Length: 99999999999\r\n\r\n",
            b"Content-Length: x\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ],
        _ => &[],
    };
    for input in inputs {
        let mut raw = stage.greeted().await;
        raw.send_bytes(input).await;
        assert_eq!(raw.expect_complaint().await.code, "bad_frame");
        raw.expect_end().await;
    }
    assert_eq!(beside.add(1, 1).await.unwrap(), 2);
}

pub(crate) async fn a_frame_that_never_ends_costs_nothing(setting: Setting) {
    let (stage, beside) = staged(setting).await;
    let mut raw = stage.greeted().await;
    let frame = call_of(&raw, 1, 5000);
    raw.send_bytes(&frame[..frame.len() / 2]).await;
    drop(raw);
    let handle = stage.handle();
    eventually("the connection is forgotten", async || handle.status().unwrap().connections.now == 1).await;
    assert_eq!(beside.census().await.unwrap().runs, 0);
}

pub(crate) async fn noise_ends_at_most_its_own_connection(setting: Setting) {
    let (stage, beside) = staged(setting).await;
    // A generator of its own (xorshift), so that a failure can be repeated.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..30 {
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[3]
        })
        .take(round * 37)
        .collect();
        let mut raw = stage.raw().await;
        raw.send_if_open(&noise).await;
        let mut framed = stage.greeted().await;
        let frame = framed.framed_body(&noise);
        framed.send_if_open(&frame).await;
    }
    assert_eq!(beside.add(1, 1).await.unwrap(), 2);
}

pub(crate) async fn deep_nesting_is_refused(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let mut raw = stage.greeted().await;
    let encoding = setting.wire.encoding();
    let (mut mark, mut deep) = (Vec::new(), Vec::new());
    encoding.encode("here", &mut mark).unwrap();
    // The first byte of a list of one element, again and again.
    encoding.encode(&json!([null]), &mut deep).unwrap();
    let list = deep[..1].repeat(100_000);
    let deep =
        if encoding.is_text() { [list, b"]".repeat(100_000)].concat() } else { [list, vec![0]].concat() };
    let mut body = body_of(&raw, 1, "probe.add", Some("here"));
    let at = body.windows(mark.len()).position(|window| window == mark).unwrap();
    body.splice(at..at + mark.len(), deep);
    let frame = raw.framed_body(&body);
    raw.send_bytes(&frame).await;
    let code = raw.expect_refusal(1).await;
    assert!(["bad_params", "bad_message"].contains(&code.as_str()), "{code}");
    raw.expect_alive().await;
}
