//! The messages that a conversation consists of, in JSON, as everybody writes them: members in the order of `spec/wire.md`,
//! without spaces or escapes. They are written and read here, at a fraction of the cost.
//!
//! What is not so is none of this file's business: the general way, next door, reads everything, and says what is wrong.
//! Whatever is read here, it would read the same, and what is written here, it would write the same: the tests compare them.

use std::borrow::Cow;

use serde::Serialize;

use super::super::{Call, Id, Message};
use crate::encoding::{EncodeError, Encoding, JsonCursor, Raw};

/// Reads a call, a result or an item.
pub(super) fn read(body: &[u8]) -> Option<Message<'_, Raw<'_>>> {
    let mut at = JsonCursor::new(body);
    at.literal(br#"{"v":1,"id":"#)?;
    let number = at.integer().filter(|number| (1..=Id::NUMBER_MAX).contains(number))?;
    let id = Id::Number(number);
    let message = if at.literal(br#","call":"#).is_some() {
        Message::Call(call(&mut at, id)?)
    } else if at.literal(br#","result":"#).is_some() {
        Message::Result { id, value: Some(raw(&mut at)?) }
    } else {
        let seq = match at.literal(br#","seq":"#) {
            Some(()) => Some(at.integer()?),
            None => None,
        };
        at.literal(br#","item":"#)?;
        Message::Item { id, seq, value: raw(&mut at)? }
    };
    at.byte(b'}')?;
    at.is_end_of_text().then_some(message)
}

fn call<'a>(at: &mut JsonCursor<'a>, id: Id) -> Option<Call<'a, Raw<'a>>> {
    let mut call = Call::new(Some(id), Cow::Borrowed(at.plain_string()?), None);
    if at.literal(br#","params":"#).is_some() {
        call.params = Some(raw(at)?).filter(|params| !params.is_null());
    }
    if at.literal(br#","deadline_ms":"#).is_some() {
        call.deadline_ms = Some(at.integer()?);
    }
    if at.literal(br#","window":"#).is_some() {
        call.window = Some(u32::try_from(at.integer()?).ok()?);
    }
    Some(call)
}

fn raw<'a>(at: &mut JsonCursor<'a>) -> Option<Raw<'a>> {
    Some(Raw::new(Encoding::Json, at.raw_value()?))
}

