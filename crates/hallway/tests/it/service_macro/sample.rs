//! A service with every shape of method.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use futures_util::{Stream, StreamExt as _, stream};
use hallway::{Context, Subscription, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// One message, as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Envelope {
    /// The number that names it.
    pub(super) id: u64,
    /// What it is about.
    pub(super) subject: String,
}

impl Envelope {
    pub(super) fn new(id: u64, subject: impl Into<String>) -> Self {
        Self { id, subject: subject.into() }
    }
}

/// Why the mail store says no.
#[derive(Debug, Clone, PartialEq, hallway::Error)]
pub(super) enum MailError {
    /// The query cannot be read.
    #[error("column {column}: {reason}")]
    BadQuery {
        /// Where, from 1.
        column: u32,
        /// What is wrong there.
        reason: String,
    },
    /// There is no such message.
    #[error("no message {id}", code = "not_found")]
    NoMessage {
        /// The number that was asked for.
        id: u64,
    },
    /// A field is called as what the macro's own code might call something.
    #[error("{message}, {error}, {type}, {{}}, {code:>3}")]
    Odd { message: String, error: u8, r#type: u8, code: u8, formatter: u8, into: Vec<u8> },
    /// Braces, and nothing in them.
    #[error("empty")]
    Empty {},
    /// Somebody else writes.
    #[error("the mail store is locked", retryable)]
    Locked,
}

/// Full-text search over the mail
/// on this machine.
#[hallway::service(name = "mail", version = "1.2")]
pub(super) trait Mail {
    /// Messages that match a query, newest first.
    #[idempotent]
    async fn search(
        &self,
        /** What to look for. */
        query: String,
        /// How many at most.
        #[default(50)]
        limit: u32,
        #[default] all: bool,
        folder: Option<String>,
    ) -> Result<Vec<Envelope>, MailError>;

    /// Adds the mail of a file.
    #[bulk]
    #[params_max = hallway::limits::FRAME_MAX / 2]
    async fn import(&self, path: PathBuf, cx: &Context, r#type: u8) -> Result<String, MailError>;

    /// How many messages there are.
    async fn count(&self) -> u64;

    /// Looks for new mail.
    async fn touch(&self);

    /// Repeats its arguments, which are called as what the macro's own code might call something.
    #[allow(clippy::too_many_arguments)]
    async fn echo(&self, params: u8, service: u8, responder: u8, request: u8, client: u8, m: u8) -> Vec<u8>;

    /// Another name on the wire, and one of a method that `Arc` has here.
    #[name = "copy"]
    async fn as_ref(&self, id: u64) -> Result<(), MailError>;

    /// Notes a line in the log.
    #[notification]
    async fn log(&self, line: String);

    /// The numbers below one.
    fn numbers(&self, below: u32) -> impl Stream<Item = u32>;

    /// Numbers without end; those of one caller are counted from its user.
    fn endless(&self, cx: &Context) -> impl Stream<Item = u64> + Send;

    /// Messages, until the store is locked.
    fn export(&self, messages: u64) -> impl Stream<Item = Result<Envelope, MailError>>;

    /// Mail as it arrives, from an event on.
    fn arrivals(&self, since: Option<u64>) -> Subscription<Envelope>;

    /// Not on this system.
    #[cfg(not(unix))]
    async fn elsewhere(&self, #[default(1)] missing: NoSuchType);
}

/// An implementation that mostly repeats what it is asked.
pub(super) struct Store {
    pub(super) lines: watch::Sender<Vec<String>>,
    pub(super) topic: Topic<Envelope>,
    /// How many endless streams are alive.
    pub(super) endless: watch::Sender<usize>,
    touched: Mutex<u64>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            lines: watch::Sender::new(Vec::new()),
            topic: Topic::with_capacity(4),
            endless: watch::Sender::new(0),
            touched: Mutex::new(0),
        }
    }
}

impl Mail for Store {
    async fn search(
        &self,
        query: String,
        limit: u32,
        all: bool,
        folder: Option<String>,
    ) -> Result<Vec<Envelope>, MailError> {
        match query.as_str() {
            "bad" => Err(MailError::BadQuery { column: 3, reason: "a `)` too many".to_owned() }),
            "panic" => panic!("asked to"),
            _ => Ok(vec![Envelope::new(limit.into(), format!("{query}, {all}, {folder:?}"))]),
        }
    }

    async fn import(&self, path: PathBuf, cx: &Context, r#type: u8) -> Result<String, MailError> {
        match r#type {
            0 => Err(MailError::NoMessage { id: u64::MAX }),
            1 => Err(MailError::Empty {}),
            2 => Err(MailError::Locked),
            3 => Err(odd()),
            _ => Ok(format!("{} for user {:?}", path.display(), cx.peer().uid)),
        }
    }

    async fn count(&self) -> u64 {
        // Something to wait for: this answer comes from a task.
        tokio::task::yield_now().await;
        *self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn touch(&self) {
        *self.touched.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    async fn echo(&self, params: u8, service: u8, responder: u8, request: u8, client: u8, m: u8) -> Vec<u8> {
        vec![params, service, responder, request, client, m]
    }

    async fn as_ref(&self, id: u64) -> Result<(), MailError> {
        if id == 0 { Err(MailError::NoMessage { id }) } else { Ok(()) }
    }

    async fn log(&self, line: String) {
        self.lines.send_modify(|lines| lines.push(line));
    }

    fn numbers(&self, below: u32) -> impl Stream<Item = u32> {
        stream::iter(0..below)
    }

    fn endless(&self, cx: &Context) -> impl Stream<Item = u64> + Send {
        let alive = Alive::new(&self.endless);
        let first = u64::from(cx.peer().uid.unwrap_or_default());
        stream::iter(first..).inspect(move |_| {
            let _held_until_the_stream_goes = &alive;
        })
    }

    fn export(&self, messages: u64) -> impl Stream<Item = Result<Envelope, MailError>> {
        let found = stream::iter((0..messages).map(|id| Ok(Envelope::new(id, "found"))));
        found.chain(stream::once(async { Err(MailError::Locked) }))
    }

    fn arrivals(&self, since: Option<u64>) -> Subscription<Envelope> {
        self.topic.subscribe(since)
    }
}

pub(super) fn odd() -> MailError {
    MailError::Odd { message: "m".to_owned(), error: 1, r#type: 2, code: 3, formatter: 4, into: vec![5] }
}

/// Counts as long as it lives.
pub(super) struct Alive(watch::Sender<usize>);

impl Alive {
    pub(super) fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
