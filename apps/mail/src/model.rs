//! What the engine answers with; part of the public description of the service.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message;

/// Names one message for as long as the database lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MessageId(pub i64);

/// Names a conversation: the lowest id of its messages. It changes when two conversations turn out to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ThreadId(pub i64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for MessageId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Someone who writes or receives mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The display name, when there is one.
    pub name: Option<String>,
    /// The address as written; empty when the header holds a name only.
    pub address: String,
}

impl From<message::Address> for Address {
    fn from(address: message::Address) -> Self {
        Self { name: address.name, address: address.address }
    }
}

/// The state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flags {
    /// Not read yet.
    pub unread: bool,
    /// Flagged.
    pub flagged: bool,
    /// Replied to.
    pub replied: bool,
}

/// What a list of messages shows of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// The message.
    pub id: MessageId,
    /// Its conversation.
    pub thread: ThreadId,
    /// When it was written, as RFC 3339 in UTC; `null` when the message does not say.
    pub date: Option<String>,
    /// The authors, at most 32.
    pub from: Vec<Address>,
    /// The recipients of `To`, at most 32.
    pub to: Vec<Address>,
    /// The subject on one line; empty when there is none.
    pub subject: String,
    /// Its state.
    pub flags: Flags,
    /// Its labels, sorted.
    pub labels: Vec<String>,
    /// Its size in bytes, as it came.
    pub size: u64,
    /// How many attachments it has.
    pub attachments: u64,
    /// The beginning of the text on one line, quotations left out, at most 160 characters.
    pub snippet: String,
}

/// A file that came with a message, or a message forwarded inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The name its sender gave it. Never to be used as a path.
    pub filename: Option<String>,
    /// Its type in lower case, such as `application/pdf`.
    pub media_type: String,
    /// Its size in bytes after decoding.
    pub size: u64,
}

impl From<message::Attachment> for Attachment {
    fn from(attachment: message::Attachment) -> Self {
        Self { filename: attachment.filename, media_type: attachment.media_type, size: attachment.size }
    }
}

/// A whole message, made readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FullMessage {
    /// What a list shows of it.
    pub envelope: Envelope,
    /// The carbon-copy recipients.
    pub cc: Vec<Address>,
    /// The hidden recipients, which only sent mail has.
    pub bcc: Vec<Address>,
    /// Its Message-ID, without angle brackets.
    pub message_id: Option<String>,
    /// The Message-IDs it answers.
    pub in_reply_to: Vec<String>,
    /// The Message-IDs of the conversation before it, oldest first.
    pub references: Vec<String>,
    /// The body as text; HTML is rendered.
    pub text: String,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// Where it was imported from: a file, or a file and an offset.
    pub origins: Vec<String>,
}

/// The order of search results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Newest first; messages without a date last.
    #[default]
    Date,
    /// Best match first.
    Relevance,
}

/// A change of a message's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It has been read.
    Read,
    /// It has not been read.
    Unread,
    /// It is flagged.
    Flagged,
    /// It is not flagged.
    Unflagged,
    /// It has been replied to.
    Replied,
}

/// How far an import has come. Everything counted is durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportProgress {
    /// How many entries of the mailbox were looked at.
    pub seen: u64,
    /// How many messages were added.
    pub added: u64,
    /// How many were there already.
    pub duplicate: u64,
    /// How many entries could not be read as messages.
    pub broken: u64,
    /// How many bytes the messages seen have together.
    pub bytes: u64,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    /// How many entries of the mailbox were looked at: `added + duplicate +` the broken ones.
    pub seen: u64,
    /// How many messages were added.
    pub added: u64,
    /// How many were there already.
    pub duplicate: u64,
    /// The entries that could not be read as messages; the first 100.
    pub broken: Vec<BrokenEntry>,
}

/// An entry of a mailbox that could not be read as a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrokenEntry {
    /// Where it lies: a file, or a file and an offset.
    pub origin: String,
    /// What is wrong with it.
    pub reason: String,
}

/// How far the building of the index has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndexProgress {
    /// How many messages are done.
    pub done: u64,
    /// How many there are to do.
    pub total: u64,
}

/// How much mail there is, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stats {
    /// How many messages are stored.
    pub messages: u64,
    /// How many of them are unread.
    pub unread: u64,
    /// How many conversations they form.
    pub threads: u64,
    /// How many messages the index holds.
    pub indexed: u64,
    /// How many changes the index has yet to take in; 0 when it is level with the database.
    pub index_behind: u64,
    /// The size of the database on disk, in bytes.
    pub database_bytes: u64,
    /// The size of the index on disk, in bytes.
    pub index_bytes: u64,
    /// The version of the database's schema.
    pub database_version: u32,
    /// The version of the index's schema.
    pub index_version: u32,
}