/// Writes a call, a result or an item. `None`: it is something else, and nothing has been written.
pub(super) fn write<P: Serialize>(
    message: &Message<'_, P>,
    out: &mut Vec<u8>,
) -> Option<Result<(), EncodeError>> {
    match message {
        Message::Call(Call {
            id: Some(Id::Number(id)),
            method,
            params,
            deadline_ms,
            window,
            token: None,
            trace: None,
            key: None,
        }) => {
            let mut writer = Writer::new(out, *id);
            Some(
                writer
                    .member(br#","call":"#, method.as_ref())
                    .and_then(|()| writer.optional(br#","params":"#, params.as_ref()))
                    .and_then(|()| writer.optional(br#","deadline_ms":"#, deadline_ms.as_ref()))
                    .and_then(|()| writer.optional(br#","window":"#, window.as_ref()))
                    .map(|()| writer.end()),
            )
        }
        Message::Result { id: Id::Number(id), value } => {
            let mut writer = Writer::new(out, *id);
            Some(writer.member(br#","result":"#, value).map(|()| writer.end()))
        }
        Message::Item { id: Id::Number(id), seq, value } => {
            let mut writer = Writer::new(out, *id);
            let written = writer
                .optional(br#","seq":"#, seq.as_ref())
                .and_then(|()| writer.member(br#","item":"#, value));
            Some(written.map(|()| writer.end()))
        }
        _ => None,
    }
}

struct Writer<'a>(&'a mut Vec<u8>);

impl<'a> Writer<'a> {
    fn new(out: &'a mut Vec<u8>, id: u64) -> Self {
        out.extend_from_slice(br#"{"v":1,"id":"#);
        number(id, out);
        Self(out)
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &[u8], value: &T) -> Result<(), EncodeError> {
        self.0.extend_from_slice(name);
        Encoding::Json.encode(value, self.0)
    }

    fn optional<T: Serialize>(&mut self, name: &[u8], value: Option<&T>) -> Result<(), EncodeError> {
        value.map_or(Ok(()), |value| self.member(name, value))
    }

    fn end(self) {
        self.0.push(b'}');
    }
}

fn number(number: u64, out: &mut Vec<u8>) {
    // A number can always be written.
    let _written = Encoding::Json.encode(&number, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Native;
    use super::*;

    fn text(message: &Message<'_, Raw<'_>>) -> String {
        format!("{message:?}")
    }

    /// What is read here is read the same by the general way.
    fn agrees(body: &str) -> bool {
        let read = read(body.as_bytes()).map(|message| text(&message));
        if let Some(read) = &read {
            let general = Native::decode_any(Encoding::Json, body.as_bytes()).map(|message| text(&message));
            assert_eq!(general.as_ref(), Ok(read), "{body}");
        }
        read.is_some()
    }

    fn written<P: Serialize>(message: &Message<'_, P>) -> String {
        let (mut usual, mut general) = (Vec::new(), Vec::new());
        write(message, &mut usual).unwrap().unwrap();
        Native::encode_any(Encoding::Json, message, &mut general).unwrap();
        assert_eq!(String::from_utf8(usual.clone()), String::from_utf8(general));
        String::from_utf8(usual).unwrap()
    }

    #[test]
    fn what_everybody_writes_is_read() {
        for body in [
            r#"{"v":1,"id":7,"call":"a.b"}"#,
            r#"{"v":1,"id":7,"call":"a.b","params":null}"#,
            r#"{"v":1,"id":9007199254740991,"call":"a.é","params":{"x":["é\n",{}]},"deadline_ms":5,"window":64}"#,
            r#"{"v":1,"id":7,"result":null}"#,
            r#"{"v":1,"id":7,"result":[1,2]}"#,
            r#"{"v":1,"id":7,"item":1e5}"#,
            r#"{"v":1,"id":7,"seq":0,"item":"x"}"#,
        ] {
            assert!(agrees(body), "{body}");
        }
    }

    #[test]
    fn what_is_otherwise_goes_the_general_way() {
        for body in [
            r#"{"v":1,"id":0,"call":"a.b"}"#,
            r#"{"v":1,"id":07,"call":"a.b"}"#,
            r#"{"v":1,"id":9007199254740992,"call":"a.b"}"#,
            r#"{"v":1,"id":99999999999999999999,"call":"a.b"}"#,
            r#"{"v":1,"id":7,"call":"a\u002eb"}"#,
            r#"{"v":1,"id":7,"call":"a.b","params":{"x":1},"new":2}"#,
            r#"{"v":1,"id":7,"call":"a.b","params":{"x":1,}}"#,
            r#"{"v":1,"id":7,"call":"a.b","window":4294967296}"#,
            r#"{"v":1,"id":7,"call":"a.b"} "#,
            r#"{"v":1,"id":7,"call":"a.b"}}"#,
            r#"{"v":1,"id":7,"result":1,"call":"a.b"}"#,
            r#"{"v":2,"id":7,"call":"a.b"}"#,
            r#"{"v":1,"call":"a.b"}"#,
        ] {
            assert!(!agrees(body), "{body}");
        }
        assert!(read(b"{\"v\":1,\"id\":7,\"call\":\"a.b\",\"params\":[\"\xff\"]}").is_none());
        assert!(read(b"{\"v\":1,\"id\":7,\"call\":\"a.\xff\"}").is_none());
    }

    #[test]
    fn what_is_written_is_what_the_general_way_writes() {
        let id = || Id::Number(7);
        written(&Message::Call(Call::new(Some(id()), "a.\"b\"", None::<u8>)));
        let call =
            Call { deadline_ms: Some(5), window: Some(64), ..Call::new(Some(id()), "a.b", Some("é\n")) };
        written(&Message::Call(call));
        written(&Message::Result { id: id(), value: None::<u8> });
        written(&Message::Result { id: id(), value: Some([1]) });
        written(&Message::Item { id: id(), seq: None, value: 1.5 });
        written(&Message::Item { id: id(), seq: Some(3), value: () });
    }

    proptest! {
        #[test]
        fn it_agrees_on_whatever_is_nearly_so(
            body in r#"\{"v":1,"id":[0-9]{1,3}(,"call":"[a.é\\]{0,4}"|,"result":|,"seq":1|,"item":|,"params":|,"window":2|,"deadline_ms":[0-9.]{1,2}|[\[\]{}"1,:]{0,3}){0,5}\}"#
        ) {
            agrees(&body);
        }
    }
}
