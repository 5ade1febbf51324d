//! `envelope.json`, `msgpack.json` and `json-edge.json`: what one body means, or why it is refused.

use hallway::encoding::{Encoding, Raw};
use hallway::protocol::{Id, Message, Protocol};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cases::{Bytes, Case, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageCase {
    name: String,
    body: Bytes,
    message: Option<Value>,
    refused: Option<Refused>,
    /// What the payload is, where it is not a value that every language holds.
    payload: Option<Payload>,
    /// Whether this library writes the message in exactly these bytes.
    #[serde(default)]
    golden: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    id: Option<u64>,
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Payload {
    /// It stands in the message exactly so.
    Raw(Bytes),
    /// It is carried, and cannot be read as a value.
    Unreadable,
}

impl Case for MessageCase {
    fn name(&self) -> &str {
        &self.name
    }
}

#[test]
fn json_messages() {
    run("envelope.json", |case| check(Encoding::Json, case));
}

#[test]
fn msgpack_messages() {
    run("msgpack.json", |case| check(Encoding::MsgPack, case));
}

#[test]
fn json_at_its_edges() {
    run("json-edge.json", |case| check(Encoding::Json, case));
}

fn check(encoding: Encoding, case: &MessageCase) -> Result<(), String> {
    let body = case.body.get();
    match (Protocol::Native.decode(encoding, &body), &case.message, &case.refused) {
        (Ok(message), Some(expected), None) => {
            check_payload(case.payload.as_ref(), &message)?;
            let found = normal(&message, case.payload.is_none());
            if found != *expected {
                return Err(format!("expected {expected}, found {found}"));
            }
            if case.golden { written_the_same(encoding, message, &body) } else { Ok(()) }
        }
        (Err(refusal), None, Some(expected)) => {
            let id = refusal.id.as_ref().map(number);
            let found = Refused { id, code: refusal.error.code.clone() };
            if found == *expected {
                Ok(())
            } else {
                Err(format!("expected {expected:?}, found {found:?}: {refusal}"))
            }
        }
        (found, ..) => Err(format!("found {found:?}")),
    }
}

fn check_payload(expected: Option<&Payload>, message: &Message<'_, Raw<'_>>) -> Result<(), String> {
    let Some(expected) = expected else { return Ok(()) };
    let raw = payload(message).ok_or("there is no payload")?;
    match expected {
        Payload::Raw(bytes) if bytes.get() == raw.bytes() => Ok(()),
        Payload::Unreadable if raw.decode::<Value>().is_err() => Ok(()),
        _ => Err(format!("the payload is {raw:?}")),
    }
}

fn payload<'a>(message: &Message<'a, Raw<'a>>) -> Option<Raw<'a>> {
    match message {
        Message::Call(call) => call.params,
        Message::Result { value, .. } => *value,
        Message::Item { value, .. } => Some(*value),
        _ => None,
    }
}

fn number(id: &Id) -> u64 {
    match id {
        Id::Number(number) => *number,
        other => panic!("an id of another dialect: {other}"),
    }
}

/// The form in which the files write a message: its kind, and the members that it has.
fn normal(message: &Message<'_, Raw<'_>>, with_payload: bool) -> Value {
    let value = |raw: &Raw<'_>| with_payload.then(|| raw.decode::<Value>().unwrap());
    let members = match message {
        Message::Hello(hello) => json!({ "kind": "hello", "hello": hello }),
        Message::Goaway(goaway) => json!({ "kind": "goaway", "goaway": goaway }),
        Message::Call(call) => json!({
            "kind": "call",
            "id": call.id.as_ref().map(number),
            "method": call.method,
            "params": call.params.as_ref().and_then(value),
            "deadline_ms": call.deadline_ms,
            "window": call.window,
            "trace": call.trace,
            "key": call.key,
        }),
        Message::Result { id, value: result } => {
            let result = result.as_ref().and_then(value);
            return merge(json!({ "kind": "result", "id": number(id) }), "value", result);
        }
        Message::Error { id, error } => {
            json!({ "kind": "error", "id": id.as_ref().map(number), "error": error })
        }
        Message::Item { id, seq, value: item } => {
            let head = bare(json!({ "kind": "item", "id": number(id), "seq": seq }));
            return merge(head, "value", value(item));
        }
        Message::Lagged { id, missed, next } => {
            json!({ "kind": "lagged", "id": number(id), "missed": missed, "next": next })
        }
        Message::Progress { id, progress } => {
            json!({ "kind": "progress", "id": number(id), "progress": progress })
        }
        Message::Cancel { id } => json!({ "kind": "cancel", "id": number(id) }),
        Message::Grant { id, items } => json!({ "kind": "grant", "id": number(id), "items": items }),
        Message::Unknown { id } => json!({ "kind": "unknown", "id": id.as_ref().map(number) }),
        other => panic!("a kind that the files have no form for: {other:?}"),
    };
    bare(members)
}

/// Without the members that are absent.
fn bare(members: Value) -> Value {
    let Value::Object(members) = members else { return members };
    members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
}

fn merge(mut members: Value, name: &str, value: Option<Value>) -> Value {
    if let Some(value) = value {
        members[name] = value;
    }
    members
}

fn written_the_same(encoding: Encoding, message: Message<'_, Raw<'_>>, body: &[u8]) -> Result<(), String> {
    // A raw payload is not written.
    let message = message.into_owned(|raw| raw.decode::<Value>().unwrap());
    let mut written = Vec::new();
    Protocol::Native.encode(encoding, &message, &mut written).map_err(|error| error.to_string())?;
    if written == body { Ok(()) } else { Err(format!("written as {}", written.escape_ascii())) }
}
