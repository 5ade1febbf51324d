use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::{Link, WriteError};
use crate::encoding::Raw;
use crate::protocol::{Id, Message, ProtocolError, WireError, code};

/// A list of messages that the peer has sent in one: their answers leave as one list when the last is there.
///
/// All lists of a connection together hold no more than one message may be long. The room for a refusal of
/// each member is set aside before anything runs, so that every member has its answer in any case.
#[derive(Debug)]
pub(crate) struct Batch {
    link: Arc<Link>,
    answers: Mutex<Answers>,
}

/// What the calls of one list stand in that had no time in its turn.
pub(super) type Line = tokio::sync::Mutex<()>;

/// The list that a message came in, if it came in one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InList<'a> {
    pub(super) batch: Option<&'a Arc<Batch>>,
    /// Those before it took as long as one turn may: what it calls is begun when those have been, and others have had their turn.
    pub(super) line: Option<&'a Arc<Line>>,
}

#[derive(Debug)]
struct Answers {
    /// What has been answered, with a bracket or a comma before each.
    list: Vec<u8>,
    /// How many are to come.
    due: usize,
    /// How much of the connection's room this takes.
    taken: usize,
}

impl Batch {
    /// Room for the answers to these messages. `None`: none of them is answered.
    pub(super) fn new(
        link: &Arc<Link>,
        messages: &[Result<Message<'_, Raw<'_>>, ProtocolError>],
    ) -> Result<Option<Arc<Self>>, WireError> {
        let answered: Vec<Option<&Id>> = messages.iter().filter_map(answered).collect();
        if answered.is_empty() {
            return Ok(None);
        }
        let batch = Self {
            link: Arc::clone(link),
            answers: Mutex::new(Answers { list: Vec::new(), due: answered.len(), taken: 0 }),
        };
        // With a bracket or a comma each, and the last bracket.
        let room = answered.iter().map(|id| batch.refusal(*id).len().max(batch.refusal(None).len()) + 1);
        let room = room.sum::<usize>() + 1;
        if !link.take_batch_room(room) {
            let message =
                format!("no room for {} more answers in one list; ask for fewer at a time", answered.len());
            return Err(WireError::new(code::BUSY, message).retryable(true));
        }
        batch.answers().taken = room;
        Ok(Some(Arc::new(batch)))
    }

    /// Adds an answer. One that finds no room is an error in its place.
    pub(super) fn answer<P: Serialize>(&self, message: &Message<'_, P>) -> Result<(), WriteError> {
        let wire = self.link.wire();
        // Not into the list itself: a value's own code may fail or panic half-way.
        let mut answer = Vec::new();
        wire.protocol().encode(wire.encoding(), message, &mut answer)?;
        let refusal = self.refusal(match message {
            Message::Result { id, .. } => Some(id),
            Message::Error { id, .. } => id.as_ref(),
            _ => None,
        });
        let more = answer.len().saturating_sub(refusal.len());
        let fits = self.link.take_batch_room(more);
        let mut answers = self.answers();
        if fits {
            answers.taken += more;
        }
        let before = if answers.list.is_empty() { b'[' } else { b',' };
        answers.list.push(before);
        answers.list.extend_from_slice(if fits { &answer } else { &refusal });
        answers.due = answers.due.saturating_sub(1);
        if answers.due == 0 {
            let mut list = std::mem::take(&mut answers.list);
            drop(answers);
            list.push(b']');
            self.link.outbox().push_answers(wire, &list);
        }
        Ok(())
    }

    /// The answer to a member whose own has no room.
    fn refusal(&self, id: Option<&Id>) -> Vec<u8> {
        let error = WireError::new(code::RESULT_TOO_LONG, "the answers to this list are too long together");
        let (wire, mut out) = (self.link.wire(), Vec::new());
        // Text of our own: there is nothing in it that could not be written.
        let refusal = Message::Error::<()> { id: id.cloned(), error };
        let _written = wire.protocol().encode(wire.encoding(), &refusal, &mut out);
        out
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        // Nothing that can panic runs under this lock.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let taken = self.answers().taken;
        self.link.give_batch_room(taken);
    }
}

/// The id under which a message is answered, if it is.
fn answered<'a>(message: &'a Result<Message<'_, Raw<'_>>, ProtocolError>) -> Option<Option<&'a Id>> {
    match message {
        Ok(Message::Call(call)) => call.id.as_ref().map(Some),
        Ok(Message::Unknown { id }) => Some(id.as_ref()),
        Err(refusal) => Some(refusal.id.as_ref()),
        Ok(_) => None,
    }
}
