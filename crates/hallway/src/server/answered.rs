use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::connection::Dispatch;
use crate::connection::driver::Handling;
use crate::connection::incoming::Ticket;
use crate::encoding::Raw;
use crate::protocol::Call;
use crate::service::Router;

/// The services, and whether any call has been handled to its end: what tells a server that works from one
/// that only listens.
#[derive(Debug)]
pub(super) struct Answering {
    router: Router,
    answered: Arc<Answered>,
}

#[derive(Debug)]
struct Answered {
    /// Looked at with every call.
    yes: AtomicBool,
    told: watch::Sender<bool>,
}

impl Answering {
    pub(super) fn new(router: Router) -> Self {
        let answered = Answered { yes: AtomicBool::new(false), told: watch::channel(false).0 };
        Self { router, answered: Arc::new(answered) }
    }

    pub(super) fn router(&self) -> &Router {
        &self.router
    }

    /// Becomes true with the first call.
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.answered.told.subscribe()
    }
}

impl Answered {
    fn set(&self) {
        self.yes.store(true, Ordering::Relaxed);
        self.told.send_replace(true);
    }
}

impl Dispatch for Answering {
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
}
