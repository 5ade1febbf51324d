//! Clients of ours, and servers that go, change their mind or talk nonsense.

use std::time::Duration;

use hallway::framing::Framing;
use hallway::protocol::{Goaway, Hello, Id, Message, Protocol};
use hallway::service::Method;
use hallway::{CallError, CallOptions, Client, Outcome, WireError};
use hallway_testkit::{ProbeClient, RawPeer, RawServer, Setting, Stage, probe, within};
use serde_json::json;

use crate::stage::probe_client;

/// A server by hand, and a client of it.
async fn met(setting: Setting) -> (RawServer, RawPeer, ProbeClient) {
    let mut server = RawServer::bind(setting).await;
    let client = server.reach().client_from(Client::builder()).await.unwrap();
    let raw = server.accept().await;
    (server, raw, probe_client(client))
}

/// As a server begins.
pub(crate) async fn greet(raw: &mut RawPeer) {
    raw.expect_hello().await;
    raw.send::<()>(&Message::Hello(Hello::new("raw"))).await;
}

/// The call that is due, answered.
pub(crate) async fn serve_one(raw: &mut RawPeer) {
    let (id, method, params) = raw.expect_call().await;
    match method.as_str() {
        "probe.echo" => raw.answer(id, params["text"].clone()).await,
        "probe.add" => {
            raw.answer(id, json!(params["a"].as_i64().unwrap() + params["b"].as_i64().unwrap())).await;
        }
        other => panic!("{other} was not to be called"),
    }
}

fn echo(probe: &ProbeClient, text: &str) -> tokio::task::JoinHandle<Result<String, CallError>> {
    let (probe, text) = (probe.clone(), text.to_owned());
    tokio::spawn(async move { probe.echo(text).await })
}

pub(crate) async fn what_was_not_dispatched_is_called_again(setting: Setting) {
    let (mut server, raw, probe) = met(setting).await;
    let call = echo(&probe, "again");
    drop(raw);
    let mut second = server.accept().await;
    greet(&mut second).await;
    serve_one(&mut second).await;
    assert_eq!(within("the answer", call).await.unwrap().unwrap(), "again");
}

pub(crate) async fn a_server_that_always_goes_is_given_up(setting: Setting) {
    let (mut server, raw, probe) = met(setting).await;
    let call = echo(&probe, "in vain");
    drop(raw);
    let accepting = tokio::spawn(async move {
        loop {
            drop(server.accept().await);
        }
    });
    let error = within("the end of patience", call).await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotDispatched, "{error:?}");
    accepting.abort();
}

pub(crate) async fn what_may_have_run_is_called_again_only_if_that_is_harmless(setting: Setting) {
    let (mut server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let call = echo(&probe, "once");
    raw.expect_call().await;
    drop(raw);
    let error = within("the news", call).await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.outcome()), ("closed_by_peer", Outcome::Unknown));

    let harmless = tokio::spawn({
        let probe = probe.clone();
        async move { probe.add(1, 2).await }
    });
    let mut second = server.accept().await;
    greet(&mut second).await;
    second.expect_call().await;
    drop(second);
    let mut third = server.accept().await;
    greet(&mut third).await;
    serve_one(&mut third).await;
    assert_eq!(within("the answer", harmless).await.unwrap().unwrap(), 3);
}

pub(crate) async fn every_pending_call_hears_of_a_lost_connection(setting: Setting) {
    let (_server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let calls: Vec<_> = (0..50).map(|_| echo(&probe, "pending")).collect();
    let mut stream = probe.count(5).await.unwrap();
    for _ in 0..51 {
        raw.expect_call().await;
    }
    drop(raw);
    for call in calls {
        let error = within("the news", call).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.outcome()), ("closed_by_peer", Outcome::Unknown));
        assert!(error.to_string().contains("the peer"), "{error}");
    }
    let error = within("the news", stream.next()).await.unwrap().unwrap_err();
    assert_eq!(error.code(), "closed_by_peer");
    assert!(within("the end", stream.next()).await.is_none());
}

