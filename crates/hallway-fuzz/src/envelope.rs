use hallway::encoding::{Encoding, Raw};
use hallway::limits::STREAM_WINDOW;
use hallway::protocol::{Call, Id, Message, Protocol, ProtocolError, WireError, code};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::choices::Choices;

/// The native envelope in JSON. The first byte chooses where the body is cut short; the rest is the body.
///
/// - What is read, written and read again is the same.
/// - An id is in its range, and the refusal of what has been cut short goes to the id of the whole, or to none.
pub fn native_json(data: &[u8]) {
    envelope(Protocol::Native, Encoding::Json, data);
}

/// The native envelope in MessagePack: as [`native_json`].
pub fn native_msgpack(data: &[u8]) {
    envelope(Protocol::Native, Encoding::MsgPack, data);
}

/// JSON-RPC: as [`native_json`].
pub fn jsonrpc(data: &[u8]) {
    envelope(Protocol::JsonRpc, Encoding::Json, data);
}

/// Messages with a type: as [`native_json`].
pub fn sidecar(data: &[u8]) {
    envelope(Protocol::Sidecar, Encoding::Json, data);
}

fn envelope(protocol: Protocol, encoding: Encoding, data: &[u8]) {
    let mut choices = Choices::new(data);
    let cut = usize::from(choices.byte());
    let body = choices.rest();

    let message = match protocol.decode(encoding, body) {
        Ok(message) => message,
        Err(refusal) => return refused(&refusal),
    };
    if let Some(id) = id(&message) {
        in_range(protocol, id);
    }
    again(protocol, encoding, &message);
    // Of those, JSON-RPC has the id among the parameters.
    let inside = matches!(message, Message::Cancel { .. } | Message::Grant { .. } | Message::Item { .. })
        || matches!(message, Message::Lagged { .. } | Message::Progress { .. });
    let id = id(&message).filter(|_| !(inside && protocol == Protocol::JsonRpc));
    refused_by_id(protocol, encoding, body, cut, id);
}

/// Refused for another reason, the message is answered by its id; one that is cut short, by that or by none.
fn refused_by_id(protocol: Protocol, encoding: Encoding, body: &[u8], cut: usize, id: Option<&Id>) {
    let refuse = |head| protocol.refuse(encoding, head, WireError::new(code::FRAME_TOO_LONG, "")).id;
    let whole = refuse(body);
    if let Some(id) = id.filter(|id| !matches!(id, Id::Unnamed(_))) {
        assert_eq!(whole.as_ref(), Some(id), "refused by another id");
    }
    let part = refuse(&body[..cut.min(body.len())]);
    assert!(part.is_none() || part == whole, "cut at {cut}: {part:?} is refused, where the id is {whole:?}");
}

/// Somebody is told, by a code and in words.
fn refused(refusal: &ProtocolError) {
    let WireError { code, message, .. } = &refusal.error;
    assert!([code::BAD_MESSAGE, code::UNSUPPORTED_VERSION].contains(&code.as_str()), "{code}");
    assert!(!message.is_empty());
}

/// The message, written and read once more.
fn again(protocol: Protocol, encoding: Encoding, message: &Message<'_, Raw<'_>>) {
    let expected = as_written(protocol, carried(message));
    let mut out = Vec::new();
    let written = protocol.encode(encoding, &expected, &mut out);
    assert_eq!(written, Ok(()), "{expected:?}");
    let read = protocol.decode(encoding, &out);
    let read = read.unwrap_or_else(|error| panic!("{error}: {}", out.escape_ascii()));
    assert_eq!(carried(&read), expected, "{}", out.escape_ascii());
}

/// Unsaid, a window has no end in the dialects that do not have it themselves: what is written says it, of calls that
/// are answered.
fn as_written<'a>(protocol: Protocol, message: Message<'a, Payload>) -> Message<'a, Payload> {
    match message {
        Message::Call(call) if protocol != Protocol::Native => {
            let window = call.id.as_ref().map(|_| call.window.unwrap_or(STREAM_WINDOW));
            Message::Call(Call { window, ..call })
        }
        other => other,
    }
}

/// A payload as far as it can be carried on: in JSON as it is; in MessagePack as the value that it stands for,
/// where JSON has one too.
#[derive(Debug, Clone, PartialEq)]
enum Payload {
    Text(String),
    Value(Value),
}

impl Payload {
    fn of(raw: Raw<'_>) -> Self {
        // In place of one that is no value or has no counterpart, around which the envelope is read nonetheless.
        const INSTEAD: &str = "true";
        if raw.encoding().is_text() {
            return Self::Text(raw.decode().map_or(INSTEAD, |text: &RawValue| text.get()).to_owned());
        }
        Self::Value(raw.decode().ok().filter(|value| *value != Value::Null).unwrap_or(INSTEAD.into()))
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => {
                let raw: &RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
                raw.serialize(writer)
            }
            Self::Value(value) => value.serialize(writer),
        }
    }
}

/// What stands for nothing is the same as nothing.
fn carried(message: &Message<'_, Raw<'_>>) -> Message<'static, Payload> {
    message.clone().into_owned(Payload::of)
}

/// The id that a message speaks of.
fn id<'m, P>(message: &'m Message<'_, P>) -> Option<&'m Id> {
    match message {
        Message::Call(call) | Message::Named(call) => call.id.as_ref(),
        Message::Error { id, .. } | Message::Unknown { id } => id.as_ref(),
        Message::Result { id, .. }
        | Message::Item { id, .. }
        | Message::Lagged { id, .. }
        | Message::Progress { id, .. }
        | Message::Cancel { id }
        | Message::Grant { id, .. } => Some(id),
        _ => None,
    }
}

fn in_range(protocol: Protocol, id: &Id) {
    let least = if protocol == Protocol::Sidecar { 0 } else { 1 };
    match id {
        Id::Number(number) => assert!((least..=Id::NUMBER_MAX).contains(number), "{number}"),
        Id::Text(text) | Id::Literal(text) => {
            assert!(protocol != Protocol::Native && text.len() <= Id::TEXT_MAX, "{text:?}");
        }
        Id::Unnamed(number) => assert!(protocol == Protocol::Sidecar && *number == 0),
        other => panic!("{other:?} came over the wire"),
    }
}
