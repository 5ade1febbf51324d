//! Calls of the peer on their way to whoever serves them, and until they have ended.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Link;
use super::act::answer;
use super::batch::{InList, Line};
use super::messages::{Command, Reply};
use super::places::Lane;
use super::ticket::Ticket;
use super::turn::Turn;
use crate::encoding::Raw;
use crate::fairness::others_first;
use crate::limits::PARAMS_MAX;
use crate::protocol::{Call, WireError, code};

/// A call in the works.
pub(crate) type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a method asks of the connection that calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) lane: Lane,
    /// The longest parameters, in bytes.
    pub(crate) params_max: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lane: Lane::Interactive, params_max: PARAMS_MAX }
    }
}

/// Whoever serves the peer's calls.
pub(crate) trait Dispatch: Send + Sync + 'static {
    /// What is to be known of a method before it is called.
    fn terms(&self, _method: &str) -> Terms {
        Terms::default()
    }

    /// The longest parameters of any method, in bytes.
    fn params_max(&self) -> usize {
        PARAMS_MAX
    }

    /// Begins a call. `None`: it has been answered already.
    fn dispatch(&self, call: Call<'_, Raw<'_>>, ticket: &Arc<Ticket>) -> Option<Handling>;

    /// What a message of this name asks for.
    fn command(&self, name: &str) -> Result<&Command, WireError>;

    /// The methods that are subscribed to for a peer that need not ask, by the names of their events.
    fn events(&self) -> &BTreeMap<&'static str, String>;
}

/// Begins a call of the peer's.
pub(super) fn begin(
    link: &Arc<Link>,
    dispatch: &Arc<dyn Dispatch>,
    call: Call<'_, Raw<'_>>,
    reply: Reply,
    list: InList<'_>,
) {
    let terms = dispatch.terms(&call.method);
    let size = call.params.map_or(0, |params| params.bytes().len());
    let opened = if size > terms.params_max {
        Err(too_long(&call.method, size, terms.params_max))
    } else {
        link.incoming().open(link, &call, terms, size, reply, list.batch)
    };
    let ticket = match opened {
        Ok(ticket) => ticket,
        Err(error) => {
            if call.id.is_some() {
                answer(link, list.batch, call.id, error);
            }
            return;
        }
    };
    // The service's own types are read here; a panic of theirs is the error of this call.
    match std::panic::catch_unwind(AssertUnwindSafe(|| dispatch.dispatch(call, &ticket))) {
        Ok(Some(handling)) => {
            let turn = link.incoming().turn(&ticket);
            start(link, Handler { handling: Some(handling), ticket, turn }, list.line);
        }
        Ok(None) => (),
        Err(_panic) => ticket.error(panicked()),
    }
}

fn too_long(method: &str, size: usize, max: usize) -> WireError {
    let message = format!("{size} bytes of parameters, where `{method}` takes {max} at the most");
    WireError::new(code::FRAME_TOO_LONG, message)
        .with_details(&serde_json::json!({ "size": size, "max": max }))
}

/// Polls a handler once, here, if it is its turn, and there is no line for that; only one that has to wait becomes a task. While
/// the peer does not read its answers, nothing begins.
fn start(link: &Arc<Link>, mut handler: Handler, line: Option<&Arc<Line>>) {
    let ticket = Arc::clone(&handler.ticket);
    if ticket.is_overdue() {
        return;
    }
    let waits = line.is_some() || link.is_full() || !handler.turn.has_come();
    let runs = !waits && link.incoming().try_place(&ticket);
    // Nothing is lost by not being woken: the task polls again at once.
    if runs && handler.goes_on(&mut Context::from_waker(Waker::noop())) {
        return;
    }
    let deadline = ticket.deadline();
    let waiting = Arc::clone(link);
    let first = line.map(|line| Turn::last_of(Arc::clone(line)));
    let run = async move {
        handler.turn.comes().await;
        let mut runs = runs;
        if let Some(mut first) = first {
            first.comes().await;
            others_first().await;
            runs = !waiting.is_full() && waiting.incoming().try_place(&handler.ticket);
            // The next one's turn comes when this one has answered, or waits for something.
            if runs && !handler.ticket.is_overdue() && poll_fn(|cx| Poll::Ready(handler.goes_on(cx))).await {
                return;
            }
        }
        if !runs {
            // Who waits for its peer to read has no place in its hands, which others could use.
            waiting.room().await;
            waiting.incoming().place(&handler.ticket).await;
        }
        if !handler.ticket.is_overdue() {
            handler.await;
        }
    };
    let task = tokio::spawn(async move {
        match deadline {
            Some(deadline) => drop(tokio::time::timeout_at(deadline, run).await),
            None => run.await,
        }
    });
    link.incoming().runs_as(&ticket, task.abort_handle());
}

/// A call in the works, together with the duty to answer it: when it ends, panics, or is dropped.
struct Handler {
    handling: Option<Handling>,
    ticket: Arc<Ticket>,
    /// The next one's turn comes when this one has answered and stopped.
    turn: Turn,
}

impl Handler {
    /// Goes as far as it can. Whether that was to its end.
    fn goes_on(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(self).poll(cx).is_ready()
    }
}

impl Future for Handler {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(handling) = &mut self.handling else { return Poll::Ready(()) };
        match std::panic::catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(cx))) {
            Ok(polled) => polled,
            Err(_panic) => {
                self.ticket.error(panicked());
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        // The call counts as open until its handler has stopped. What it holds may panic as it goes, and
        // this may be the connection's own task.
        let _panicked = std::panic::catch_unwind(AssertUnwindSafe(|| self.handling = None));
        self.ticket.settle();
        self.ticket.lets_go();
    }
}

fn panicked() -> WireError {
    // The panic's own words have gone to the log; they may hold what the caller must not see.
    WireError::new(code::INTERNAL, "the handler panicked; the daemon's log says where")
}
