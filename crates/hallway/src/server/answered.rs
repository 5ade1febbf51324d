use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::connection::Dispatch;
use crate::connection::handler::{Handling, Terms};
use crate::connection::messages::Command;
use crate::connection::ticket::Ticket;
use crate::encoding::Raw;
use crate::protocol::{Call, WireError};
use crate::service::Router;

/// Whether any call has been handled to its end: what tells a server that works from one that only listens.
#[derive(Debug)]
pub(super) struct Answered {
    /// Looked at with every call.
    yes: AtomicBool,
    told: watch::Sender<bool>,
}

impl Default for Answered {
    fn default() -> Self {
        Self { yes: AtomicBool::new(false), told: watch::channel(false).0 }
    }
}

impl Answered {
    /// Becomes true with the first call.
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.told.subscribe()
    }

    fn set(&self) {
        self.yes.store(true, Ordering::Relaxed);
        self.told.send_replace(true);
    }
}

/// What a connection's calls go to.
#[derive(Debug)]
pub(super) struct Answering {
    router: Arc<Router>,
    answered: Arc<Answered>,
}

impl Answering {
    pub(super) fn new(router: Arc<Router>, answered: Arc<Answered>) -> Self {
        Self { router, answered }
    }

    pub(super) fn router(&self) -> &Router {
        &self.router
    }
}

impl Dispatch for Answering {
    fn terms(&self, method: &str) -> Terms {
        self.router.terms(method)
    }

    fn params_max(&self) -> usize {
        self.router.params_max()
    }

    fn dispatch(&self, call: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling> {
        let handling = self.router.dispatch(call, ticket);
        if self.answered.yes.load(Ordering::Relaxed) {
            return handling;
        }
        let answered = Arc::clone(&self.answered);
        match handling {
            Some(handling) => Some(Box::pin(async move {
                handling.await;
                answered.set();
            })),
            None => {
                answered.set();
                None
            }
        }
    }

    fn command(&self, name: &str) -> Result<&Command, WireError> {
        self.router.command(name)
    }

    fn events(&self) -> &BTreeMap<&'static str, String> {
        self.router.events()
    }
}
