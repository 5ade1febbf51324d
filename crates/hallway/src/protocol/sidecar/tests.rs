use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::owned;
use super::super::{Goaway, Hello, Progress, Protocol, code};
use super::*;

const SIDECAR: Protocol = Protocol::Sidecar;

fn decode(body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
    SIDECAR.decode(Encoding::Json, body)
}

fn encode<P: Serialize>(message: &Message<'_, P>) -> String {
    let mut out = Vec::new();
    SIDECAR.encode(Encoding::Json, message, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn messages_as_the_specification_shows_them() {
    let text = || Id::Text("a1".into());
    let call = |id, method: &'static str, params| Call::new(Some(id), method, params);
    let timed = Call { deadline_ms: Some(500), window: Some(2), ..call(text(), "notes.find", None) };
    for (message, json) in [
        (Message::Named(call(Id::Unnamed(3), "list_peers", None)), r#"{"type":"list_peers"}"#),
        (
            Message::Named(call(text(), "peer_list", Some(json!({"peers": []})))),
            r#"{"type":"peer_list","request_id":"a1","payload":{"peers":[]}}"#,
        ),
        (
            Message::Call(call(Id::Number(0), "hallway.ping", None)),
            r#"{"type":"hallway.ping","request_id":0,"window":64}"#,
        ),
        (Message::Call(timed), r#"{"type":"notes.find","request_id":"a1","deadline_ms":500,"window":2}"#),
        (
            Message::Result { id: text(), value: Some(Value::Null) },
            r#"{"type":"result","request_id":"a1","payload":null}"#,
        ),
        (
            Message::Error { id: None, error: WireError::new("busy", "no") },
            r#"{"type":"error","payload":{"code":"busy","message":"no","retryable":false}}"#,
        ),
        (
            Message::Item { id: text(), seq: Some(3), value: json!(true) },
            r#"{"type":"item","request_id":"a1","seq":3,"payload":true}"#,
        ),
        (
            Message::Lagged { id: text(), missed: 12, next: 14 },
            r#"{"type":"lagged","request_id":"a1","payload":{"missed":12,"next":14}}"#,
        ),
        (
            Message::Progress { id: text(), progress: Progress::new(3, None, "") },
            r#"{"type":"progress","request_id":"a1","payload":{"done":3}}"#,
        ),
        (Message::Cancel { id: text() }, r#"{"type":"cancel","request_id":"a1"}"#),
        (Message::Grant { id: text(), items: 64 }, r#"{"type":"grant","request_id":"a1","payload":64}"#),
        (Message::Hello(Hello::default()), r#"{"type":"hello","payload":{}}"#),
        (
            Message::Goaway(Goaway::new("closing", "idle", 8)),
            r#"{"type":"goaway","payload":{"code":"closing","message":"idle","last":8}}"#,
        ),
    ] {
        assert_eq!(encode(&message), json);
        let read = decode(json.as_bytes()).unwrap();
        assert_eq!(encode(&owned(read)), json, "and back");
    }
}

#[test]
fn only_who_can_tell_what_comes_counts_it() {
    let told = Call::new(None, "notes.touch", None::<()>);
    assert_eq!(encode(&Message::Call(told)), r#"{"type":"notes.touch"}"#);
    let reply = Call::new(Some(Id::Number(1)), "peer_list", None::<()>);
    assert_eq!(encode(&Message::Named(reply)), r#"{"type":"peer_list","request_id":1}"#);
}

#[test]
fn events_that_come_by_themselves_are_named_and_not_numbered_by_anybody() {
    let id = || Id::Event("peer_connected");
    let item = Message::Item { id: id(), seq: Some(7), value: json!({"peer_id": "a"}) };
    assert_eq!(encode(&item), r#"{"type":"peer_connected","seq":7,"payload":{"peer_id":"a"}}"#);
    let lagged = Message::Lagged::<()> { id: id(), missed: 2, next: 9 };
    assert_eq!(
        encode(&lagged),
        r#"{"type":"lagged","event":"peer_connected","payload":{"missed":2,"next":9}}"#
    );
    let error = Message::Error::<()> { id: Some(id()), error: WireError::new("internal", "") };
    assert!(encode(&error).starts_with(r#"{"type":"error","event":"peer_connected","payload":{"#));
}

#[test]
fn what_an_agent_may_leave_out_or_add() {
    for body in [
        r#"{"type":"list_peers"}"#,
        r#"{"type":"list_peers","payload":null}"#,
        r#"{"payload":null,"request_id":null,"type":"list_peers","version":3}"#,
        "{\"type\":\"list\\u005fpeers\"}",
    ] {
        let expected = Message::Named(Call::new(Some(Id::Unnamed(0)), "list_peers", None));
        assert_eq!(decode(body.as_bytes()), Ok(expected), "{body}");
    }
    assert!(matches!(decode(br#"{"type":"hello"}"#), Ok(Message::Hello(_))));
    assert!(matches!(decode(br#"{"type":"a.b"}"#), Ok(Message::Call(_))));
}

#[test]
fn a_refusal_carries_the_request_id() {
    let seven = || Some(Id::Number(7));
    let long = format!(r#"{{"type":"a","request_id":"{}"}}"#, "x".repeat(Id::TEXT_MAX + 1));
    for (json, id, words) in [
        (r#"{"request_id":7,"payload":{}}"#, seven(), "`type` is missing"),
        (r#"{"request_id":7,"type":5}"#, seven(), "`type`"),
        (r#"{"request_id":7,"type":null}"#, seven(), "`type`"),
        (r#"{"request_id":7,"type":"a","type":"b"}"#, seven(), "twice"),
        (r#"{"request_id":7,"type":"a","payload":1,"payload":2}"#, seven(), "twice"),
        (r#"{"request_id":7,"type":"a","payload":{oops}}"#, seven(), "not valid json"),
        (r#"{"request_id":7,"type":"a.b","deadline_ms":"soon"}"#, seven(), "deadline_ms"),
        (r#"{"request_id":7,"type":"grant"}"#, seven(), "`payload` is missing"),
        (r#"{"request_id":1.5,"type":"a"}"#, None, "`request_id` must be"),
        (r#"{"request_id":-1,"type":"a"}"#, None, "`request_id` must be"),
        (r#"{"request_id":9007199254740992,"type":"a"}"#, None, "`request_id` must be"),
        (r#"{"request_id":{},"type":"a"}"#, None, "`request_id` must be"),
        (&long, None, "`request_id` must be"),
        (r#"{"type":"cancel"}"#, None, "`request_id` is missing"),
        (r#"["type"]"#, None, "object"),
        ("nonsense", None, "not valid json"),
    ] {
        let refusal = decode(json.as_bytes()).unwrap_err();
        assert_eq!(refusal.id, id, "{json}");
        assert_eq!(refusal.error.code, code::BAD_MESSAGE, "{json}");
        assert!(refusal.error.message.contains(words), "{json}: {}", refusal.error.message);
    }
}

#[test]
fn a_broken_answer_is_known_for_one() {
    for (json, answers) in [
        (r#"{"type":"error","request_id":1,"payload":5}"#, Some(true)),
        (r#"{"type":"lagged","request_id":1,"payload":{}}"#, Some(true)),
        (r#"{"type":"list_peers","request_id":[]}"#, Some(false)),
        (r#"{"type":5}"#, None),
    ] {
        assert_eq!(decode(json.as_bytes()).unwrap_err().answers, answers, "{json}");
    }
}

#[test]
fn the_request_id_is_found_in_the_head_of_a_message() {
    let head = br#"{"type":"send","request_id":"a1","payload":{"message":"xxx"#;
    let refusal = SIDECAR.refuse(Encoding::Json, head, WireError::new(code::FRAME_TOO_LONG, ""));
    assert_eq!((refusal.id, refusal.answers), (Some(Id::Text("a1".into())), Some(false)));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn any_member_of_any_type_is_taken_or_refused(
        kind in r#""(hello|goaway|result|error|item|lagged|progress|cancel|grant|a|a\.b)"|5|null"#,
        id in r#"null|"[a-z]{0,3}"|[0-9]{1,20}|-1|1\.5|\{\}|\[\]"#,
        payload in r#"null|\{\}|\[\]|"x"|[0-9]{1,20}|\{"(code|missed|done|token)":[0-9]\}"#,
        window in r#"null|[0-9]{1,20}|"x""#,
    ) {
        let body = format!(r#"{{"type":{kind},"request_id":{id},"payload":{payload},"window":{window}}}"#);
        if let Ok(message) = decode(body.as_bytes()) {
            // What was taken can be said again, and means the same.
            let again = encode(&owned(message));
            prop_assert_eq!(encode(&owned(decode(again.as_bytes()).unwrap())), again);
        }
    }
}
