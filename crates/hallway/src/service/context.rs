use std::sync::Arc;

use tokio::time::Instant;

use crate::connection::Link;
use crate::connection::ticket::Ticket;
use crate::protocol::Progress;
use crate::transport::Peer;

/// What a handler may ask about the call that it serves. A method that wants it takes `cx: &Context`; it is
/// not on the wire.
#[derive(Debug)]
pub struct Context {
    ticket: Arc<Ticket>,
}

impl Context {
    pub(crate) fn new(ticket: &Arc<Ticket>) -> Self {
        Self { ticket: Arc::clone(ticket) }
    }

    pub(crate) fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Who calls.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        self.ticket.link().peer()
    }

    /// When the caller stops waiting, if it said so. The handler is dropped then.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.ticket.deadline()
    }

    /// Tells the caller how far the call has come. Cheap and never waits; while the caller does not read,
    /// what is told is left out.
    pub fn progress(&self, progress: Progress) {
        self.ticket.progress(progress);
    }

    /// Something to ask, from any thread, whether the answer is still wanted: for work that goes on
    /// outside the handler's future, which is dropped when it is not.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        Cancellation(Arc::clone(&self.ticket))
    }

    /// Runs something that blocks, a query of a database for one, on a thread made for that, and returns what it
    /// returns. The call takes its place among those that run until the work has ended, also when its caller has taken
    /// it back: who calls and cancels in a row does not begin more work than there are places. Work that takes long
    /// asks a [`cancellation`](Self::cancellation) from time to time.
    ///
    /// # Panics
    /// When the work does: its panic is the handler's.
    ///
    /// # Cancel safety
    /// Work that has begun goes on to its end; what it returns is lost.
    pub async fn blocking<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> R {
        let hold = self.ticket.hold();
        let worked = tokio::task::spawn_blocking(move || {
            let worked = work();
            drop(hold);
            worked
        });
        match worked.await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(worked) => worked,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime shuts down, and this future with it.
            Err(Err(_)) => std::future::pending().await,
        }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        self.ticket.link()
    }
}

/// Tells whether a call's answer is still wanted.
#[derive(Debug, Clone)]
pub struct Cancellation(Arc<Ticket>);

impl Cancellation {
    /// Whether the caller has cancelled, gone away, or stopped waiting.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_withdrawn()
    }

    /// Waits until that is so.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn cancelled(&self) {
        self.0.withdrawn().await;
    }

    /// Tells the caller how far the call has come, see [`Context::progress`].
    pub fn progress(&self, progress: Progress) {
        self.0.progress(progress);
    }
}
