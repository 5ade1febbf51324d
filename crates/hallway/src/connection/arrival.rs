//! What comes back for a call: the same for those who await and those who block.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{CallError, Closed, Outcome, held};
use crate::encoding::DecodeError;
use crate::limits::{ITEM_COST, ITEMS_HELD_MAX, STREAM_WINDOW, UNKNOWN_ANSWERS_MAX};
use crate::protocol::{Goaway, Id, Progress, ProtocolError, WireError, code};

/// Something that a stream brings.
#[derive(Debug)]
pub(crate) enum Arrival {
    Item {
        seq: Option<u64>,
        value: Vec<u8>,
        _held: Held,
    },
    Lagged {
        missed: u64,
        next: u64,
        /// How many of the missed were dropped here, and so are to be granted anew.
        dropped: u32,
    },
}

impl Arrival {
    /// How many items the one who takes this has taken.
    pub(crate) fn items(&self) -> u32 {
        match self {
            Self::Item { .. } => 1,
            Self::Lagged { dropped, .. } => *dropped,
        }
    }

    /// How long the item is, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Item { value, .. } => value.len(),
            Self::Lagged { .. } => 0,
        }
    }
}

/// The room that a connection has for items that wait, see [`ITEMS_HELD_MAX`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Room(Arc<AtomicUsize>);

/// What one item takes of it, until it goes.
#[derive(Debug)]
pub(crate) struct Held(Room, usize);

impl Room {
    fn hold(&self, item: &[u8]) -> Option<Held> {
        let bytes = item.len() + ITEM_COST;
        let held = self.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // Given back if it does not fit.
        let part = Held(self.clone(), bytes);
        (held <= ITEMS_HELD_MAX).then_some(part)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// How a peer breaks the rules with a message that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("more items than were granted")]
    Ungranted,
    #[error("more than {UNKNOWN_ANSWERS_MAX} messages that belong to nothing")]
    Strays,
}

/// How many messages of a connection belonged to nothing.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    came: u32,
    /// Those among them that may come: a peer that goes refuses the calls that it has not begun, which have ended by then.
    expected: u32,
}

impl Strays {
    /// So many calls have ended that the peer may still refuse.
    pub(crate) fn expect(&mut self, refusals: usize) {
        self.expected = self.expected.saturating_add(u32::try_from(refusals).unwrap_or(u32::MAX));
    }

    /// One more.
    pub(crate) fn another(&mut self) -> Result<(), Fault> {
        self.came = self.came.saturating_add(1);
        if self.came > UNKNOWN_ANSWERS_MAX.saturating_add(self.expected) {
            Err(Fault::Strays)
        } else {
            Ok(())
        }
    }
}

/// What a message that cannot be read comes to: the refusal that goes to its sender, or the end of the connection, if it
/// may have been an answer that somebody here waits for. That would never come.
pub(crate) fn refused(refusal: ProtocolError, awaited: bool) -> Result<(Option<Id>, WireError), String> {
    let ProtocolError { id, error, answers } = refusal;
    if awaited && answers != Some(false) {
        return Err(format!("an answer that cannot be read: {}", error.message));
    }
    // With the id of a call of ours, the peer would take the refusal for the end of its own.
    Ok((id.filter(|_| answers != Some(true)), error))
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Result(Vec<u8>),
    Error(WireError),
    Lost { closed: Closed, outcome: Outcome },
}

/// A copy in this room, or in more. `None`: there is no memory for it.
fn copy(value: &[u8], mut room: Vec<u8>) -> Option<Vec<u8>> {
    room.clear();
    held::try_reserve(&mut room, value.len()).then(|| {
        room.extend_from_slice(value);
        room
    })
}

/// What a caller that waits is told next.
#[derive(Debug)]
pub(crate) enum Next {
    Arrival(Arrival),
    Progress(Progress),
    /// An item found no room: the stream has lost it, and is to be given up.
    Overrun,
    End(End),
}

/// What has come for one call and was not taken yet. After its end nothing more is to be put in.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    items: VecDeque<Arrival>,
    overrun: bool,
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

    /// An item. One that finds no room is told of as missed if it has a number, and is the last otherwise.
    pub(crate) fn item(&mut self, seq: Option<u64>, value: &[u8], room: &Room) -> Result<(), Fault> {
        self.credit = self.credit.checked_sub(1).ok_or(Fault::Ungranted)?;
        if self.overrun {
            return Ok(());
        }
        match (room.hold(value).zip(copy(value, Vec::new())), seq) {
            (Some((held, value)), _) => self.items.push_back(Arrival::Item { seq, value, _held: held }),
            (None, Some(seq)) => self.missed(1, seq.saturating_add(1), 1),
            (None, None) => self.overrun = true,
        }
        Ok(())
    }

    pub(crate) fn lagged(&mut self, missed: u64, next: u64) {
        self.missed(missed, next, 0);
    }

    /// Notices need no credit; two in a row are one.
    fn missed(&mut self, more: u64, at: u64, here: u32) {
        match self.items.back_mut() {
            Some(Arrival::Lagged { missed, next, dropped }) => {
                (*missed, *next) = (missed.saturating_add(more), at);
                *dropped += here;
            }
            _ => self.items.push_back(Arrival::Lagged { missed: more, next: at, dropped: here }),
        }
    }

    /// Only the newest progress is kept: it tells everything that the ones before did.
    pub(crate) fn progress(&mut self, progress: Progress) {
        self.progress = Some(progress);
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

    /// What comes next, in order; progress goes before the end. After `Overrun`, nothing but that.
    pub(crate) fn next(&mut self) -> Option<Next> {
        if let Some(arrival) = self.items.pop_front() {
            return Some(Next::Arrival(arrival));
        }
        if self.overrun {
            return Some(Next::Overrun);
        }
        let progress = self.progress.take().map(Next::Progress);
        progress.or_else(|| self.end.take().map(Next::End))
    }
}

impl End {
    /// A result, kept in `room` as far as that goes.
    pub(crate) fn result(value: &[u8], room: Vec<u8>) -> Self {
        copy(value, room).map_or_else(
            || {
                let message =
                    format!("an answer of {} bytes, for which there is no memory here", value.len());
                Self::Error(WireError::new(code::RESULT_TOO_LONG, message))
            },
            Self::Result,
        )
    }

    /// The end of a call that the peer has said it did not dispatch.
    pub(crate) fn not_dispatched(goaway: &Goaway) -> Self {
        Self::Lost { closed: Closed::by_goaway(goaway), outcome: Outcome::NotDispatched }
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
