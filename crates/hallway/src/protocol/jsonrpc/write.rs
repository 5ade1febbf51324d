use serde::Serialize;
use serde_json::Value;

use super::super::{Id, Message, WireError};
use super::id::Echo;
use super::{CANCEL, GOAWAY, GRANT, HELLO, ITEM, LAGGED, PROGRESS, VERSION, numbers, progress};
use crate::encoding::{EncodeError, Encoding, ObjectWriter};
use crate::limits::STREAM_WINDOW;

/// Appends one message to `out`.
pub(super) fn message<P: Serialize>(
    encoding: Encoding,
    message: &Message<'_, P>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let object = ObjectWriter::new(encoding, out).member("jsonrpc", VERSION)?;
    match message {
        // Names other than those of methods are another dialect's.
        Message::Call(call) | Message::Named(call) => {
            let object = match &call.id {
                Some(id) => object.member("id", &echo(id))?,
                None => object,
            };
            // Unsaid, a window has no end in this dialect.
            let window = call.id.as_ref().map(|_| call.window.unwrap_or(STREAM_WINDOW));
            object
                .member("method", call.method.as_ref())?
                .optional("params", call.params.as_ref())?
                .optional("deadline_ms", call.deadline_ms)?
                .optional("window", window)?
                .optional("trace", call.trace.as_ref())?
                .optional("key", call.key.as_ref())?
        }
        Message::Result { id, value } => object.member("id", &echo(id))?.member("result", value)?,
        Message::Error { id, error } => {
            object.member("id", &Echo(id.as_ref()))?.member("error", &failure(error, id.is_some()))?
        }
        Message::Item { id, seq, value } => {
            notification(object, ITEM, &Item { id: echo(id), seq: *seq, item: value })?
        }
        Message::Lagged { id, missed, next } => {
            notification(object, LAGGED, &Lagged { id: echo(id), missed: *missed, next: *next })?
        }
        Message::Progress { id, progress } => {
            notification(object, PROGRESS, &progress::Params::new(id, progress))?
        }
        Message::Cancel { id } => notification(object, CANCEL, &Only { id: echo(id) })?,
        Message::Grant { id, items } => notification(object, GRANT, &Grant { id: echo(id), items: *items })?,
        Message::Hello(hello) => notification(object, HELLO, hello)?,
        Message::Goaway(goaway) => notification(object, GOAWAY, goaway)?,
        Message::Unknown { id } => match id {
            Some(id) => object.member("id", &echo(id))?,
            None => object,
        },
    }
    .end();
    Ok(())
}

fn notification<'a>(
    object: ObjectWriter<'a>,
    method: &str,
    params: &impl Serialize,
) -> Result<ObjectWriter<'a>, EncodeError> {
    object.member("method", method)?.member("params", params)
}

fn echo(id: &Id) -> Echo<'_> {
    Echo(Some(id))
}

#[derive(Serialize)]
struct Only<'a> {
    id: Echo<'a>,
}

#[derive(Serialize)]
struct Grant<'a> {
    id: Echo<'a>,
    items: u32,
}

#[derive(Serialize)]
struct Lagged<'a> {
    id: Echo<'a>,
    missed: u64,
    next: u64,
}

#[derive(Serialize)]
struct Item<'a, P> {
    id: Echo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    item: &'a P,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: i32,
    message: &'a str,
    data: Data<'a>,
}

/// What JSON-RPC has no place for.
#[derive(Serialize)]
struct Data<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
    retryable: bool,
}

fn failure(error: &WireError, has_id: bool) -> Failure<'_> {
    let WireError { code, message, details, retryable } = error;
    let data = Data { code, details: details.as_ref(), retryable: *retryable };
    Failure { code: numbers::number(code, has_id), message, data }
}
