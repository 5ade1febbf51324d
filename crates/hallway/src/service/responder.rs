use std::pin::pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::StreamExt as _;
use serde::Serialize;

use super::{Context, Event, ServiceError};
use crate::connection::ticket::Ticket;
use crate::protocol::{WireError, code};

/// Answers one call. Whatever is answered first is the answer; what goes away without one has answered
/// with an error.
#[derive(Debug)]
pub struct Responder {
    context: Context,
}

impl Responder {
    pub(crate) fn new(ticket: &Arc<Ticket>) -> Self {
        Self { context: Context::new(ticket) }
    }

    /// What the handler may ask about the call.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Answers with a value.
    pub fn value<T: Serialize + ?Sized>(&self, value: &T) {
        self.ticket().result(value);
    }

    /// Answers with a value, or the service's no.
    pub fn outcome<T: Serialize, E: ServiceError>(&self, outcome: &Result<T, E>) {
        match outcome {
            Ok(value) => self.value(value),
            Err(error) => self.refuse(error.to_wire()),
        }
    }

    /// Answers with an error.
    pub fn refuse(&self, error: WireError) {
        self.ticket().error(error);
    }

    /// Ends a notification, which has no answer.
    pub fn done(&self) {
        self.ticket().done();
    }

    /// Answers with a stream, one item after the other as the caller has room for them.
    pub async fn items<T: Serialize>(&self, items: impl Stream<Item = T>) {
        let mut items = pin!(items);
        while let Some(item) = items.next().await {
            if self.ticket().item(None, &item).await.is_err() {
                return;
            }
        }
        self.ticket().result(&());
    }

    /// Answers with a stream that the service's no may end.
    pub async fn results<T: Serialize, E: ServiceError>(&self, items: impl Stream<Item = Result<T, E>>) {
        let mut items = pin!(items);
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => {
                    if self.ticket().item(None, &item).await.is_err() {
                        return;
                    }
                }
                Err(error) => return self.refuse(error.to_wire()),
            }
        }
        self.ticket().result(&());
    }

    /// Answers with the events of a topic. They have no end of their own: when the connection drains, the
    /// subscriber hears that the rest is to be asked for on the next one. Those of a notification are heard by nobody.
    pub async fn events<T: Serialize>(&self, events: impl Stream<Item = Event<T>>) {
        if !self.ticket().is_heard() {
            return;
        }
        tokio::select! {
            biased;
            () = self.ticket().draining() => {
                let message = "the daemon is about to stop; subscribe again from the last event on";
                self.refuse(WireError::new(code::CLOSING, message).retryable(true));
            }
            () = self.all_events(events) => (),
        }
    }

    async fn all_events<T: Serialize>(&self, events: impl Stream<Item = Event<T>>) {
        let mut events = pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Event::Item { seq, value } => {
                    if self.ticket().item(Some(seq), &value).await.is_err() {
                        return;
                    }
                }
                Event::Lagged { missed, next } => self.ticket().lagged(missed, next),
            }
        }
        self.ticket().result(&());
    }

    fn ticket(&self) -> &Ticket {
        self.context.ticket()
    }
}
