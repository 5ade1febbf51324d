use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::session::Session;
use super::streams::Incoming;
use super::{ClientBuilder, Events, Items, TryItems};
use crate::client::{CallError, CallOptions};
use crate::connection::arrival::{Next, unexpected_stream};
use crate::encoding::{Encoding, Raw};
use crate::limits::{FRAME_MAX, RETRIES_MAX, nodes_max};
use crate::service::{Method, ServiceError};

/// Calls the methods of the services at the other end, and waits for each answer.
///
/// Clones share the connection, and wait for each other: a thread that wants to call while another one
/// waits for its answer makes a client of its own.
#[derive(Clone)]
pub struct Client {
    session: Arc<Mutex<Session>>,
    options: CallOptions,
}

impl Client {
    /// Puts a client together.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(super) fn new(session: Session, options: CallOptions) -> Self {
        Self { session: Arc::new(Mutex::new(session)), options }
    }

    /// The same client with other options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self { session: Arc::clone(&self.session), options }
    }

    /// Calls a method that cannot say no.
    ///
    /// # Errors
    /// When the conversation fails.
    pub fn call<P, R>(&self, method: &Method, params: &P) -> Result<R, CallError>
    where
        P: Serialize,
        R: DeserializeOwned,
    {
        let (encoding, value) = self.answer(method, params)?;
        Raw::new(encoding, &value).decode_of(nodes_max(FRAME_MAX)).map_err(CallError::BadResult)
    }

    /// Calls a method that can say no: the outer error is the conversation's, the inner the service's.
    ///
    /// # Errors
    /// When the conversation fails.
    pub fn try_call<P, R, E>(&self, method: &Method, params: &P) -> Result<Result<R, E>, CallError>
    where
        P: Serialize,
        R: DeserializeOwned,
        E: ServiceError,
    {
        E::sort(self.call(method, params))
    }

    /// Tells, without waiting for anything to come back.
    ///
    /// # Errors
    /// When there is no connection or the parameters cannot be sent.
    pub fn notify<P: Serialize>(&self, method: &Method, params: &P) -> Result<(), CallError> {
        self.session().notify(self.options.call(method.name, params, None))
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// When there is no connection or the parameters cannot be sent; a refusal comes as the first item.
    pub fn stream<P, T>(&self, method: &Method, params: &P) -> Result<Items<T>, CallError>
    where
        P: Serialize,
        T: DeserializeOwned,
    {
        Ok(Items::new(self.open(method, params)?))
    }

    /// Opens a stream that the service's no may end.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub fn try_stream<P, T, E>(&self, method: &Method, params: &P) -> Result<TryItems<T, E>, CallError>
    where
        P: Serialize,
        T: DeserializeOwned,
        E: ServiceError,
    {
        Ok(TryItems::new(self.open(method, params)?))
    }

    /// Opens the stream of a topic.
    ///
    /// # Errors
    /// As [`stream`](Self::stream).
    pub fn subscribe<P, T>(&self, method: &Method, params: &P) -> Result<Events<T>, CallError>
    where
        P: Serialize,
        T: DeserializeOwned,
    {
        Ok(Events::new(self.open(method, params)?))
    }

    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        // A panic in a value's own code leaves no half-written frame, see `Framing::frame`.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn options(&self) -> &CallOptions {
        &self.options
    }

    /// Makes the call, again where that is safe.
    fn answer<P: Serialize>(&self, method: &Method, params: &P) -> Result<(Encoding, Vec<u8>), CallError> {
        let deadline = self.deadline();
        let mut session = self.session();
        let (mut retries, mut perhaps_ran) = (0, None);
        loop {
            match self.attempt(&mut session, method, params, deadline) {
                Err(error)
                    if session.comes_back()
                        && retries < RETRIES_MAX
                        && error.may_retry(method.idempotent) =>
                {
                    tracing::debug!(method = method.name, %error, "again on a new connection");
                    retries += 1;
                    perhaps_ran = error.perhaps_ran().or(perhaps_ran);
                }
                outcome => {
                    let answer = outcome.map_err(|error| error.after(perhaps_ran))?;
                    return Ok((session.wire().encoding(), answer));
                }
            }
        }
    }

    fn attempt<P: Serialize>(
        &self,
        session: &mut Session,
        method: &Method,
        params: &P,
        deadline: Option<(Instant, Duration)>,
    ) -> Result<Vec<u8>, CallError> {
        let call = self.options.call(method.name, params, left(deadline));
        let id = session.begin(call, deadline)?;
        loop {
            match session.next(id, deadline.map(|(at, _)| at)) {
                Some(Next::Progress(progress)) => self.options.progressed(progress),
                Some(Next::End(end)) => return end.into_value(self.options.deadline_after()),
                Some(Next::Arrival(_) | Next::Overrun) => {
                    session.abandon(id);
                    return Err(unexpected_stream());
                }
                None => {
                    session.abandon(id);
                    return Err(CallError::Deadline {
                        after: deadline.map(|(_, after)| after).unwrap_or_default(),
                    });
                }
            }
        }
    }

    fn open<P: Serialize>(&self, method: &Method, params: &P) -> Result<Incoming, CallError> {
        let deadline = self.deadline();
        let window = self.options.stream_window();
        let mut call = self.options.call(method.name, params, left(deadline));
        call.window = Some(window.size());
        let id = self.session().begin(call, deadline)?;
        Ok(Incoming::new(self.clone(), id, window, deadline))
    }

    fn deadline(&self) -> Option<(Instant, Duration)> {
        self.options.deadline_after().map(|after| (Instant::now() + after, after))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}

fn left(deadline: Option<(Instant, Duration)>) -> Option<Duration> {
    deadline.map(|(at, _)| at.saturating_duration_since(Instant::now()))
}
