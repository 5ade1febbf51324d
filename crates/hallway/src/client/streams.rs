use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep};

use super::connect::Held;
use super::{CallError, CallOptions};
use crate::connection::arrival::{Arrival, Next};
use crate::connection::link::Conversation;
use crate::encoding::Raw;
use crate::service::{Event, ServiceError};

/// What a stream brings, values still encoded. Dropped before its end, it takes the call back.
#[derive(Debug)]
pub(super) struct Incoming {
    // Before the connection, which it may be the last to hold: the word that takes the call back has to be
    // in line first.
    conversation: Option<Conversation>,
    held: Held,
    deadline: Option<(Pin<Box<Sleep>>, Duration)>,
    options: CallOptions,
}

impl Incoming {
    pub(super) fn new(
        held: Held,
        conversation: Conversation,
        deadline: Option<(Instant, Duration)>,
        options: CallOptions,
    ) -> Self {
        let deadline = deadline.map(|(at, after)| (Box::pin(tokio::time::sleep_until(at)), after));
        Self { conversation: Some(conversation), held, deadline, options }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Arrival, CallError>>> {
        loop {
            let Some(conversation) = &mut self.conversation else { return Poll::Ready(None) };
            match conversation.poll_next(cx) {
                Poll::Ready(Next::Overrun) => {
                    self.conversation = None;
                    return Poll::Ready(Some(Err(CallError::Overrun)));
                }
                Poll::Ready(Next::Arrival(arrival)) => return Poll::Ready(Some(Ok(arrival))),
                Poll::Ready(Next::Progress(progress)) => self.options.progressed(progress),
                Poll::Ready(Next::End(end)) => {
                    self.conversation = None;
                    return Poll::Ready(end.into_value(self.options.deadline_after()).err().map(Err));
                }
                Poll::Pending => {
                    let Some((timer, after)) = &mut self.deadline else { return Poll::Pending };
                    ready!(timer.as_mut().poll(cx));
                    let error = CallError::Deadline { after: *after };
                    self.conversation = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn decode<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Result<T, CallError> {
        let decoded = Raw::new(self.held.link().wire().encoding(), bytes).decode();
        decoded.map_err(|error| {
            self.conversation = None;
            CallError::BadResult(error)
        })
    }

    fn poll_item<T: DeserializeOwned>(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, CallError>>> {
        loop {
            match ready!(self.poll_next(cx)) {
                Some(Ok(Arrival::Item { value, .. })) => return Poll::Ready(Some(self.decode(&value))),
                Some(Ok(Arrival::Lagged { .. })) => (),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn poll_event<T: DeserializeOwned>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event<T>, CallError>>> {
        Poll::Ready(ready!(self.poll_next(cx)).map(|arrival| match arrival? {
            Arrival::Item { seq, value, .. } => {
                Ok(Event::Item { seq: seq.unwrap_or_default(), value: self.decode(&value)? })
            }
            Arrival::Lagged { missed, next, .. } => Ok(Event::Lagged { missed, next }),
        }))
    }
}

/// Declares the kinds of stream: they differ in what an element is.
macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident<$($type:ident: $bound:path),+> yields $item:ty, by $poll:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// Dropped before its end, it takes the call back. After an error or the end it yields nothing.
        #[derive(Debug)]
        pub struct $name<$($type),+> {
            incoming: Incoming,
            element: PhantomData<fn() -> ($($type,)+)>,
        }

        impl<$($type: $bound),+> $name<$($type),+> {
            pub(super) fn new(incoming: Incoming) -> Self {
                Self { incoming, element: PhantomData }
            }

            /// The next element; `None` at the end.
            ///
            /// # Cancel safety
            /// Nothing is lost.
            pub async fn next(&mut self) -> Option<Result<$item, CallError>> {
                std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
            }
        }

        impl<$($type: $bound),+> Stream for $name<$($type),+> {
            type Item = Result<$item, CallError>;

            fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                $poll(&mut self.incoming, cx)
            }
        }
    )*};
}

streams! {
    /// The items of a stream.
    Items<T: DeserializeOwned> yields T, by Incoming::poll_item;
    /// The items of a stream that the service's no may end.
    TryItems<T: DeserializeOwned, E: ServiceError> yields Result<T, E>, by poll_try_item;
    /// The numbered events of a topic, and notices of those that were missed.
    Events<T: DeserializeOwned> yields Event<T>, by Incoming::poll_event;
}

fn poll_try_item<T: DeserializeOwned, E: ServiceError>(
    incoming: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Result<T, E>, CallError>>> {
    Poll::Ready(ready!(incoming.poll_item(cx)).map(E::sort))
}
