use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::connect::{Held, Source};
use super::streams::Incoming;
use super::{CallError, CallOptions, ClientBuilder, Events, Items, TryItems};
use crate::connection::arrival::{Next, unexpected_stream};
use crate::connection::link::Conversation;
use crate::encoding::Raw;
use crate::limits::{FRAME_MAX, RETRIES_MAX, nodes_max};
use crate::protocol::Call;
use crate::service::{Context, Method, ServiceError};

/// Calls the methods of the services at the other end. Cheap to clone; clones share the connection.
///
/// Any number of calls are under way at once on one connection, up to
/// [`CALLS_OPEN_MAX`](crate::limits::CALLS_OPEN_MAX); further ones wait for a place. Dropping the future of
/// a call takes the call back: its handler is dropped too.
///
/// What `#[hallway::service]` writes is a typed client on top of this one.
#[derive(Debug, Clone)]
pub struct Client {
    source: Source,
    options: CallOptions,
}

impl Client {
    /// Puts a client together.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(super) fn new(source: Source, options: CallOptions) -> Self {
        Self { source, options }
    }

    /// A client of whatever the caller of a method serves, on the connection that the call came in on.
    #[must_use]
    pub fn to_caller(cx: &Context) -> Self {
        Self::new(Source::Borrowed(Arc::clone(cx.link())), CallOptions::new())
    }

    /// The same client with other options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self { source: self.source.clone(), options }
    }

    /// Calls a method that cannot say no.
    ///
    /// # Errors
    /// When the conversation fails.
    ///
    /// # Cancel safety
    /// Dropping the future takes the call back; it may have had its effect by then.
    pub async fn call<P, R>(&self, method: &Method, params: &P) -> Result<R, CallError>
    where
        P: Serialize + Sync,
        R: DeserializeOwned,
    {
        self.answer(method, params).await?.decode()
    }

    /// Calls a method that can say no: the outer error is the conversation's, the inner the service's.
    ///
    /// # Errors
    /// When the conversation fails.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn try_call<P, R, E>(&self, method: &Method, params: &P) -> Result<Result<R, E>, CallError>
    where
        P: Serialize + Sync,
        R: DeserializeOwned,
        E: ServiceError,
    {
        E::sort(self.call(method, params).await)
    }

    /// Tells, without waiting for anything to come back.
    ///
    /// # Errors
    /// When there is no connection or the parameters cannot be sent. That it has been said does not mean
    /// that it was heard.
    ///
    /// # Cancel safety
    /// It is said or not; waits while the peer does not read.
    pub async fn notify<P: Serialize + Sync>(&self, method: &Method, params: &P) -> Result<(), CallError> {
        let held = self.source.link().await?;
        held.link().notify(self.options.call(method.name, params, None)).await
    }

    /// Begins all these calls together: what they send leaves in one write, as far as the system takes it, and what is
    /// answered at once comes back in one read. Returns what they return, in their order, when the last one has ended.
    ///
    /// ```
    /// # async fn all(client: hallway::Client, service: hallway::server::AdminClient) {
    /// let pings = client.batch((0..10).map(|_| service.ping())).await;
    /// # }
    /// ```
    ///
    /// Calls that are made at the same time by any other means leave together too, as far as the connection's task has not
    /// begun to write the first. Nothing waits for a timer.
    ///
    /// # Cancel safety
    /// Dropping the future takes back the calls that have not ended.
    pub async fn batch<F: Future>(&self, calls: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        // If there is none, each call says so.
        let held = self.source.link().await.ok();
        let mut all = pin!(join_all(calls));
        let begun = poll_fn(|cx| {
            let mut begin = || all.as_mut().poll(cx);
            Poll::Ready(match &held {
                Some(held) => held.link().together(&mut begin),
                None => begin(),
            })
        });
        match begun.await {
            Poll::Ready(ended) => ended,
            Poll::Pending => all.await,
        }
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// When there is no connection or the parameters cannot be sent; a refusal comes as the first item.
    pub async fn stream<P, T>(&self, method: &Method, params: &P) -> Result<Items<T>, CallError>
    where
        P: Serialize + Sync,
        T: DeserializeOwned,
    {
        Ok(Items::new(self.open(method, params).await?))
    }

    /// Opens a stream that the service's no may end.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub async fn try_stream<P, T, E>(&self, method: &Method, params: &P) -> Result<TryItems<T, E>, CallError>
    where
        P: Serialize + Sync,
        T: DeserializeOwned,
        E: ServiceError,
    {
        Ok(TryItems::new(self.open(method, params).await?))
    }

    /// Opens the stream of a topic.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub async fn subscribe<P, T>(&self, method: &Method, params: &P) -> Result<Events<T>, CallError>
    where
        P: Serialize + Sync,
        T: DeserializeOwned,
    {
        Ok(Events::new(self.open(method, params).await?))
    }

    /// Makes the call, again where that is safe.
    async fn answer<P: Serialize + Sync>(&self, method: &Method, params: &P) -> Result<Answer, CallError> {
        let Some(after) = self.options.deadline_after() else {
            return self.retrying(method, || self.attempt(method, params, None)).await;
        };
        let deadline = Instant::now() + after;
        let answer = self.retrying(method, || self.attempt(method, params, Some(deadline)));
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(answer) => answer,
            Err(_passed) => Err(CallError::Deadline { after }),
        }
    }

    async fn retrying<R, F>(&self, method: &Method, attempt: impl Fn() -> F) -> Result<R, CallError>
    where
        F: Future<Output = Result<R, CallError>>,
    {
        let (mut perhaps_ran, mut left) = (None, RETRIES_MAX);
        loop {
            match attempt().await {
                Err(error) if left > 0 && self.source.comes_back() && error.may_retry(method.idempotent) => {
                    tracing::debug!(method = method.name, %error, "again on a new connection");
                    perhaps_ran = error.perhaps_ran().or(perhaps_ran);
                    left -= 1;
                }
                outcome => return outcome.map_err(|error| error.after(perhaps_ran)),
            }
        }
    }

    async fn attempt<P: Serialize + Sync>(
        &self,
        method: &Method,
        params: &P,
        deadline: Option<Instant>,
    ) -> Result<Answer, CallError> {
        let held = self.source.link().await?;
        let call = || self.options.call(method.name, params, left(deadline));
        let mut conversation = held.link().call(call).await?;
        loop {
            match conversation.next().await {
                Next::Progress(progress) => self.options.progressed(progress),
                Next::End(end) => {
                    let value = end.into_value(self.options.deadline_after())?;
                    return Ok(Answer { held, value });
                }
                Next::Arrival(_) | Next::Overrun => return Err(unexpected_stream()),
            }
        }
    }

    async fn open<P: Serialize + Sync>(&self, method: &Method, params: &P) -> Result<Incoming, CallError> {
        let deadline = self.options.deadline_after().map(|after| (Instant::now() + after, after));
        let begin = || async {
            let held = self.source.link().await?;
            let window = self.options.stream_window();
            let call = || {
                let call = self.options.call(method.name, params, left(deadline.map(|(at, _)| at)));
                Call { window: Some(window.size()), ..call }
            };
            let mut conversation = held.link().call(call).await?;
            conversation.by_window(window);
            Ok((held, conversation))
        };
        let (held, conversation): (Held, Conversation) = self.retrying(method, begin).await?;
        Ok(Incoming::new(held, conversation, deadline, self.options.clone()))
    }
}

/// What a call has returned, and nobody has looked into.
struct Answer {
    held: Held,
    value: Vec<u8>,
}

impl Answer {
    fn decode<R: DeserializeOwned>(&self) -> Result<R, CallError> {
        let value = Raw::new(self.held.link().wire().encoding(), &self.value);
        value.decode_of(nodes_max(FRAME_MAX)).map_err(CallError::BadResult)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.held.link().has_been_read(std::mem::take(&mut self.value));
    }
}

fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}
