//! The native envelope, version 1: one object per message, one member that says the kind.
//!
//! Written for people to read in `spec/wire.md`.

mod usual;

use serde::{Deserialize, Serialize};

use super::member::{Text, optional, read};
use super::{Call, Goaway, Hello, Id, Message, ProtocolError, Rules, WireError, code};
use crate::encoding::{EncodeError, Encoding, ObjectWriter, Raw};
use crate::limits::STREAM_WINDOW;

pub(super) struct Native;

/// The version that every message carries; a message without one is of the first.
const VERSION: u64 = 1;

impl Rules for Native {
    const NAME: &'static str = "native";
    const MARKS: &'static [&'static str] =
        &["v", "call", "hello", "cancel", "grant", "item", "lagged", "progress", "goaway"];
    const ENCODINGS: &'static [Encoding] = Encoding::ALL;
    const WINDOW: u32 = STREAM_WINDOW;
    const KINDS: &'static str = "`call`, `cancel`, `grant` or `hello`";

    fn decode(encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
        let usual = if encoding == Encoding::Json { usual::read(body) } else { None };
        usual.map_or_else(|| Self::decode_any(encoding, body), Ok)
    }

    fn encode<P: Serialize>(
        encoding: Encoding,
        message: &Message<'_, P>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let usual = if encoding == Encoding::Json { usual::write(message, out) } else { None };
        usual.unwrap_or_else(|| Self::encode_any(encoding, message, out))
    }

    fn refuse(encoding: Encoding, head: &[u8], error: WireError) -> ProtocolError {
        let mut members = Members::default();
        let _cut_short = encoding.members(head, |name, value| members.take(name, value));
        ProtocolError { id: members.id().unwrap_or_default(), error, answers: members.answers() }
    }
}

impl Native {
    /// Reads a message however it is written.
    fn decode_any(encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
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

    /// Writes any message.
    fn encode_any<P: Serialize>(
        encoding: Encoding,
        message: &Message<'_, P>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let object = ObjectWriter::new(encoding, out).member("v", &VERSION)?;
        match message {
            Message::Hello(hello) => object.member("hello", hello)?,
            Message::Goaway(goaway) => object.member("goaway", goaway)?,
            // This envelope has no names but those of methods; there they would be notifications.
            Message::Call(call) | Message::Named(call) => object
                .optional("id", call.id.as_ref().map(Number))?
                .member("call", call.method.as_ref())?
                .optional("params", call.params.as_ref())?
                .optional("deadline_ms", call.deadline_ms)?
                .optional("window", call.window)?
                .optional("trace", call.trace.as_ref())?
                .optional("key", call.key.as_ref())?,
            Message::Result { id, value } => object.member("id", &Number(id))?.member("result", value)?,
            Message::Error { id, error } => {
                object.optional("id", id.as_ref().map(Number))?.member("error", error)?
            }
            Message::Item { id, seq, value } => {
                object.member("id", &Number(id))?.optional("seq", *seq)?.member("item", value)?
            }
            Message::Lagged { id, missed, next } => object
                .member("id", &Number(id))?
                .member("lagged", &Lagged { missed: *missed, next: *next })?,
            Message::Progress { id, progress } => {
                object.member("id", &Number(id))?.member("progress", progress)?
            }
            Message::Cancel { id } => object.member("id", &Number(id))?.member("cancel", &true)?,
            Message::Grant { id, items } => object.member("id", &Number(id))?.member("grant", items)?,
            Message::Unknown { id } => object.optional("id", id.as_ref().map(Number))?,
        }
        .end();
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Lagged {
    missed: u64,
    next: u64,
}

/// An id as this envelope writes it.
struct Number<'a>(&'a Id);

impl Serialize for Number<'_> {
    fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Id::Number(number) => writer.serialize_u64(*number),
            Id::Text(text) | Id::Literal(text) => writer.serialize_str(text),
            // Such ids are other dialects'.
            Id::Unnamed(_) | Id::Event(_) => writer.serialize_none(),
        }
    }
}

/// The members of one envelope, values still raw.
#[derive(Default)]
struct Members<'a> {
    version: Option<Raw<'a>>,
    id: Option<Raw<'a>>,
    /// The member that says the kind, and a second one, where there should be none.
    kind: Option<(Kind, Raw<'a>)>,
    other_kind: Option<Kind>,
    params: Option<Raw<'a>>,
    seq: Option<Raw<'a>>,
    deadline_ms: Option<Raw<'a>>,
    window: Option<Raw<'a>>,
    trace: Option<Raw<'a>>,
    key: Option<Raw<'a>>,
    repeated: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hello,
    Goaway,
    Call,
    Result,
    Error,
    Item,
    Lagged,
    Progress,
    Cancel,
    Grant,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "call" => Self::Call,
            "result" => Self::Result,
            "item" => Self::Item,
            "error" => Self::Error,
            "grant" => Self::Grant,
            "cancel" => Self::Cancel,
            "progress" => Self::Progress,
            "lagged" => Self::Lagged,
            "hello" => Self::Hello,
            "goaway" => Self::Goaway,
            _ => return None,
        })
    }
}

