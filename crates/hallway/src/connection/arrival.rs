//! What comes back for a call: the same for those who await and those who block.

use std::collections::VecDeque;
use std::time::Duration;

use super::{CallError, Closed, Outcome};
use crate::encoding::DecodeError;
use crate::limits::STREAM_WINDOW;
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

/// What has come for one call and was not taken yet. After its end nothing more comes in.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    items: VecDeque<Arrival>,
    progress: Option<Progress>,
    end: Option<End>,
    ended: bool,
    /// How many more items the peer was granted.
    credit: u32,
}

impl Arrivals {
    /// Those of a call that asks for `window`.
    pub(crate) fn new(window: Option<u32>) -> Self {
        Self { credit: window.unwrap_or(STREAM_WINDOW), ..Self::default() }
    }

    pub(crate) fn grant(&mut self, items: u32) {
        self.credit = self.credit.saturating_add(items);
    }

    /// `false`: the peer sent more than it was granted.
    #[must_use]
    pub(crate) fn item(&mut self, seq: Option<u64>, value: &[u8]) -> bool {
        if self.ended {
            return true;
        }
        let Some(left) = self.credit.checked_sub(1) else { return false };
        self.credit = left;
        self.items.push_back(Arrival::Item { seq, value: value.to_vec() });
        true
    }

    /// Notices need no credit; two in a row are one.
    pub(crate) fn lagged(&mut self, more: u64, at: u64) {
        match self.items.back_mut() {
            _ if self.ended => (),
            Some(Arrival::Lagged { missed, next }) => {
                (*missed, *next) = (missed.saturating_add(more), at);
            }
            _ => self.items.push_back(Arrival::Lagged { missed: more, next: at }),
        }
    }

    /// Only the newest progress is kept: it tells everything that the ones before did.
    pub(crate) fn progress(&mut self, progress: Progress) {
        if !self.ended {
            self.progress = Some(progress);
        }
    }

    /// The first end counts.
    pub(crate) fn end(&mut self, end: End) {
        if !std::mem::replace(&mut self.ended, true) {
            self.end = Some(end);
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// What comes next, in order; progress goes before the end.
    pub(crate) fn next(&mut self) -> Option<Next> {
        if let Some(arrival) = self.items.pop_front() {
            return Some(Next::Arrival(arrival));
        }
        let progress = self.progress.take().map(Next::Progress);
        progress.or_else(|| self.end.take().map(Next::End))
    }
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

/// A method that streams was called as one that returns once.
pub(crate) fn unexpected_stream() -> CallError {
    let reason = "the method streams, and was called as one that returns once".to_owned();
    CallError::BadResult(DecodeError::Shape { reason })
}
