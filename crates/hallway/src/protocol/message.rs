use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Goaway, Hello, Id, WireError};

/// One message of any dialect. `P` is the payload: raw when it has been read, the value itself when it is
/// to be written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Message<'a, P> {
    /// Who speaks.
    Hello(Hello),
    /// The speaker is about to close.
    Goaway(Goaway),
    /// A call, or, without an id, a notification.
    Call(Call<'a, P>),
    /// A message that a service has a name for, in place of a method's: to the side that serves, a call of what
    /// it stands for; from there, the reply to one.
    Named(Call<'a, P>),
    /// A call's value; the end of it. Without a value for a stream that has ended.
    Result {
        /// The call.
        id: Id,
        /// What it returned.
        value: Option<P>,
    },
    /// A call's failure; the end of it. Without an id it speaks of a message whose id could not be read.
    Error {
        /// The call.
        id: Option<Id>,
        /// Why.
        error: WireError,
    },
    /// One element of a stream.
    Item {
        /// The call that opened the stream.
        id: Id,
        /// The event's number, in a stream of a topic.
        seq: Option<u64>,
        /// The element.
        value: P,
    },
    /// Events were dropped because the reader fell behind.
    Lagged {
        /// The call that opened the stream.
        id: Id,
        /// How many.
        missed: u64,
        /// The number of the event that comes next.
        next: u64,
    },
    /// How far a call has come.
    Progress {
        /// The call.
        id: Id,
        /// How far.
        progress: Progress,
    },
    /// The caller is no longer interested.
    Cancel {
        /// The call.
        id: Id,
    },
    /// The caller has room for more elements of a stream.
    Grant {
        /// The call that opened the stream.
        id: Id,
        /// For so many more.
        items: u32,
    },
    /// A kind that this version does not know; with an id it is answered, without one ignored.
    Unknown {
        /// The id it carries.
        id: Option<Id>,
    },
}

impl<P> Message<'_, P> {
    /// The same message for whoever keeps it: its words are copied, and its payload, which may be raw, becomes what is
    /// made of it.
    #[must_use]
    pub fn into_owned<Q>(self, payload: impl FnOnce(P) -> Q) -> Message<'static, Q> {
        match self {
            Self::Hello(hello) => Message::Hello(hello),
            Self::Goaway(goaway) => Message::Goaway(goaway),
            Self::Call(call) => Message::Call(call.into_owned(payload)),
            Self::Named(call) => Message::Named(call.into_owned(payload)),
            Self::Result { id, value } => Message::Result { id, value: value.map(payload) },
            Self::Error { id, error } => Message::Error { id, error },
            Self::Item { id, seq, value } => Message::Item { id, seq, value: payload(value) },
            Self::Lagged { id, missed, next } => Message::Lagged { id, missed, next },
            Self::Progress { id, progress } => Message::Progress { id, progress },
            Self::Cancel { id } => Message::Cancel { id },
            Self::Grant { id, items } => Message::Grant { id, items },
            Self::Unknown { id } => Message::Unknown { id },
        }
    }
}

/// A request to run a method.
#[derive(Debug, Clone, PartialEq)]
pub struct Call<'a, P> {
    /// What the answer goes to; `None` asks for no answer.
    pub id: Option<Id>,
    /// `service.method`; or the name, in [`Message::Named`].
    pub method: Cow<'a, str>,
    /// The parameters, by name; `None` is the same as none at all.
    pub params: Option<P>,
    /// How long the caller waits, in milliseconds from now.
    pub deadline_ms: Option<u64>,
    /// How many elements of a stream may be sent before the first grant.
    pub window: Option<u32>,
    /// What the caller calls the progress of this call, in a dialect where that is not the call's id.
    pub token: Option<Id>,
    /// A W3C `traceparent`.
    pub trace: Option<Cow<'a, str>>,
    /// The idempotency key: two calls with the same key have one effect, where the method keeps keys.
    pub key: Option<Cow<'a, str>>,
}

impl<'a, P> Call<'a, P> {
    /// A call with nothing but its method and its parameters.
    pub fn new(id: Option<Id>, method: impl Into<Cow<'a, str>>, params: Option<P>) -> Self {
        Self {
            id,
            method: method.into(),
            params,
            deadline_ms: None,
            window: None,
            token: None,
            trace: None,
            key: None,
        }
    }

    fn into_owned<Q>(self, payload: impl FnOnce(P) -> Q) -> Call<'static, Q> {
        let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Call {
            id: self.id,
            method: text(self.method),
            params: self.params.map(payload),
            deadline_ms: self.deadline_ms,
            window: self.window,
            token: self.token,
            trace: self.trace.map(text),
            key: self.key.map(text),
        }
    }
}

/// How far a call has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Progress {
    /// Work done, in the method's own unit.
    pub done: u64,
    /// All the work, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// A few words for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Which part of the work this tells of, for a caller that follows it by a token of its own.
    #[serde(skip)]
    pub(crate) stage: Stage,
}

/// The parts of a work that is told of by token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It has begun.
    Begin {
        /// What it is.
        title: Box<str>,
    },
    /// It goes on.
    #[default]
    Report,
    /// It is over.
    End,
}

impl Progress {
    /// So much done, of so much.
    #[must_use]
    pub fn new(done: u64, total: Option<u64>, message: impl Into<String>) -> Self {
        Self { done, total, message: message.into(), stage: Stage::Report }
    }
}