impl<'a> Members<'a> {
    fn take(&mut self, name: &str, value: Raw<'a>) {
        let place = match name {
            "v" => &mut self.version,
            "id" => &mut self.id,
            "params" => &mut self.params,
            "seq" => &mut self.seq,
            "deadline_ms" => &mut self.deadline_ms,
            "window" => &mut self.window,
            "trace" => &mut self.trace,
            "key" => &mut self.key,
            _ => return self.take_kind(name, value),
        };
        if place.replace(value).is_some() {
            self.repeated = Some(name.to_owned());
        }
    }

    /// A member that is neither known nor a kind is from a newer version, and ignored.
    fn take_kind(&mut self, name: &str, value: Raw<'a>) {
        let Some(kind) = Kind::named(name) else { return };
        match self.kind {
            None => self.kind = Some((kind, value)),
            Some((first, _)) if first == kind => self.repeated = Some(name.to_owned()),
            Some(_) => self.other_kind = Some(kind),
        }
    }

    fn id(&self) -> Result<Option<Id>, ProtocolError> {
        let Some(raw) = self.id else { return Ok(None) };
        match raw.decode::<u64>() {
            Ok(number @ 1..=Id::NUMBER_MAX) => Ok(Some(Id::Number(number))),
            Ok(number) if crate::chaos::without("id-range") => Ok(Some(Id::Number(number))),
            _ => Err(ProtocolError::bad_message(
                None,
                format!("`id` must be a whole number from 1 to {}", Id::NUMBER_MAX),
            )),
        }
    }

    /// Whether this speaks of a call that its receiver has made.
    fn answers(&self) -> Option<bool> {
        let (kind, _) = self.kind?;
        Some(match kind {
            Kind::Result | Kind::Error | Kind::Item | Kind::Lagged | Kind::Progress => true,
            Kind::Call | Kind::Cancel | Kind::Grant | Kind::Hello | Kind::Goaway => false,
        })
    }

    /// Another version may have another kind of id, so that nothing else is looked at before it.
    fn check_version(&self) -> Result<(), ProtocolError> {
        let Some(raw) = self.version else { return Ok(()) };
        let id = || self.id().unwrap_or_default();
        match read::<u64>("v", raw) {
            Ok(VERSION) => Ok(()),
            Ok(version) => {
                let message =
                    format!("protocol version {version} is not spoken here, only version {VERSION}");
                let error = WireError::new(code::UNSUPPORTED_VERSION, message)
                    .with_details(&serde_json::json!({ "supported": [VERSION] }));
                Err(ProtocolError { id: id(), error, answers: None })
            }
            Err(reason) => Err(ProtocolError::bad_message(id(), reason)),
        }
    }

    fn message(self) -> Result<Message<'a, Raw<'a>>, ProtocolError> {
        self.check_version()?;
        let id = self.id()?;
        let refuse = |message: String| ProtocolError::bad_message(id.clone(), message);
        if let Some(name) = self.repeated {
            return Err(refuse(format!("`{name}` stands there twice")));
        }
        let Some((kind, value)) = self.kind else { return Ok(Message::Unknown { id }) };
        if let Some(other) = self.other_kind {
            let message = format!("both {kind:?} and {other:?}: a message is of one kind").to_lowercase();
            return Err(refuse(message));
        }
        let required = || id.clone().ok_or_else(|| refuse("`id` is missing".to_owned()));
        Ok(match kind {
            Kind::Call => Message::Call(Call {
                method: read::<Text<'a>>("call", value).map_err(refuse)?.0,
                params: self.params.filter(|params| !params.is_null()),
                deadline_ms: optional("deadline_ms", self.deadline_ms).map_err(refuse)?,
                window: optional("window", self.window).map_err(refuse)?,
                token: None,
                trace: optional::<Text<'a>>("trace", self.trace).map_err(refuse)?.map(|text| text.0),
                key: optional::<Text<'a>>("key", self.key).map_err(refuse)?.map(|text| text.0),
                id,
            }),
            Kind::Result => Message::Result { id: required()?, value: Some(value) },
            Kind::Error => Message::Error { error: read("error", value).map_err(refuse)?, id },
            Kind::Item => {
                let seq = optional("seq", self.seq).map_err(refuse)?;
                Message::Item { id: required()?, seq, value }
            }
            Kind::Lagged => {
                let Lagged { missed, next } = read("lagged", value).map_err(refuse)?;
                Message::Lagged { id: required()?, missed, next }
            }
            Kind::Progress => {
                Message::Progress { id: required()?, progress: read("progress", value).map_err(refuse)? }
            }
            // Whatever value it has: the name is the message.
            Kind::Cancel => Message::Cancel { id: required()? },
            Kind::Grant => Message::Grant { id: required()?, items: read("grant", value).map_err(refuse)? },
            Kind::Hello => Message::Hello(read::<Hello>("hello", value).map_err(refuse)?),
            Kind::Goaway => Message::Goaway(read::<Goaway>("goaway", value).map_err(refuse)?),
        })
    }
}
