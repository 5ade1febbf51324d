use proptest::prelude::*;

use super::*;

const NATIVE: Protocol = Protocol::Native;

fn decode(json: &str) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
    NATIVE.decode(Encoding::Json, json.as_bytes())
}

fn encode<P: Serialize>(encoding: Encoding, message: &Message<'_, P>) -> Vec<u8> {
    let mut out = Vec::new();
    NATIVE.encode(encoding, message, &mut out).unwrap();
    out
}

#[test]
fn messages_as_the_specification_shows_them() {
    let mut call = Call::new(Some(Id::Number(7)), "mail.search", Some(serde_json::json!({"query": "x"})));
    call.deadline_ms = Some(500);
    let error = WireError::new("bad_query", "no").with_details(&serde_json::json!({"column": 3}));
    let id = Id::Number(8);
    for (message, json) in [
        (
            Message::Call(call),
            r#"{"v":1,"id":7,"call":"mail.search","params":{"query":"x"},"deadline_ms":500}"#,
        ),
        (Message::Call(Call::new(None, "mail.touch", None)), r#"{"v":1,"call":"mail.touch"}"#),
        (Message::Result { id: id.clone(), value: Some(5.into()) }, r#"{"v":1,"id":8,"result":5}"#),
        (Message::Result { id: id.clone(), value: None }, r#"{"v":1,"id":8,"result":null}"#),
        (
            Message::Error { id: Some(id.clone()), error },
            r#"{"v":1,"id":8,"error":{"code":"bad_query","message":"no","details":{"column":3},"retryable":false}}"#,
        ),
        (
            Message::Item { id: id.clone(), seq: Some(3), value: true.into() },
            r#"{"v":1,"id":8,"seq":3,"item":true}"#,
        ),
        (
            Message::Lagged { id: id.clone(), missed: 12, next: 4711 },
            r#"{"v":1,"id":8,"lagged":{"missed":12,"next":4711}}"#,
        ),
        (
            Message::Progress { id: id.clone(), progress: Progress::new(3, Some(10), "reading") },
            r#"{"v":1,"id":8,"progress":{"done":3,"total":10,"message":"reading"}}"#,
        ),
        (Message::Cancel { id: id.clone() }, r#"{"v":1,"id":8,"cancel":true}"#),
        (Message::Grant { id, items: 64 }, r#"{"v":1,"id":8,"grant":64}"#),
        (
            Message::Goaway(Goaway::new("closing", "idle", 8)),
            r#"{"v":1,"goaway":{"code":"closing","message":"idle","last":8}}"#,
        ),
    ] {
        assert_eq!(String::from_utf8(encode(Encoding::Json, &message)).unwrap(), json);
        for &encoding in Encoding::ALL {
            let bytes = encode(encoding, &message);
            let read = NATIVE.decode(encoding, &bytes).unwrap();
            assert_eq!(encode(Encoding::Json, &owned(read)), json.as_bytes(), "{encoding}");
        }
    }
}

/// The message with its payload decoded.
pub(super) fn owned(message: Message<'_, Raw<'_>>) -> Message<'static, serde_json::Value> {
    message.into_owned(|raw| raw.decode().unwrap())
}

#[test]
fn a_person_may_leave_the_version_out() {
    let Ok(Message::Call(call)) = decode(r#"{"id":1,"call":"mail.count"}"#) else { panic!("no call") };
    assert_eq!((call.id, call.method.as_ref()), (Some(Id::Number(1)), "mail.count"));
}

#[test]
fn what_a_newer_peer_adds_is_ignored_or_answered() {
    assert!(matches!(decode(r#"{"v":1,"id":1,"call":"x","new":[1]}"#), Ok(Message::Call(_))));
    assert_eq!(decode(r#"{"v":1,"id":4,"teleport":{}}"#), Ok(Message::Unknown { id: Some(Id::Number(4)) }));
    assert!(matches!(decode(r#"{"hello":{"program":"x","later":1}}"#), Ok(Message::Hello(_))));
}

#[test]
fn a_refusal_carries_the_id() {
    for (json, id, code, words) in [
        (r#"{"id":7,"call":"x","params":{oops}}"#, Some(7), code::BAD_MESSAGE, "not valid json"),
        (r#"{"id":7,"call":"x"} trailing"#, Some(7), code::BAD_MESSAGE, "trailing"),
        (r#"{"id":7,"call":5}"#, Some(7), code::BAD_MESSAGE, "`call`"),
        (r#"{"id":7,"call":"x","result":1}"#, Some(7), code::BAD_MESSAGE, "one kind"),
        (r#"{"id":7,"call":"x","call":"y"}"#, Some(7), code::BAD_MESSAGE, "twice"),
        (r#"{"id":7,"id":8,"call":"y"}"#, Some(8), code::BAD_MESSAGE, "twice"),
        (r#"{"v":2,"id":7,"call":"x"}"#, Some(7), code::UNSUPPORTED_VERSION, "version 2"),
        (r#"{"v":"1","id":7,"call":"x"}"#, Some(7), code::BAD_MESSAGE, "`v`"),
        (r#"{"id":7,"call":"x","deadline_ms":-1}"#, Some(7), code::BAD_MESSAGE, "deadline_ms"),
        (r#"{"id":0,"call":"x"}"#, None, code::BAD_MESSAGE, "whole number"),
        (r#"{"id":9007199254740992,"call":"x"}"#, None, code::BAD_MESSAGE, "whole number"),
        (r#"{"id":1.5,"call":"x"}"#, None, code::BAD_MESSAGE, "whole number"),
        (r#"{"id":"7","call":"x"}"#, None, code::BAD_MESSAGE, "whole number"),
        (r#"{"cancel":true}"#, None, code::BAD_MESSAGE, "`id` is missing"),
        (r#"[1,2]"#, None, code::BAD_MESSAGE, "object"),
        ("nonsense", None, code::BAD_MESSAGE, "not valid json"),
    ] {
        let refusal = decode(json).unwrap_err();
        assert_eq!(refusal.id, id.map(Id::Number), "{json}");
        assert_eq!(refusal.error.code, code, "{json}");
        assert!(refusal.error.message.contains(words), "{json}: {}", refusal.error.message);
    }
}

#[test]
fn the_id_is_found_in_the_head_of_a_message() {
    for &encoding in Encoding::ALL {
        let call = Call::new(Some(Id::Number(77)), "x", Some("long".repeat(100)));
        let bytes = encode(encoding, &Message::Call(call));
        let refuse = |head: &[u8]| {
            let refusal = NATIVE.refuse(encoding, head, WireError::new(code::FRAME_TOO_LONG, ""));
            (refusal.id, refusal.answers)
        };
        assert_eq!(refuse(&bytes[..60]), (Some(Id::Number(77)), Some(false)), "{encoding}");
        assert_eq!(refuse(b"\xc1garbage"), (None, None), "{encoding}");
    }
}

#[test]
fn codes_are_well_formed_and_unique() {
    let mut codes: Vec<_> = code::ALL.iter().map(|entry| entry.code).collect();
    assert!(codes.iter().all(|code| code.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), code::ALL.len());
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for &encoding in Encoding::ALL {
            let _ = NATIVE.decode(encoding, &bytes);
        }
    }
}
