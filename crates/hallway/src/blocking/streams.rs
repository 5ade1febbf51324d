use std::marker::PhantomData;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::Client;
use crate::client::CallError;
use crate::connection::arrival::{Arrival, Next};
use crate::connection::window::Window;
use crate::encoding::Raw;
use crate::service::{Event, ServiceError};

/// What a stream brings, values still encoded. Dropped before its end, it takes the call back.
#[derive(Debug)]
pub(super) struct Incoming {
    client: Client,
    id: u64,
    window: Window,
    deadline: Option<(Instant, Duration)>,
    open: bool,
}

impl Incoming {
    pub(super) fn new(
        client: Client,
        id: u64,
        window: Window,
        deadline: Option<(Instant, Duration)>,
    ) -> Self {
        Self { client, id, window, deadline, open: true }
    }

    fn next(&mut self) -> Option<Result<Arrival, CallError>> {
        while self.open {
            let next = self.client.session().next(self.id, self.deadline.map(|(at, _)| at));
            match next {
                Some(Next::Arrival(arrival)) => {
                    if let Some(items) = self.window.took(&arrival) {
                        self.client.session().grant(self.id, items);
                    }
                    return Some(Ok(arrival));
                }
                Some(Next::Overrun) => {
                    self.close();
                    return Some(Err(CallError::Overrun));
                }
                Some(Next::Progress(progress)) => self.client.options().progressed(progress),
                Some(Next::End(end)) => {
                    self.open = false;
                    return end.into_value(self.client.options().deadline_after()).err().map(Err);
                }
                None => {
                    self.close();
                    let after = self.deadline.map(|(_, after)| after).unwrap_or_default();
                    return Some(Err(CallError::Deadline { after }));
                }
            }
        }
        None
    }

    fn decode<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Result<T, CallError> {
        let encoding = self.client.session().wire().encoding();
        Raw::new(encoding, bytes).decode().map_err(|error| {
            self.close();
            CallError::BadResult(error)
        })
    }

    fn next_item<T: DeserializeOwned>(&mut self) -> Option<Result<T, CallError>> {
        loop {
            match self.next()? {
                Ok(Arrival::Item { value, .. }) => return Some(self.decode(&value)),
                Ok(Arrival::Lagged { .. }) => (),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn next_event<T: DeserializeOwned>(&mut self) -> Option<Result<Event<T>, CallError>> {
        Some(self.next()?.and_then(|arrival| match arrival {
            Arrival::Item { seq, value, .. } => {
                Ok(Event::Item { seq: seq.unwrap_or_default(), value: self.decode(&value)? })
            }
            Arrival::Lagged { missed, next, .. } => Ok(Event::Lagged { missed, next }),
        }))
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.client.session().abandon(self.id);
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.close();
    }
}

/// Declares the kinds of stream: they differ in what an element is.
macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident<$($type:ident: $bound:path),+> yields $item:ty, by $next:expr;)*) => {$(
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
        }

        impl<$($type: $bound),+> Iterator for $name<$($type),+> {
            type Item = Result<$item, CallError>;

            fn next(&mut self) -> Option<Self::Item> {
                $next(&mut self.incoming)
            }
        }
    )*};
}

streams! {
    /// The items of a stream.
    Items<T: DeserializeOwned> yields T, by Incoming::next_item;
    /// The items of a stream that the service's no may end.
    TryItems<T: DeserializeOwned, E: ServiceError> yields Result<T, E>, by next_try_item;
    /// The numbered events of a topic, and notices of those that were missed.
    Events<T: DeserializeOwned> yields Event<T>, by Incoming::next_event;
}

fn next_try_item<T: DeserializeOwned, E: ServiceError>(
    incoming: &mut Incoming,
) -> Option<Result<Result<T, E>, CallError>> {
    incoming.next_item().map(E::sort)
}
