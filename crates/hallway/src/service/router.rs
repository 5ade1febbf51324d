use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::messages::Messages;
use super::near::unknown;
use super::{Description, MethodKind, Request, Scope, Service};
use crate::connection::Dispatch;
use crate::connection::handler::{Handling, Terms};
use crate::connection::messages::Command;
use crate::connection::places::Lane;
use crate::connection::ticket::Ticket;
use crate::encoding::Raw;
use crate::limits::{FRAME_MAX, PARAMS_MAX};
use crate::protocol::{Call, WireError, code, without_token};

/// Services by name.
#[derive(Default, Clone)]
pub struct Router {
    services: BTreeMap<&'static str, Arc<dyn Service>>,
    messages: Messages,
    /// What is served and not listed, for one of the dialects only.
    unlisted: BTreeMap<&'static str, Arc<dyn Service>>,
    /// The methods that are not as all others are, as their callers write them.
    terms: BTreeMap<String, Terms>,
    /// What may be called; everything, if it does not say.
    scope: Option<Arc<Scope>>,
}

impl Router {
    /// Adds a service; one of the same name is replaced.
    ///
    /// # Panics
    /// When its messages in the sidecar dialect would have a type that those of another service have.
    pub fn add(&mut self, service: Arc<dyn Service>) {
        let description = service.description();
        self.services.insert(description.name.as_str(), service);
        let of_all = self.services.values().flat_map(|service| terms(service.description()));
        self.terms = of_all.filter(|(_, terms)| *terms != Terms::default()).collect();
        self.messages = Messages::of(self.services.values().map(|service| service.description()));
    }

    /// Adds a service that is not listed among the others. One of the same name that is goes before it.
    pub(crate) fn add_unlisted(&mut self, service: Arc<dyn Service>) {
        self.unlisted.insert(service.description().name.as_str(), service);
    }

    /// The same services, of which only what the scope permits is called and told of.
    pub(crate) fn narrowed(self, scope: Scope) -> Self {
        let messages = self.messages.narrowed(&scope);
        Self { messages, scope: Some(Arc::new(scope)), ..self }
    }

    /// What can be called, by the services' names.
    #[must_use]
    pub fn offered(&self) -> Vec<Description> {
        let all = self.services.values().map(|service| service.description());
        match &self.scope {
            None => all.cloned().collect(),
            Some(scope) => all.filter_map(|service| scope.narrow(service)).collect(),
        }
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.services.keys()).finish()
    }
}

/// What is to be known of each method before it is called.
fn terms(service: &'static Description) -> impl Iterator<Item = (String, Terms)> {
    service.methods.iter().map(|method| {
        let lane = match method.kind {
            MethodKind::Subscription => Lane::Subscription,
            _ if method.bulk => Lane::Bulk,
            _ => Lane::Interactive,
        };
        let params_max = method.params_max.and_then(|max| usize::try_from(max).ok());
        let terms = Terms { lane, params_max: params_max.unwrap_or(PARAMS_MAX).min(FRAME_MAX) };
        (format!("{}.{}", service.name, method.name), terms)
    })
}

impl Dispatch for Router {
    fn terms(&self, method: &str) -> Terms {
        self.terms.get(method).copied().unwrap_or_default()
    }

    fn params_max(&self) -> usize {
        self.terms.values().map(|terms| terms.params_max).fold(PARAMS_MAX, usize::max)
    }

    fn dispatch(&self, call: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling> {
        if let Some(scope) = self.scope.as_ref().filter(|scope| !scope.permits(&call.method)) {
            // The same words whether there is such a method or not.
            let message = format!(
                "this socket is restricted to `{}`; `hallway.describe` tells what that is",
                scope.name()
            );
            ticket.error(WireError::new(code::NOT_PERMITTED, message));
            return None;
        }
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
