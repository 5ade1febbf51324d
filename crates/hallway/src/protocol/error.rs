use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Id, code};

/// A failure as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct WireError {
    /// What programs decide by: one of `spec/errors.md`, or one that the service declares.
    pub code: String,
    /// What people read: what happened, to what, and what to do.
    #[serde(default)]
    pub message: String,
    /// The code's own members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
    /// Whether the same call may succeed later.
    #[serde(default)]
    pub retryable: bool,
}

impl WireError {
    /// An error that will be the same next time.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), details: None, retryable: false }
    }

    /// Adds the code's own members; a value that JSON cannot hold is left out.
    #[must_use]
    pub fn with_details<T: Serialize + ?Sized>(mut self, details: &T) -> Self {
        self.details = serde_json::to_value(details).ok();
        self
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// The code's own members as `T`, if they have that shape.
    #[must_use]
    pub fn details_as<T: DeserializeOwned>(&self) -> Option<T> {
        let details = self.details.clone().unwrap_or_else(|| serde_json::json!({}));
        serde_json::from_value(details).ok()
    }
}

/// A message body that cannot be acted on, with the id that the refusal goes to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct ProtocolError {
    /// The id, where one could be read.
    pub id: Option<Id>,
    /// The refusal.
    pub error: WireError,
    /// Whether the message speaks of a call that its receiver has made: then nobody waits for the refusal.
    /// `None` where too little could be read to tell.
    pub answers: Option<bool>,
}

impl ProtocolError {
    pub(super) fn bad_message(id: Option<Id>, message: impl Into<String>) -> Self {
        Self { id, error: WireError::new(code::BAD_MESSAGE, message), answers: None }
    }
}
