//! JSON-RPC 2.0 over the same messages: calls and answers as its specification has them, everything else as
//! notifications whose names begin with `$/`, in the manner of the Language Server Protocol.
//!
//! Written for people to read in `spec/wire.md`.

mod batch;
mod id;
mod numbers;
mod progress;
mod read;
mod token;
mod write;

pub use numbers::{ERROR_NUMBERS, SERVICE_ERROR};
pub use token::without_token;

use serde::Serialize;
use serde::de::IgnoredAny;

use super::{Id, Message, ProtocolError, Rules, WireError};
use crate::encoding::{DecodeError, EncodeError, Encoding, Raw};
use crate::limits::UNLIMITED;

pub(super) struct JsonRpc;

/// What every message says of itself.
const VERSION: &str = "2.0";

/// The notifications that are not calls of a method.
const HELLO: &str = "$/hello";
const GOAWAY: &str = "$/goaway";
const CANCEL: &str = "$/cancelRequest";
const GRANT: &str = "$/grant";
const ITEM: &str = "$/item";
const LAGGED: &str = "$/lagged";
const PROGRESS: &str = "$/progress";

impl Rules for JsonRpc {
    const NAME: &'static str = "jsonrpc";
    const MARKS: &'static [&'static str] = &["jsonrpc"];
    const ENCODINGS: &'static [Encoding] = &[Encoding::Json];
    // Whoever knows nothing but JSON-RPC knows no `$/grant`, and must not wait for items for ever.
    const WINDOW: u32 = UNLIMITED;
    const KINDS: &'static str = "`method`, `result` or `error`";

    fn decode(encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
        let mut members = read::Members::default();
        match encoding.members(body, |name, value| members.take(name, value)) {
            Ok(()) => members.message(),
            Err(error) => {
                Err(ProtocolError { answers: members.answers(), ..unreadable(encoding, body, &error) })
            }
        }
    }

    fn batch(encoding: Encoding, body: &[u8]) -> Option<Result<Vec<&[u8]>, ProtocolError>> {
        batch::split(encoding, body)
    }

    fn encode<P: Serialize>(
        encoding: Encoding,
        message: &Message<'_, P>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        write::message(encoding, message, out)
    }

    fn refuse(encoding: Encoding, head: &[u8], error: WireError) -> ProtocolError {
        let mut members = read::Members::default();
        let _cut_short = encoding.members(head, |name, value| members.take(name, value));
        ProtocolError { id: members.id().unwrap_or_default(), error, answers: members.answers() }
    }
}

/// Refuses a body that is no object. One that could be read goes to the id that stands for none; one that
/// could not has no id at all, and so has another number (see [`numbers`]).
fn unreadable(encoding: Encoding, body: &[u8], error: &DecodeError) -> ProtocolError {
    let readable = encoding.decode::<IgnoredAny>(body).is_ok();
    ProtocolError::bad_message(readable.then(Id::null), error.to_string())
}

#[cfg(test)]
mod tests;
