use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::member::{Text, optional, read};
use super::super::{Call, Goaway, Hello, Id, Message, ProtocolError, WireError, code};
use super::id;
use super::{CANCEL, GOAWAY, GRANT, HELLO, ITEM, LAGGED, PROGRESS, VERSION, numbers, progress, token};
use crate::encoding::Raw;

/// The members of one message, values still raw.
#[derive(Default)]
pub(super) struct Members<'a> {
    version: Option<Raw<'a>>,
    id: Option<Raw<'a>>,
    method: Option<Raw<'a>>,
    params: Option<Raw<'a>>,
    result: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    deadline_ms: Option<Raw<'a>>,
    window: Option<Raw<'a>>,
    trace: Option<Raw<'a>>,
    key: Option<Raw<'a>>,
    repeated: Option<String>,
}

impl<'a> Members<'a> {
    /// A member that is not known is from a newer version, and ignored.
    pub(super) fn take(&mut self, name: &str, value: Raw<'a>) {
        let place = match name {
            "jsonrpc" => &mut self.version,
            "id" => &mut self.id,
            "method" => &mut self.method,
            "params" => &mut self.params,
            "result" => &mut self.result,
            "error" => &mut self.error,
            "deadline_ms" => &mut self.deadline_ms,
            "window" => &mut self.window,
            "trace" => &mut self.trace,
            "key" => &mut self.key,
            _ => return,
        };
        if place.replace(value).is_some() {
            self.repeated = Some(name.to_owned());
        }
    }

    pub(super) fn id(&self) -> Result<Option<Id>, ProtocolError> {
        let Some(raw) = self.id else { return Ok(None) };
        id::read(raw).map(Some).ok_or_else(|| {
            let message = format!("`id` must be text or a number of at most {} bytes, or null", Id::TEXT_MAX);
            ProtocolError::bad_message(Some(Id::null()), message)
        })
    }

    /// Whether this speaks of a call that its receiver has made.
    pub(super) fn answers(&self) -> Option<bool> {
        match self.method {
            Some(_) => Some(false),
            None => (self.result.is_some() || self.error.is_some()).then_some(true),
        }
    }

    pub(super) fn message(self) -> Result<Message<'a, Raw<'a>>, ProtocolError> {
        let answers = self.answers();
        self.read().map_err(|refusal| ProtocolError { answers: refusal.answers.or(answers), ..refusal })
    }

    fn read(self) -> Result<Message<'a, Raw<'a>>, ProtocolError> {
        let id = self.id()?;
        // What could be read and has no id goes to the one that stands for none.
        let refuse =
            |message: String| ProtocolError::bad_message(Some(id.clone().unwrap_or_else(Id::null)), message);
        self.check_version(refuse)?;
        if let Some(name) = self.repeated {
            return Err(refuse(format!("`{name}` stands there twice")));
        }
        // Some write the one and, as `null`, the other.
        let error = self.error.filter(|error| self.result.is_none() || !error.is_null());
        match (self.method, self.result, error) {
            (Some(method), None, None) => {
                let method = read::<Text<'a>>("method", method).map_err(&refuse)?.0;
                let params = self.params.filter(|params| !params.is_null());
                if id.is_none()
                    && let Some(message) = control(&method, params)?
                {
                    return Ok(message);
                }
                Ok(Message::Call(Call {
                    method,
                    token: params.and_then(token::find),
                    params,
                    deadline_ms: optional("deadline_ms", self.deadline_ms).map_err(&refuse)?,
                    window: optional("window", self.window).map_err(&refuse)?,
                    trace: optional::<Text<'a>>("trace", self.trace).map_err(&refuse)?.map(|text| text.0),
                    key: optional::<Text<'a>>("key", self.key).map_err(&refuse)?.map(|text| text.0),
                    id,
                }))
            }
            (None, Some(value), None) => match id.clone() {
                Some(id) => Ok(Message::Result { id, value: Some(value) }),
                None => Err(refuse("`id` is missing".to_owned())),
            },
            (None, None, Some(error)) => {
                let error = read::<Failure<'a>>("error", error).map_err(&refuse)?.into();
                Ok(Message::Error { id: id.filter(|id| !id.is_null()), error })
            }
            (None, None, None) => Ok(Message::Unknown { id }),
            _ => Err(refuse("a message has one of `method`, `result` and `error`".to_owned())),
        }
    }