pub(crate) async fn a_farewell_tells_which_calls_to_make_again(setting: Setting) {
    let (mut server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let mut calls = Vec::new();
    for text in ["one", "two", "three"] {
        calls.push(echo(&probe, text));
        raw.expect_call().await;
    }
    raw.send::<()>(&Message::Goaway(Goaway::new("closing", "an upgrade", 1))).await;
    let mut second = server.accept().await;
    greet(&mut second).await;
    serve_one(&mut second).await;
    serve_one(&mut second).await;
    raw.answer(1, json!("one")).await;
    for (call, text) in calls.into_iter().zip(["one", "two", "three"]) {
        assert_eq!(within("the answer", call).await.unwrap().unwrap(), text);
    }
    // The old connection is of no more use to the client.
    raw.expect_end().await;
}

pub(crate) async fn a_call_that_is_refused_for_closing_is_made_again(setting: Setting) {
    let (mut server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let call = echo(&probe, "again");
    let (id, ..) = raw.expect_call().await;
    let error = WireError::new("closing", "no call is taken any more");
    // In one piece: the client is free to go as soon as it has read the farewell.
    let farewell = raw.framed::<()>(&Message::Goaway(Goaway::new("closing", "an upgrade", 1)));
    let refusal = raw.framed::<()>(&Message::Error { id: Some(Id::Number(id)), error });
    raw.send_bytes(&[farewell, refusal].concat()).await;
    let mut second = server.accept().await;
    greet(&mut second).await;
    serve_one(&mut second).await;
    assert_eq!(within("the answer", call).await.unwrap().unwrap(), "again");
}

pub(crate) async fn refusals_of_calls_that_crossed_a_farewell_are_no_violation(setting: Setting) {
    const CROSSED: u64 = 150;
    let (_server, mut raw, probe) = met(setting).await;
    let first = echo(&probe, "first");
    raw.expect_hello().await;
    raw.send::<()>(&Message::Hello(Hello::new("raw"))).await;
    let (id, ..) = raw.expect_call().await;
    let mut crossed = Vec::new();
    for _ in 0..CROSSED {
        crossed.push(echo(&probe, "too late"));
        raw.expect_call().await;
    }
    // In one piece: the others go on elsewhere as soon as the client has read the farewell.
    let mut said = raw.framed::<()>(&Message::Goaway(Goaway::new("closing", "an upgrade", id)));
    for number in id + 1..=id + CROSSED {
        let error = WireError::new("closing", "no call is taken any more");
        said.extend(raw.framed::<()>(&Message::Error { id: Some(Id::Number(number)), error }));
    }
    said.extend(raw.framed(&Message::Result { id: Id::Number(id), value: Some("first") }));
    raw.send_bytes(&said).await;
    assert_eq!(within("the answer", first).await.unwrap().unwrap(), "first");
    crossed.into_iter().for_each(|call| call.abort());
}

/// What a server may say beside the point, and a client has to take.
pub(crate) async fn ramble(raw: &mut RawPeer) {
    raw.answer(4711, json!("to nobody")).await;
    raw.send(&Message::Item { id: Id::Number(4711), seq: None, value: 1 }).await;
    raw.send::<()>(&Message::Lagged { id: Id::Number(4711), missed: 1, next: 2 }).await;
    raw.send::<()>(&Message::Cancel { id: Id::Number(4711) }).await;
    raw.send::<()>(&Message::Grant { id: Id::Number(4711), items: 4711 }).await;
    raw.send_value(&json!({ "v": 1, "hello": { "program": "again" } })).await;
    raw.send::<()>(&Message::Error { id: None, error: WireError::new("odd", "a word about nothing") }).await;
}

pub(crate) async fn what_is_beside_the_point_is_passed_over(setting: Setting) {
    let (_server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    for round in ["one", "two"] {
        let call = echo(&probe, round);
        let (id, ..) = raw.expect_call().await;
        ramble(&mut raw).await;
        // Where the kind is a value, an unknown one is an event that nobody has asked for.
        if setting.wire.protocol() != Protocol::Sidecar {
            raw.send_value(&json!({ "v": 1, "teleport": {} })).await;
            assert_eq!(raw.expect_complaint().await.code, "unknown_message");
        }
        raw.answer(id, json!(round)).await;
        raw.answer(id, json!("and again")).await;
        assert_eq!(within("the answer", call).await.unwrap().unwrap(), round);
    }
}

/// Ways to break off the answer to a call; whether its id can still be read.
pub(crate) fn broken_answers(raw: &RawPeer, id: u64) -> Vec<Vec<u8>> {
    let mut body = Vec::new();
    let answer = Message::Result { id: Id::Number(id), value: Some("cut") };
    raw.wire().protocol().encode(raw.wire().encoding(), &answer, &mut body).unwrap();
    let mut answers = vec![
        raw.framed_body(&body[..body.len() - 1]),
        raw.framed_body(b"nonsense"),
        raw.framed_body(b"\xc1"),
        raw.framed_value(&json!({ "v": 1, "id": id, "error": "not an error" })),
    ];
    // A dialect without versions has no other one.
    if raw.wire().protocol() != Protocol::Sidecar {
        answers.push(raw.framed_value(&json!({ "v": 7, "id": id, "result": 1 })));
    }
    match raw.wire().framing() {
        Framing::Length => answers.push(vec![0, 0, 0, 0]),
        Framing::ContentLength => answers.push(b"Content-Length: 0\r\n\r\n".to_vec()),
        _ => (),
    }
    answers
}

pub(crate) async fn an_answer_that_cannot_be_read_ends_its_call(setting: Setting) {
    for broken in 0..6 {
        let (_server, mut raw, probe) = met(setting).await;
        greet(&mut raw).await;
        let call = echo(&probe, "x");
        let (id, ..) = raw.expect_call().await;
        let Some(bytes) = broken_answers(&raw, id).into_iter().nth(broken) else { continue };
        raw.send_bytes(&bytes).await;
        let error = within(format!("the end of answer {broken}"), call).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.outcome()), ("protocol_violation", Outcome::Unknown), "{error:?}");
    }
}

pub(crate) async fn an_answer_that_is_too_long_ends_its_call(setting: Setting) {
    let (_server, mut raw, _) = met(setting).await;
    drop(raw);
    let small = setting.with_frame_max(1000);
    let mut server = RawServer::bind(setting).await;
    let client = Client::builder().wire(small.wire).connect(server.reach()).await.unwrap();
    raw = server.accept().await;
    greet(&mut raw).await;
    let call = echo(&probe_client(client), "x");
    let (id, ..) = raw.expect_call().await;
    raw.answer(id, json!("x".repeat(2000))).await;
    let error = within("the end of the call", call).await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.outcome()), ("protocol_violation", Outcome::Unknown), "{error:?}");
}

