use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::near::unknown;
use super::{Description, Responder};
use crate::connection::incoming::Ticket;
use crate::encoding::Raw;
use crate::protocol::{WireError, code};

/// A service as the server sees it: a description, and a way to begin a call. Written by
/// `#[hallway::service]`.
pub trait Service: Send + Sync + 'static {
    /// What it offers.
    fn description(&self) -> &'static Description;

    /// Begins one call.
    fn handle(&self, request: Request<'_>) -> Handling;
}

/// A call that has arrived and not begun.
#[derive(Debug)]
pub struct Request<'a> {
    service: &'static Description,
    method: Cow<'a, str>,
    params: Option<Raw<'a>>,
    responder: Responder,
}

/// What became of a request: under way, or refused on the spot.
pub struct Handling(Option<crate::connection::driver::Handling>);

impl std::fmt::Debug for Handling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Handling(under way)" } else { "Handling(refused)" })
    }
}

impl Handling {
    pub(crate) fn into_future(self) -> Option<crate::connection::driver::Handling> {
        self.0
    }
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        service: &'static Description,
        method: Cow<'a, str>,
        params: Option<Raw<'a>>,
        ticket: &Arc<Ticket>,
    ) -> Self {
        Self { service, method, params, responder: Responder::new(ticket) }
    }

    /// The method's name, without the service's.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Reads the parameters and hands them to the handler; if they do not fit, the caller is told which
    /// one and why.
    pub fn start<P, F, H>(self, handler: H) -> Handling
    where
        P: DeserializeOwned,
        H: FnOnce(P, Responder) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        // No parameters at all are the same as an empty object.
        let params = match self.params {
            Some(params) => params.decode(),
            None => crate::encoding::Encoding::Json.decode(b"{}"),
        };
        match params {
            Ok(params) => Handling(Some(Box::pin(handler(params, self.responder)))),
            Err(error) => {
                let (method, takes) = (&self.method, self.takes());
                let message = format!("the parameters of `{method}` do not fit: {error} (it takes: {takes})");
                self.responder.refuse(WireError::new(code::BAD_PARAMS, message));
                Handling(None)
            }
        }
    }

    /// The names of the method's parameters, in order.
    fn takes(&self) -> String {
        let method = self.service.methods.iter().find(|method| method.name == *self.method);
        let params = method.map(|method| method.params.as_slice()).unwrap_or_default();
        let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    /// Answers that the service has no such method.
    #[must_use]
    pub fn unknown_method(self) -> Handling {
        let names: Vec<&str> = self.service.methods.iter().map(|method| method.name.as_str()).collect();
        let message =
            unknown(&format!("method `{}.{}`", self.service.name, self.method), &self.method, &names);
        self.responder.refuse(WireError::new(code::UNKNOWN_METHOD, message));
        Handling(None)
    }
}