    fn check_version(&self, refuse: impl Fn(String) -> ProtocolError) -> Result<(), ProtocolError> {
        let Some(version) = self.version else {
            return Err(refuse(format!("`jsonrpc` is missing: it is \"{VERSION}\"")));
        };
        let version = read::<Text<'a>>("jsonrpc", version).map_err(&refuse)?.0;
        if version == VERSION {
            return Ok(());
        }
        let mut refusal = refuse(format!("JSON-RPC {version} is not spoken here, only {VERSION}"));
        refusal.error.code = code::UNSUPPORTED_VERSION.to_owned();
        refusal.error = refusal.error.with_details(&serde_json::json!({ "supported": [VERSION] }));
        Err(refusal)
    }
}

/// What hallway adds to JSON-RPC. `None`: it is none of that, or cannot be read; then it is a notification like
/// any other that nobody knows, and left.
fn control<'a>(method: &str, params: Option<Raw<'a>>) -> Result<Option<Message<'a, Raw<'a>>>, ProtocolError> {
    let (true, Some(params)) = (method.starts_with("$/"), params) else { return Ok(None) };
    let fields = Fields::of(params);
    let id = || id::read(fields.id?);
    Ok(match method {
        HELLO => params.decode::<Hello>().ok().map(Message::Hello),
        GOAWAY => params.decode::<Goaway>().ok().map(Message::Goaway),
        CANCEL => id().map(|id| Message::Cancel { id }),
        GRANT => fields
            .items
            .and_then(|items| items.decode().ok())
            .zip(id())
            .map(|(items, id)| Message::Grant { id, items }),
        PROGRESS => progress::read(fields.token, fields.value)
            .map(|(id, progress)| Message::Progress { id, progress }),
        ITEM => Some(item(&fields).ok_or_else(|| broken(method, id()))?),
        LAGGED => Some(lagged(&fields).ok_or_else(|| broken(method, id()))?),
        _ => None,
    })
}

/// Somebody waits for it, and has to hear that it cannot be read.
fn broken(method: &str, id: Option<Id>) -> ProtocolError {
    let refusal = ProtocolError::bad_message(id, format!("the parameters of `{method}` cannot be read"));
    ProtocolError { answers: Some(true), ..refusal }
}

fn item<'a>(fields: &Fields<'a>) -> Option<Message<'a, Raw<'a>>> {
    let seq = optional("seq", fields.seq).ok()?;
    Some(Message::Item { id: id::read(fields.id?)?, seq, value: fields.item? })
}

fn lagged<'a>(fields: &Fields<'a>) -> Option<Message<'a, Raw<'a>>> {
    let (missed, next) = (fields.missed?.decode().ok()?, fields.next?.decode().ok()?);
    Some(Message::Lagged { id: id::read(fields.id?)?, missed, next })
}

/// The parameters of the notifications, still raw.
#[derive(Default)]
struct Fields<'a> {
    id: Option<Raw<'a>>,
    seq: Option<Raw<'a>>,
    item: Option<Raw<'a>>,
    items: Option<Raw<'a>>,
    missed: Option<Raw<'a>>,
    next: Option<Raw<'a>>,
    token: Option<Raw<'a>>,
    value: Option<Raw<'a>>,
}

impl<'a> Fields<'a> {
    fn of(params: Raw<'a>) -> Self {
        let mut fields = Self::default();
        let _no_object = params.encoding().members(params.bytes(), |name, value| {
            let place = match name {
                "id" => &mut fields.id,
                "seq" => &mut fields.seq,
                "item" => &mut fields.item,
                "items" => &mut fields.items,
                "missed" => &mut fields.missed,
                "next" => &mut fields.next,
                "token" => &mut fields.token,
                "value" => &mut fields.value,
                _ => return,
            };
            *place = Some(value);
        });
        fields
    }
}

/// An error object.
#[derive(Deserialize)]
struct Failure<'a> {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// What we put into `data`.
#[derive(Deserialize)]
struct Data {
    code: String,
    #[serde(default)]
    details: Option<Value>,
    #[serde(default)]
    retryable: bool,
}

impl From<Failure<'_>> for WireError {
    /// Our code if there is one; else what the number says, and whatever else came along.
    fn from(failure: Failure<'_>) -> Self {
        let Failure { code, message, data } = failure;
        let ours = data.and_then(|data| serde_json::from_str::<Data>(data.get()).ok());
        match ours {
            Some(Data { code, details, retryable }) => Self { code, message, details, retryable },
            None => {
                let details = data.and_then(|data| serde_json::from_str(data.get()).ok());
                Self { code: numbers::code_of(code), message, details, retryable: false }
            }
        }
    }
}
