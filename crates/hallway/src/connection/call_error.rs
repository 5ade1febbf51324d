use std::sync::Arc;
use std::time::Duration;

use super::{Closed, WriteError};
use crate::encoding::DecodeError;
use crate::limits::ITEMS_HELD_MAX;
use crate::protocol::{WireError, code};
use crate::transport::TransportError;

/// The conversation failed. That a service says no is not this: a method's own error is its result.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Nobody could be reached, and no daemon could be started where that was to be tried.
    #[error("{source}")]
    Unreachable {
        /// The stable code of what stood in the way.
        code: Arc<str>,
        /// What it was.
        source: Arc<dyn std::error::Error + Send + Sync>,
        /// What may have happened to the call: nothing, unless it was sent before and is now to be sent again.
        outcome: Outcome,
    },
    /// The connection ended before the answer came.
    #[error("the connection ended before the answer came: {closed}")]
    Closed {
        /// Why.
        closed: Closed,
        /// What may have happened to the call.
        outcome: Outcome,
    },
    /// The call's deadline passed. It was taken back, but may have run.
    #[error("no answer within {after:?}")]
    Deadline {
        /// How long it was given.
        after: Duration,
    },
    /// More of a stream had come than there was room for, because it was not taken. The stream was taken back.
    #[error(
        "the stream is not taken as fast as it comes, and {ITEMS_HELD_MAX} bytes wait: ask for a smaller window"
    )]
    Overrun,
    /// The peer refused or failed the call, with a code of hallway's or one that this build does not know.
    #[error(transparent)]
    Remote(WireError),
    /// The parameters cannot be sent.
    #[error("the parameters cannot be sent: {0}")]
    Params(WriteError),
    /// The answer has another shape than the method declares: the two sides are of different versions.
    #[error("the answer has another shape than expected: {0}")]
    BadResult(DecodeError),
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It ran, and this is its answer.
    Completed,
    /// It did not run: sending it again is safe.
    NotDispatched,
    /// It may have run, wholly or in part.
    Unknown,
}

impl CallError {
    pub(crate) fn unreachable(
        code: impl Into<Arc<str>>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let outcome = Outcome::NotDispatched;
        Self::Unreachable { code: code.into(), source: source.into().into(), outcome }
    }

    /// Itself, if the call may have run.
    pub(crate) fn perhaps_ran(self) -> Option<Self> {
        Some(self).filter(|error| error.outcome() == Outcome::Unknown)
    }

    /// The same of a call that was made before, with that end: what did not run now may have run then.
    pub(crate) fn after(mut self, before: Option<Self>) -> Self {
        let Some(before) = before.filter(|_| self.outcome() == Outcome::NotDispatched) else { return self };
        match &mut self {
            Self::Unreachable { outcome, .. } | Self::Closed { outcome, .. } => *outcome = Outcome::Unknown,
            // Its code says that it did not run.
            _ => return before,
        }
        self
    }

    /// The exit code of a program that ends with this error: 1 for a method that failed, 3 for a peer that
    /// cannot be reached, 4 for one of another version, 124 for a deadline that passed.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            // The life cycle's word for it.
            Self::Unreachable { code, .. } if &**code == "deadline_passed" => 124,
            Self::Unreachable { .. } | Self::Closed { .. } => 3,
            Self::BadResult(_) => 4,
            Self::Deadline { .. } => 124,
            Self::Remote(error) => match error.code.as_str() {
                code::DEADLINE_EXCEEDED => 124,
                code::UNKNOWN_METHOD | code::UNSUPPORTED_VERSION | code::UNKNOWN_MESSAGE => 4,
                code::CLOSING | code::UNAUTHORIZED => 3,
                _ => 1,
            },
            Self::Params(_) | Self::Overrun => 1,
        }
    }

    /// What became of the call.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Params(_) => Outcome::NotDispatched,
            Self::Unreachable { outcome, .. } | Self::Closed { outcome, .. } => *outcome,
            Self::Deadline { .. } | Self::Overrun => Outcome::Unknown,
            Self::Remote(error) if code::did_not_run(&error.code) => Outcome::NotDispatched,
            Self::Remote(error) if code::ALL.iter().any(|entry| entry.code == error.code) => Outcome::Unknown,
            Self::Remote(_) | Self::BadResult(_) => Outcome::Completed,
        }
    }

    /// The stable code, see `spec/errors.md`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { code, .. } => code,
            Self::Closed { closed, .. } => closed.code,
            Self::Deadline { .. } => code::DEADLINE_EXCEEDED,
            Self::Overrun => "overrun",
            Self::Remote(error) => &error.code,
            Self::Params(WriteError::Encode(_)) => "params_not_encodable",
            Self::Params(WriteError::TooLong { .. }) => code::FRAME_TOO_LONG,
            Self::BadResult(_) => "unexpected_result",
        }
    }

    /// Whether a new connection and the same call again may help, as far as it is safe: always after
    /// [`Outcome::NotDispatched`] on a lost connection, and after [`Outcome::Unknown`] only if running the
    /// method twice is the same as once.
    pub(crate) fn may_retry(&self, idempotent: bool) -> bool {
        if crate::chaos::without("retry") {
            return false;
        }
        match self {
            // Who was not let in would not be let in the next time.
            Self::Closed { closed, .. } if closed.code == code::UNAUTHORIZED => false,
            Self::Closed { outcome, .. } => {
                *outcome == Outcome::NotDispatched || idempotent || crate::chaos::without("outcomes")
            }
            Self::Remote(error) => error.code == code::CLOSING,
            _ => false,
        }
    }
}

impl From<TransportError> for CallError {
    fn from(error: TransportError) -> Self {
        Self::unreachable(error.code(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{Instance, StartError};

    #[test]
    fn a_deadline_that_passed_is_one_whatever_was_waited_for() {
        let instance = Instance::new("mail").unwrap();
        let (waited_for, phase, log) = ("its daemon to start", None, "mail.log".into());
        let late = StartError::DeadlinePassed { instance, waited_for, phase, log };
        assert_eq!(CallError::from(late).exit_code(), 124);
        assert_eq!(CallError::unreachable("not_running", "nobody").exit_code(), 3);
    }

    #[test]
    fn f45_what_did_not_run_now_may_have_run_before() {
        let closed = |outcome| CallError::Closed { closed: Closed::new(Closed::BY_PEER, "gone"), outcome };
        let unknown = || Some(closed(Outcome::Unknown));
        let nobody = || CallError::unreachable("not_running", "nobody");
        let busy = || CallError::Remote(WireError::new(code::BUSY, "later"));
        for error in [nobody(), closed(Outcome::NotDispatched), busy()] {
            assert_eq!(error.clone().after(None).outcome(), Outcome::NotDispatched);
            assert_eq!(error.after(unknown()).outcome(), Outcome::Unknown);
        }
        assert_eq!(nobody().after(unknown()).code(), "not_running");
        let no = CallError::Remote(WireError::new("of_its_own", "no"));
        assert_eq!(no.after(unknown()).outcome(), Outcome::Completed);
    }
}
