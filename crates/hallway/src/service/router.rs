use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::messages::Messages;
use super::near::unknown;
use super::{Description, Request, Service};
use crate::connection::Dispatch;
use crate::connection::driver::Handling;
use crate::connection::incoming::Ticket;
use crate::connection::messages::Command;
use crate::encoding::Raw;
use crate::protocol::{Call, WireError, code, without_token};

/// Services by name.
#[derive(Default, Clone)]
pub struct Router {
    services: BTreeMap<&'static str, Arc<dyn Service>>,
    messages: Messages,
    /// What is served and not listed, for one of the dialects only.
    unlisted: BTreeMap<&'static str, Arc<dyn Service>>,
}

impl Router {
    /// Adds a service; one of the same name is replaced.
    ///
    /// # Panics
    /// When its messages in the sidecar dialect would have a type that those of another service have.
    pub fn add(&mut self, service: Arc<dyn Service>) {
        self.services.insert(service.description().name.as_str(), service);
        self.messages = Messages::of(self.descriptions());
    }

    /// Adds a service that is not listed among the others. One of the same name that is goes before it.
    pub(crate) fn add_unlisted(&mut self, service: Arc<dyn Service>) {
        self.unlisted.insert(service.description().name.as_str(), service);
    }

    /// What the services offer, by name.
    pub fn descriptions(&self) -> impl Iterator<Item = &'static Description> + '_ {
        self.services.values().map(|service| service.description())
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.services.keys()).finish()
    }
}

impl Dispatch for Router {
    fn dispatch(&self, call: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling> {
        let (service, method) = call.method.rsplit_once('.').unwrap_or((&call.method, ""));
        let Some(found) = self.services.get(service).or_else(|| self.unlisted.get(service)) else {
            let names: Vec<&str> = self.services.keys().copied().collect();
            let message = match names.is_empty() {
                true => "this side serves nothing".to_owned(),
                false => unknown(&format!("service `{service}`"), service, &names),
            };
            ticket.error(WireError::new(code::UNKNOWN_METHOD, message));
            return None;
        };
        // What the caller calls its progress is no parameter of the method.
        let without = call.params.filter(|_| call.token.is_some()).map(without_token);
        let params = call.params.map(|params| match &without {
            None => params,
            Some(without) => Raw::new(params.encoding(), without),
        });
        let request = Request::new(found.description(), Cow::Borrowed(method), params, ticket);
        found.handle(request).into_future()
    }

    fn command(&self, name: &str) -> Result<&Command, WireError> {
        self.messages.command(name)
    }

    fn events(&self) -> &BTreeMap<&'static str, String> {
        &self.messages.events
    }
}