pub(crate) async fn an_answer_of_another_shape_says_so(setting: Setting) {
    let (_server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let call = echo(&probe, "text");
    let (id, ..) = raw.expect_call().await;
    raw.answer(id, json!({ "a": [1] })).await;
    let error = within("the answer", call).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::BadResult(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::Completed);

    let mut numbers = probe.count(2).await.unwrap();
    let (id, ..) = raw.expect_call().await;
    raw.send(&Message::Item { id: Id::Number(id), seq: None, value: "one" }).await;
    let error = within("the item", numbers.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::BadResult(_)), "{error:?}");
    assert!(within("the end", numbers.next()).await.is_none());
    assert_eq!(raw.expect().await, Message::Cancel { id: Id::Number(id) });
}

pub(crate) async fn items_beyond_what_was_granted_end_the_connection(setting: Setting) {
    let (_server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let mut numbers = probe.with(CallOptions::new().window(4)).count(100).await.unwrap();
    let (id, ..) = raw.expect_call().await;
    for value in 1..=5 {
        raw.send(&Message::Item { id: Id::Number(id), seq: None, value }).await;
    }
    let complaint = raw.expect_complaint().await;
    assert_eq!(complaint.message, "the peer sent more items than were granted", "{}", complaint.code);
    raw.expect_end().await;
    for value in 1..=4 {
        assert_eq!(within("an item", numbers.next()).await.unwrap().unwrap(), value);
    }
    let error = within("the end", numbers.next()).await.unwrap().unwrap_err();
    assert_eq!(error.code(), "protocol_violation");
}

pub(crate) async fn any_number_of_notices_is_one_notice(setting: Setting) {
    let (_server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let mut events = probe.events(None).await.unwrap();
    let (id, ..) = raw.expect_call().await;
    for round in 0..1000 {
        raw.send::<()>(&Message::Lagged { id: Id::Number(id), missed: 2, next: 3 + 2 * round }).await;
    }
    raw.send(&Message::Item { id: Id::Number(id), seq: Some(2001), value: 5 }).await;
    let (mut missed, mut notices) = (0, 0);
    while let hallway::Event::Lagged { missed: more, .. } =
        within("an event", events.next()).await.unwrap().unwrap()
    {
        (missed, notices) = (missed + more, notices + 1);
    }
    // How many are put together depends on how fast they are taken.
    assert!(missed == 2000 && (1..=1000).contains(&notices), "{missed} in {notices}");
}

pub(crate) async fn a_server_that_never_answers_is_left_at_the_deadline(setting: Setting) {
    let (_server, mut raw, probe) = met(setting).await;
    greet(&mut raw).await;
    let hurried = probe.with(CallOptions::new().deadline(Duration::from_millis(30)));
    let call = echo(&hurried, "x");
    let Message::Call(call_heard) = raw.expect().await else { panic!("a call was due") };
    assert!(call_heard.deadline_ms.is_some_and(|left| (1..=30).contains(&left)), "{call_heard:?}");
    let error = within("the deadline", call).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Deadline { .. }), "{error:?}");
    assert_eq!(raw.expect().await, Message::Cancel { id: call_heard.id.unwrap() });
}

pub(crate) async fn who_is_not_let_in_is_told_why(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let stranger =
        Client::builder().wire(setting.wire).token("a guess").connect(stage.reach()).await.unwrap();
    let error = within("the refusal", probe_client(stranger).add(1, 1)).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), ("unauthorized", Outcome::NotDispatched));
    assert!(error.to_string().contains("token"), "{error}");
    // It would not be let in the next time either. The first refusal may have come before the call.
    assert!(stage.handle().status().unwrap().connections.total <= 2);
}

pub(crate) async fn a_stream_that_is_called_as_a_call_is_an_error(setting: Setting) {
    let stage = Stage::start(setting, probe).await;
    let client = stage.client().await;
    let count = Method { name: "probe.count", idempotent: false };
    let params = json!({ "to": 1000 });
    let error = within("the error", client.call::<_, ()>(&count, &params)).await.unwrap_err();
    assert!(matches!(error, CallError::BadResult(_)), "{error:?}");
    assert_eq!(probe_client(client).add(1, 1).await.unwrap(), 2);
}
