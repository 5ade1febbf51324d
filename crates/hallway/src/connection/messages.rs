//! Messages by name: what they ask for, and the events that come without asking.

use std::sync::Arc;

use super::Link;
use super::batch::InList;
use super::handler::{Dispatch, begin};
use crate::encoding::Raw;
use crate::protocol::{Call, Id, Message, Protocol};

/// What a message by name asks for.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// `service.method`.
    pub(crate) method: String,
    pub(crate) reply: Reply,
}

/// How a call's result is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// As a result.
    Result,
    /// As a message of this name.
    Named(&'static str),
    /// Only to a caller that has given the call a name of its own.
    Silent,
}

/// Begins what a message by name asks for.
pub(super) fn command(link: &Arc<Link>, dispatch: &Arc<dyn Dispatch>, call: Call<'_, Raw<'_>>) {
    // To the end that began the conversation, such messages are events and replies; it has asked for none.
    if link.spoke_first() {
        return;
    }
    match dispatch.command(&call.method) {
        Ok(Command { method, reply }) => {
            begin(link, dispatch, Call { method: method.as_str().into(), ..call }, *reply, InList::default());
        }
        Err(error) => {
            let _written = link.send(&Message::Error::<()> { id: call.id, error });
        }
    }
}

/// Subscribes the peer to all events, once it has been let in and is known to speak the dialect in which they
/// come without asking.
pub(super) fn subscribe(link: &Arc<Link>, dispatch: &Arc<dyn Dispatch>) {
    let let_in = link.is_recognised() && link.is_open();
    if !let_in || link.spoke_first() || link.wire().protocol() != Protocol::Sidecar {
        return;
    }
    for (&name, method) in dispatch.events() {
        let call = Call::new(Some(Id::Event(name)), method, None);
        begin(link, dispatch, call, Reply::Silent, InList::default());
    }
}
