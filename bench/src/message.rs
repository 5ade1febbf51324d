//! What is said: the same by every peer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The text of a message, 64 bytes.
pub const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then back again";

/// The large payload, in bytes.
pub const BULK: usize = 1024 * 1024;

/// How many items a stream has; another one is opened when it ends.
pub const STREAM: u32 = 10_000;

/// The parameters of a call, and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    pub id: u64,
    pub text: String,
}

impl Message {
    pub fn new(id: u64) -> Self {
        Self { id, text: TEXT.to_owned() }
    }

    /// Whether this is the answer to the message with this id.
    pub fn answers(&self, id: u64) -> bool {
        self.id == id && self.text.len() == TEXT.len()
    }
}

/// An item of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    pub id: u64,
}

/// The large payload where it is text.
pub fn bulk_text() -> String {
    TEXT.repeat(BULK / TEXT.len())
}
