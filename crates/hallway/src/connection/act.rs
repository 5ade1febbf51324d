//! What each message of the peer does.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::time::Instant;

use super::arrival::{self, End, Fault};
use super::batch::{Batch, InList, Line};
use super::deadlines::{Deadlines, Due};
use super::handler::begin;
use super::link::State;
use super::messages::{self, Reply};
use super::{Closed, Dispatch, Link, Refusal};
use crate::encoding::Raw;
use crate::limits::TURN_TIME;
use crate::protocol::{Hello, Id, Message, ProtocolError, WireError, code};

/// Answers a message that cannot be acted on. If it is itself the answer that somebody here waits for, the
/// connection ends instead: that answer will never come.
pub(super) fn refuse(link: &Link, refusal: ProtocolError, batch: Option<&Arc<Batch>>) {
    if link.is_guarded() {
        return refuse_stranger(link);
    }
    let awaited = match &refusal.id {
        Some(id) if !id.is_null() => link.outgoing().is_open(id),
        // Nobody can say whose answer it was, if it was one: to who began the conversation it most likely is.
        _ => link.spoke_first() && link.outgoing().any_open(),
    };
    match arrival::refused(refusal, awaited) {
        Ok((id, error)) => {
            leave(link);
            answer(link, batch, id, error);
        }
        Err(reason) => end_for_breach(link, &reason),
    }
}

/// What a server says and no client can act on is answered, and counted.
fn leave(link: &Link) {
    if link.spoke_first() {
        heed(link, link.outgoing().stray());
    }
}

/// Nothing, where no rule was broken.
fn heed(link: &Link, came: Result<(), Fault>) {
    if let Err(fault) = came {
        end_for_breach(link, &fault);
    }
}

/// Tells the peer which rule it has broken, and ends the connection.
fn end_for_breach(link: &Link, sent: &dyn std::fmt::Display) {
    refuse_connection(link, WireError::new(code::BAD_MESSAGE, format!("the peer sent {sent}")));
}

/// Tells the peer of an error, together with the other answers to its list if it was in one.
pub(super) fn answer(link: &Link, batch: Option<&Arc<Batch>>, id: Option<Id>, error: WireError) {
    let error = Message::Error::<()> { id, error };
    let _written = match batch {
        None => link.send(&error),
        Some(batch) => batch.answer(&error),
    };
}

/// Acts on the messages of a list.
pub(super) fn act_on_all(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    deadlines: &mut Deadlines,
    messages: Vec<Result<Message<'_, Raw<'_>>, ProtocolError>>,
) {
    let batch = match Batch::new(link, &messages) {
        Ok(batch) => batch,
        Err(error) => return answer(link, None, Some(Id::null()), error),
    };
    let (began, line) = (Instant::now(), Arc::<Line>::default());
    for message in messages {
        let has_had_its_turn = began.elapsed() >= TURN_TIME;
        let list = InList { batch: batch.as_ref(), line: has_had_its_turn.then_some(&line) };
        match message {
            _ if link.is_closed() => return,
            Err(refusal) => refuse(link, refusal, list.batch),
            // What follows it would have to wait for ours: it is heard only where it stands alone.
            Ok(Message::Hello(_)) if !link.is_guarded() => (),
            Ok(Message::Hello(_)) => refuse_stranger(link),
            Ok(message) => {
                let _goes_on = act(link, dispatch, deadlines, message, list);
            }
        }
    }
}

/// Acts on one message. Broken off where the next one has to wait until our `hello` has gone.
pub(super) fn act(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    deadlines: &mut Deadlines,
    message: Message<'_, Raw<'_>>,
    list: InList<'_>,
) -> ControlFlow<()> {
    match message {
        Message::Hello(hello) => return greeted(link, dispatch, deadlines, &hello),
        _ if link.is_guarded() => {
            refuse_stranger(link);
        }
        Message::Call(call) => begin(link, dispatch, call, Reply::Result, list),
        Message::Named(call) => messages::command(link, dispatch, call),
        Message::Cancel { id } => link.incoming().cancel(&id),
        Message::Grant { id, items } => link.incoming().grant(&id, items),
        Message::Result { id, value } => {
            let value = value.map(Raw::bytes).unwrap_or_default();
            heed(link, link.outgoing().returned(&id, value));
        }
        Message::Error { id: Some(id), error } => {
            heed(link, link.outgoing().answered(&id, End::Error(error)));
        }
        Message::Error { id: None, error } => {
            tracing::warn!(peer = %link.peer().address, code = ?error.code, message = ?error.message, "the peer refused a message");
            link.outgoing().words(&error);
            heed(link, link.outgoing().stray());
        }
        Message::Item { id, seq, value } => heed(link, link.outgoing().item(&id, seq, value.bytes())),
        Message::Lagged { id, missed, next } => heed(link, link.outgoing().lagged(&id, missed, next)),
        Message::Progress { id, progress } => heed(link, link.outgoing().progress(&id, progress)),
        Message::Goaway(goaway) => link.outgoing().goaway(&goaway),
        Message::Unknown { id } => {
            leave(link);
            let id = id.filter(|id| !link.outgoing().is_open(id));
            let message = format!("a message of no known kind: write {}", link.wire().protocol().kinds());
            answer(link, list.batch, id, WireError::new(code::UNKNOWN_MESSAGE, message));
        }
    }
    ControlFlow::Continue(())
}

/// Answers a `hello` with our own, if it has not been said.
fn greeted(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    deadlines: &mut Deadlines,
    hello: &Hello,
) -> ControlFlow<()> {
    link.outgoing().hello();
    if let State::Guarded { token } = link.state() {
        if !hello.token.as_deref().is_some_and(|named| same_secret(named, &token)) {
            refuse_connection(link, WireError::new(code::UNAUTHORIZED, "the token is wrong or missing"));
            return ControlFlow::Continue(());
        }
        link.advance(State::Open);
        messages::subscribe(link, dispatch);
    }
    deadlines.clear(Due::Token);
    if !link.outgoing().answers_hello() {
        return ControlFlow::Continue(());
    }
    link.greet();
    ControlFlow::Break(())
}

/// Compares in a time that does not tell where the first difference is.
fn same_secret(one: &str, other: &str) -> bool {
    let difference = one.bytes().zip(other.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
    one.len() == other.len() && difference == 0
}

/// Tells somebody who came to the wrong socket.
pub(super) fn turn_away(link: &Link, refusal: Refusal) {
    tracing::debug!(peer = %link.peer().address, refusal = refusal.name(), "not a peer of ours");
    link.outbox().push_words(|out| refusal.reply(out));
    link.close(&Closed::new(Closed::VIOLATION, refusal.sentence()));
}

/// Says why, and ends the connection.
pub(super) fn refuse_connection(link: &Link, error: WireError) {
    let slow = error.code == code::SLOW_WRITER;
    let reason = if slow { Closed::SLOW_WRITER } else { Closed::VIOLATION };
    let closed = Closed::new(reason, error.message.as_str());
    let _written = link.send(&Message::Error::<()> { id: None, error });
    link.close(&closed);
}

pub(super) fn refuse_stranger(link: &Link) {
    let message = "this listener asks for a hello with its token first";
    refuse_connection(link, WireError::new(code::UNAUTHORIZED, message));
}
