//! What comes back for a call: the same for those who await and those who block.

use std::time::Duration;

use super::{CallError, Closed, Outcome};
use crate::protocol::{Goaway, Progress, WireError, code};

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

    /// The encoded result of a call that was given so long.
    pub(crate) fn into_value(self, deadline: Option<Duration>) -> Result<Vec<u8>, CallError> {
        match (self, deadline) {
            (Self::Result(value), _) => Ok(value),
            // The peer's clock was a little ahead of ours, which was about to say the same.
            (Self::Error(error), Some(after)) if error.code == code::DEADLINE_EXCEEDED => {
                Err(CallError::Deadline { after })
            }
            (Self::Error(error), _) => Err(CallError::Remote(error)),
            (Self::Lost { closed, outcome }, _) => Err(CallError::Closed { closed, outcome }),
        }
    }
}
