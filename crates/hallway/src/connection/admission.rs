use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::limits::LINE_MAX;

/// Whether a connection that has much to do may have its turn: a few at a time of all that do, in the order in which they asked. The
/// others are not in the runtime's queue, so that whoever has little to do, and does not ask, finds few before it there, and mostly a
/// thread that is free. Nobody waits for longer than [`LINE_MAX`]: a handler that blocks its thread holds up who asks after it for so long.
#[derive(Default)]
pub(super) enum Admission {
    #[default]
    NotAsked,
    InLine {
        since: Instant,
        turn: Pin<Box<dyn Future<Output = Permit> + Send>>,
    },
    Given {
        waited: Duration,
        _until_dropped: Permit,
    },
}

/// Without a permit, if none came in time.
type Permit = Option<OwnedSemaphorePermit>;

async fn in_line(turns: Arc<Semaphore>) -> Permit {
    // Nobody closes the semaphore.
    tokio::time::timeout(LINE_MAX, turns.acquire_owned()).await.ok()?.ok()
}

impl Admission {
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self, Self::NotAsked)
    }

    /// Asks, where that has not been done; tells how long that was ago. Who is told to wait is woken when it is its turn, and has gone to
    /// the end of the runtime's queue by then: what is woken by another task comes before all that are in there.
    pub(super) fn poll(&mut self, turns: &Arc<Semaphore>, cx: &mut Context<'_>) -> Poll<Duration> {
        let (turn, waited) = match self {
            Self::Given { waited, .. } => return Poll::Ready(*waited),
            Self::InLine { since, turn } => (ready!(turn.as_mut().poll(cx)), since.elapsed()),
            Self::NotAsked => match Arc::clone(turns).try_acquire_owned() {
                Ok(turn) => (Some(turn), Duration::ZERO),
                Err(_none) => {
                    // Not stopped by the runtime's own budget: from the first poll on, it has its place.
                    let turn = Box::pin(tokio::task::unconstrained(in_line(Arc::clone(turns))));
                    *self = Self::InLine { since: Instant::now(), turn };
                    return self.poll(turns, cx);
                }
            },
        };
        *self = Self::Given { waited, _until_dropped: turn };
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The turn has ended, and the next one's begins.
    pub(super) fn end(&mut self) {
        *self = Self::NotAsked;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker;

    use super::*;

    fn asks(admission: &mut Admission, turns: &Arc<Semaphore>) -> bool {
        admission.poll(turns, &mut Context::from_waker(&noop_waker())).is_ready()
    }

    #[tokio::test]
    async fn turns_are_given_in_the_order_of_asking_and_never_lost() {
        let turns = Arc::new(Semaphore::new(1));
        let [mut first, mut second, mut third] = <[Admission; 3]>::default();
        assert!(!asks(&mut first, &turns), "those who are in the queue come first");
        assert!(asks(&mut first, &turns) && asks(&mut first, &turns), "it has it until it ends");
        assert!(!asks(&mut second, &turns) && !asks(&mut third, &turns));
        first.end();
        assert!(!asks(&mut first, &turns), "others have waited");
        assert!(!asks(&mut third, &turns) && !asks(&mut third, &turns));
        // Its turn has come, and it goes before it hears of that.
        second.end();
        assert!(!asks(&mut third, &turns) && asks(&mut third, &turns));
        drop(third);
        assert!(!asks(&mut first, &turns) && asks(&mut first, &turns));
        first.end();
        assert_eq!(turns.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_for_long_goes_on_without_a_permit() {
        let turns = Arc::new(Semaphore::new(1));
        let _blocks = turns.acquire().await.unwrap();
        let began = Instant::now();
        let mut waits = Admission::default();
        let waited = std::future::poll_fn(|cx| waits.poll(&turns, cx)).await;
        assert!(waited >= LINE_MAX && began.elapsed() < 2 * LINE_MAX, "{waited:?}");
    }
}
