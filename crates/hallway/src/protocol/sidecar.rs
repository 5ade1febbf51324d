//! Messages with a type and a payload: `{"type": "list_peers", "request_id": 7, "payload": {}}`.
//!
//! A type with a dot in it is a method by its full name, and a few types are the dialect's own; any other is
//! a name that the service has declared. Written for people to read in `spec/wire.md`.

use serde::{Deserialize, Serialize};

use super::member::{Text, optional, read};
use super::{Call, Id, Message, ProtocolError, Rules, WireError};
use crate::encoding::{EncodeError, Encoding, ObjectWriter, Raw};
use crate::limits::{STREAM_WINDOW, UNLIMITED};

pub(super) struct Sidecar;

impl Rules for Sidecar {
    const NAME: &'static str = "sidecar";
    const MARKS: &'static [&'static str] = &["type"];
    const ENCODINGS: &'static [Encoding] = &[Encoding::Json];
    const WINDOW: u32 = UNLIMITED;
    const KINDS: &'static str = "a `type`";

    fn decode(encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
        let mut members = Members::default();
        let read = encoding.members(body, |name, value| members.take(name, value));
        let answers = members.answers();
        let message = match read {
            Ok(()) => members.message(),
            Err(error) => {
                Err(ProtocolError::bad_message(members.id().unwrap_or_default(), error.to_string()))
            }
        };
        message.map_err(|refusal| ProtocolError { answers, ..refusal })
    }

    fn encode<P: Serialize>(
        encoding: Encoding,
        message: &Message<'_, P>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let object = ObjectWriter::new(encoding, out);
        match message {
            Message::Hello(hello) => own(object, HELLO, None)?.member("payload", hello)?,
            Message::Goaway(goaway) => own(object, GOAWAY, None)?.member("payload", goaway)?,
            Message::Call(call) | Message::Named(call) => {
                // Unsaid, a window has no end here; and a client of ours counts what comes.
                let counts = matches!(message, Message::Call(Call { id: Some(_), .. }));
                own(object, &call.method, call.id.as_ref())?
                    .optional("payload", call.params.as_ref())?
                    .optional("deadline_ms", call.deadline_ms)?
                    .optional("window", call.window.or(counts.then_some(STREAM_WINDOW)))?
                    .optional("trace", call.trace.as_ref())?
                    .optional("key", call.key.as_ref())?
            }
            Message::Result { id, value } => own(object, RESULT, Some(id))?.member("payload", value)?,
            Message::Error { id, error } => own(object, ERROR, id.as_ref())?.member("payload", error)?,
            Message::Item { id, seq, value } => match id {
                Id::Event(name) => own(object, name, None)?,
                _ => own(object, ITEM, Some(id))?,
            }
            .optional("seq", *seq)?
            .member("payload", value)?,
            Message::Lagged { id, missed, next } => {
                own(object, LAGGED, Some(id))?.member("payload", &Lagged { missed: *missed, next: *next })?
            }
            Message::Progress { id, progress } => {
                own(object, PROGRESS, Some(id))?.member("payload", progress)?
            }
            Message::Cancel { id } => own(object, CANCEL, Some(id))?,
            Message::Grant { id, items } => own(object, GRANT, Some(id))?.member("payload", items)?,
            Message::Unknown { id } => own(object, "", id.as_ref())?,
        }
        .end();
        Ok(())
    }

    fn refuse(encoding: Encoding, head: &[u8], error: WireError) -> ProtocolError {
        let mut members = Members::default();
        let _cut_short = encoding.members(head, |name, value| members.take(name, value));
        ProtocolError { id: members.id().unwrap_or_default(), error, answers: members.answers() }
    }
}

/// Begins a message: its type, and whom it belongs to.
fn own<'a>(object: ObjectWriter<'a>, kind: &str, id: Option<&Id>) -> Result<ObjectWriter<'a>, EncodeError> {
    let object = object.member("type", kind)?;
    match id {
        None | Some(Id::Unnamed(_)) => Ok(object),
        Some(Id::Number(number)) => object.member("request_id", number),
        Some(Id::Text(text) | Id::Literal(text)) => object.member("request_id", text),
        Some(Id::Event(name)) => object.member("event", *name),
    }
}

/// The types of messages that are the sidecar dialect's own: no service declares one of them.
pub const TYPES: &[&str] = &[HELLO, GOAWAY, RESULT, ERROR, ITEM, LAGGED, PROGRESS, CANCEL, GRANT];

const HELLO: &str = "hello";
const GOAWAY: &str = "goaway";
const RESULT: &str = "result";
const ERROR: &str = "error";
const ITEM: &str = "item";
const LAGGED: &str = "lagged";
const PROGRESS: &str = "progress";
const CANCEL: &str = "cancel";
const GRANT: &str = "grant";

#[derive(Serialize, Deserialize)]
struct Lagged {
    missed: u64,
    next: u64,
}

