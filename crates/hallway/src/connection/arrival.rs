//! What comes back for a call: the same for those who await and those who block.

use super::{CallError, Closed, Outcome};
use crate::protocol::{Goaway, Progress, WireError};

/// Something that a stream brings.
#[derive(Debug)]
pub(crate) enum Arrival {
    Item { seq: Option<u64>, value: Vec<u8> },
    Lagged { missed: u64, next: u64 },
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Result(Vec<u8>),
    Error(WireError),
    Lost { closed: Closed, outcome: Outcome },
}

/// What a caller that waits is told next.
#[derive(Debug)]
pub(crate) enum Next {
    Arrival(Arrival),
    Progress(Progress),
    End(End),
}

impl End {
    /// The end of a call that the peer has said it did not dispatch.
    pub(crate) fn not_dispatched(goaway: &Goaway) -> Self {
        let closed = Closed::new(Closed::GOAWAY, goaway.message.as_str());
        Self::Lost { closed, outcome: Outcome::NotDispatched }
    }

    /// The encoded result.
    pub(crate) fn into_value(self) -> Result<Vec<u8>, CallError> {
        match self {
            Self::Result(value) => Ok(value),
            Self::Error(error) => Err(CallError::Remote(error)),
            Self::Lost { closed, outcome } => Err(CallError::Closed { closed, outcome }),
        }
    }
}
