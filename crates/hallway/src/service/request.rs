use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::near::unknown;
use super::{Description, MethodDescription, ParamDescription, Responder};
use crate::connection::ticket::Ticket;
use crate::encoding::{DecodeError, Raw};
use crate::limits::{NODES_MAX, PARAMS_MAX, nodes_max};
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
pub struct Handling(Option<crate::connection::handler::Handling>);

impl std::fmt::Debug for Handling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Handling(under way)" } else { "Handling(refused)" })
    }
}

impl Handling {
    pub(crate) fn into_future(self) -> Option<crate::connection::handler::Handling> {
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
            Some(params) => params.decode_of(self.nodes_max(params.bytes().len())),
            None => crate::encoding::Encoding::Json.decode(b"{}"),
        };
        match params {
            Ok(params) => Handling(Some(Box::pin(handler(params, self.responder)))),
            Err(error) => {
                let (method, takes) = (&self.method, self.takes());
                let fault = self.by_position(&error).unwrap_or_else(|| error.to_string());
                let message = format!("the parameters of `{method}` do not fit: {fault} (it takes: {takes})");
                self.responder.refuse(WireError::new(code::BAD_PARAMS, message));
                Handling(None)
            }
        }
    }

    /// How many values the parameters may hold; which method it is need not be known of what is short.
    fn nodes_max(&self, bytes: usize) -> usize {
        if bytes <= NODES_MAX {
            return NODES_MAX;
        }
        let own = self.declaration().and_then(|method| method.params_max);
        nodes_max(own.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(PARAMS_MAX))
    }

    /// What is wrong with parameters that stand in a list, by the names that they have. `None`: they are in none.
    fn by_position(&self, error: &DecodeError) -> Option<String> {
        let given = self.params?.decode::<Vec<IgnoredAny>>().ok()?.len();
        let declared = self.declared();
        if given > declared.len() {
            return Some(format!("{given} in a list, where {} are the most", declared.len()));
        }
        if let Some(missing) = declared.iter().skip(given).find(|param| param.required) {
            return Some(format!("{given} in a list, and `{}` is missing", missing.name));
        }
        let error = error.to_string();
        let (index, fault) = error.strip_prefix('[')?.split_once(']')?;
        let at_fault = declared.get(index.parse::<usize>().ok()?)?;
        Some(format!("`{}`{fault}", at_fault.name))
    }

    /// The method's parameters, in order.
    fn declared(&self) -> &'static [ParamDescription] {
        self.declaration().map(|method| method.params.as_slice()).unwrap_or_default()
    }

    fn declaration(&self) -> Option<&'static MethodDescription> {
        self.service.methods.iter().find(|method| method.name == *self.method)
    }

    /// Their names.
    fn takes(&self) -> String {
        let names: Vec<&str> = self.declared().iter().map(|param| param.name.as_str()).collect();
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