/// The members of one message, values still raw.
#[derive(Default)]
struct Members<'a> {
    kind: Option<Raw<'a>>,
    payload: Option<Raw<'a>>,
    request_id: Option<Raw<'a>>,
    seq: Option<Raw<'a>>,
    deadline_ms: Option<Raw<'a>>,
    window: Option<Raw<'a>>,
    trace: Option<Raw<'a>>,
    key: Option<Raw<'a>>,
    repeated: Option<String>,
}

impl<'a> Members<'a> {
    fn take(&mut self, name: &str, value: Raw<'a>) {
        let place = match name {
            "type" => &mut self.kind,
            "payload" => &mut self.payload,
            "request_id" => &mut self.request_id,
            "seq" => &mut self.seq,
            "deadline_ms" => &mut self.deadline_ms,
            "window" => &mut self.window,
            "trace" => &mut self.trace,
            "key" => &mut self.key,
            // From a newer version, or the agent's own.
            _ => return,
        };
        if place.replace(value).is_some() {
            self.repeated = Some(name.to_owned());
        }
    }

    fn id(&self) -> Result<Option<Id>, ProtocolError> {
        let Some(raw) = self.request_id.filter(|raw| !raw.is_null()) else { return Ok(None) };
        if let Ok(number @ 0..=Id::NUMBER_MAX) = raw.decode::<u64>() {
            return Ok(Some(Id::Number(number)));
        }
        match raw.decode::<Text<'a>>() {
            Ok(Text(text)) if text.len() <= Id::TEXT_MAX => Ok(Some(Id::Text(text.into()))),
            _ => Err(ProtocolError::bad_message(
                None,
                format!(
                    "`request_id` must be text of at most {} bytes or a whole number up to {}",
                    Id::TEXT_MAX,
                    Id::NUMBER_MAX
                ),
            )),
        }
    }

    /// Whether this speaks of a call that its receiver has made; not told by a type that a service declares.
    fn answers(&self) -> Option<bool> {
        let Text(kind) = self.kind?.decode().ok()?;
        Some(matches!(&*kind, RESULT | ERROR | ITEM | LAGGED | PROGRESS))
    }

    fn message(self) -> Result<Message<'a, Raw<'a>>, ProtocolError> {
        let id = self.id()?;
        let refuse = |message: String| ProtocolError::bad_message(id.clone(), message);
        if let Some(name) = &self.repeated {
            return Err(refuse(format!("`{name}` stands there twice")));
        }
        let Some(kind) = self.kind else {
            return Err(refuse("`type` is missing: write {\"type\": ..., \"payload\": ...}".to_owned()));
        };
        let Text(kind) = read("type", kind).map_err(refuse)?;
        let asked = || id.clone().ok_or_else(|| refuse("`request_id` is missing".to_owned()));
        // Whose answer it is that names none, the caller knows: they come in turn.
        let answered = || id.clone().unwrap_or(Id::Unnamed(0));
        Ok(match &*kind {
            HELLO => Message::Hello(optional("payload", self.payload).map_err(refuse)?.unwrap_or_default()),
            GOAWAY => Message::Goaway(self.read().map_err(refuse)?),
            RESULT => Message::Result { id: answered(), value: Some(self.payload().map_err(refuse)?) },
            ERROR => Message::Error { error: self.read().map_err(refuse)?, id },
            ITEM => {
                let seq = optional("seq", self.seq).map_err(refuse)?;
                Message::Item { id: answered(), seq, value: self.payload().map_err(refuse)? }
            }
            LAGGED => {
                let Lagged { missed, next } = self.read().map_err(refuse)?;
                Message::Lagged { id: answered(), missed, next }
            }
            PROGRESS => Message::Progress { id: answered(), progress: self.read().map_err(refuse)? },
            CANCEL => Message::Cancel { id: asked()? },
            GRANT => Message::Grant { id: asked()?, items: self.read().map_err(refuse)? },
            _ => {
                let call = Call {
                    params: self.payload.filter(|payload| !payload.is_null()),
                    deadline_ms: optional("deadline_ms", self.deadline_ms).map_err(refuse)?,
                    window: optional("window", self.window).map_err(refuse)?,
                    trace: optional::<Text<'a>>("trace", self.trace).map_err(refuse)?.map(|text| text.0),
                    key: optional::<Text<'a>>("key", self.key).map_err(refuse)?.map(|text| text.0),
                    id: Some(answered()),
                    token: None,
                    method: kind,
                };
                if call.method.contains('.') { Message::Call(call) } else { Message::Named(call) }
            }
        })
    }

    fn payload(&self) -> Result<Raw<'a>, String> {
        self.payload.ok_or_else(|| "`payload` is missing".to_owned())
    }

    /// The payload as what it has to be.
    fn read<T: Deserialize<'a>>(&self) -> Result<T, String> {
        read("payload", self.payload()?)
    }
}

#[cfg(test)]
mod tests;
