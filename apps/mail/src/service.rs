//! The service: everything that the daemon does for anybody, declared once.

use std::path::PathBuf;

use futures_util::Stream;
use hallway::{Bytes, Context, Subscription};

use crate::EngineError;
use crate::mailbox::MailboxError;
use crate::model::{Envelope, FullMessage, ImportReport, Mark, MessageId, Sort, Stats};

/// Full-text search over the mail on this machine.
///
/// A daemon that has a mailbox of its own answers once it has looked into all of it; until then it reports
/// progress.
#[hallway::service(name = "mail", version = "1.0")]
pub trait Mail {
    /// Messages that match a query.
    #[idempotent]
    async fn search(
        &self,
        cx: &Context,
        /// Words, `"phrases"`, `from:`, `is:unread`, `newer:2w` and more; everything when it is empty.
        query: String,
        /// At most so many, and never more than 10,000; `count` tells how many there are.
        #[default(50)]
        limit: u32,
        /// Their order.
        #[default]
        sort: Sort,
    ) -> Result<Vec<Envelope>, MailError>;

    /// How many messages match a query.
    #[idempotent]
    async fn count(&self, cx: &Context, query: String) -> Result<u64, MailError>;

    /// One message, made readable.
    #[idempotent]
    async fn read(&self, cx: &Context, id: MessageId) -> Result<FullMessage, MailError>;

    /// One message as it came, byte for byte, in pieces of 256 KiB.
    #[idempotent]
    fn raw(&self, cx: &Context, id: MessageId) -> impl Stream<Item = Result<Bytes, MailError>>;

    /// The conversation that a message is in, oldest first.
    #[idempotent]
    async fn thread(&self, cx: &Context, id: MessageId) -> Result<Vec<Envelope>, MailError>;

    /// Marks messages, all or none; returns how many were not marked so already.
    #[idempotent]
    async fn mark(&self, cx: &Context, ids: Vec<MessageId>, mark: Mark) -> Result<u64, MailError>;

    /// Adds labels to messages, then removes labels from them, all or none; returns how many messages
    /// changed.
    #[idempotent]
    async fn label(
        &self,
        cx: &Context,
        ids: Vec<MessageId>,
        #[default] add: Vec<String>,
        #[default] remove: Vec<String>,
    ) -> Result<u64, MailError>;

    /// Takes in an mbox file, a Maildir, or a directory of `.eml` files. What is there already is left
    /// alone. Reports progress in messages; when the call is taken back, what has been taken in stays.
    #[bulk]
    #[idempotent]
    async fn import(
        &self,
        cx: &Context,
        /// Where it is, absolute: the daemon has a working directory of its own.
        path: PathBuf,
    ) -> Result<ImportReport, MailError>;

    /// Takes in what is new in the daemon's own mailbox; joins a run that is under way. The run goes on
    /// when the call is taken back.
    #[bulk]
    #[idempotent]
    async fn sync(&self, cx: &Context) -> Result<ImportReport, MailError>;

    /// Mail as it arrives. A message's id is its event's number, so that whoever asks again from the last
    /// one on misses nothing, also after the daemon was away. Whoever begins without a number is told first
    /// where it begins, as a lag of nothing.
    fn arrivals(
        &self,
        /// The last message that is known already; without it, what arrives from now on.
        since: Option<u64>,
    ) -> Subscription<Envelope>;

    /// Builds the index anew from the database. Searches use the old one meanwhile.
    #[bulk]
    #[idempotent]
    async fn reindex(&self, cx: &Context) -> Result<(), MailError>;

    /// How much mail there is, and what it takes.
    #[idempotent]
    async fn stats(&self, cx: &Context) -> Result<Stats, MailError>;
}

/// How the mail service says no.
#[derive(Debug, Clone, PartialEq, Eq, hallway::Error)]
pub enum MailError {
    /// The query is not in the language. The message shows where, and what is allowed there.
    #[error("{explanation}")]
    BadQuery {
        /// Where the mistake is, in characters, counted from 1.
        column: u64,
        /// The mistake, the query with a mark under it, and what is allowed.
        explanation: String,
    },
    /// A label that cannot be one.
    #[error("{reason}")]
    BadLabel {
        /// Why not.
        reason: String,
    },
    /// There is no such message.
    #[error("there is no message {id}")]
    NotFound {
        /// What was asked for.
        id: MessageId,
    },
    /// The mailbox cannot be read. What was taken in before stays.
    #[error("{reason}")]
    Mailbox {
        /// Why, of which file, and what to do.
        reason: String,
    },
    /// The daemon has no mailbox of its own to look into.
    #[error("this daemon has no mailbox of its own: start with `--mailbox PATH`, or use `import PATH`")]
    NoMailbox,
    /// The disk is full. What was stored before is intact.
    #[error("the disk is full; free some space and try again", retryable)]
    StorageFull,
    /// The caller took the call back. What was done before is kept.
    #[error("stopped; what was done before is kept", retryable)]
    Stopped,
    /// The database or the index failed.
    #[error("{reason}")]
    Storage {
        /// What failed, and how.
        reason: String,
    },
}

impl From<EngineError> for MailError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::BadQuery(error) => {
                Self::BadQuery { column: error.column as u64, explanation: error.to_string() }
            }
            EngineError::BadLabel { .. } => Self::BadLabel { reason: error.to_string() },
            EngineError::NotFound { id } => Self::NotFound { id },
            EngineError::StorageFull { .. } => Self::StorageFull,
            EngineError::Cancelled => Self::Stopped,
            EngineError::Unreadable { source } => source.into(),
            other => Self::Storage { reason: with_causes(&other) },
        }
    }
}

impl From<MailboxError> for MailError {
    fn from(error: MailboxError) -> Self {
        Self::Mailbox { reason: error.to_string() }
    }
}

/// An error with everything that led to it.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
