use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Whether a connection that has much to do may have its turn: a few at a time of all that do, in the order in which they asked. The
/// others are not in the runtime's queue, so that whoever has little to do, and does not ask, finds few before it there, and a thread that
/// is free.
#[derive(Default)]
pub(super) enum Admission {
    #[default]
    NotAsked,
    InLine(Pin<Box<dyn Future<Output = Turn> + Send>>),
    Given {
        _until_dropped: Turn,
    },
}

/// Nobody closes the semaphore.
type Turn = Result<OwnedSemaphorePermit, AcquireError>;

impl Admission {
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self, Self::NotAsked)
    }

    /// Asks, where that has not been done. Who is told to wait is woken when it is its turn, and has gone to the end of the runtime's
    /// queue by then: what is woken by another task comes before all that are in there.
    pub(super) fn poll(&mut self, turns: &Arc<Semaphore>, cx: &mut Context<'_>) -> Poll<()> {
        let turn = match self {
            Self::Given { .. } => return Poll::Ready(()),
            Self::InLine(turn) => ready!(turn.as_mut().poll(cx)),
            Self::NotAsked => match Arc::clone(turns).try_acquire_owned() {
                Ok(turn) => Ok(turn),
                Err(_none) => {
                    // Not stopped by the runtime's own budget: from the first poll on, it has its place.
                    let line = tokio::task::unconstrained(Arc::clone(turns).acquire_owned());
                    *self = Self::InLine(Box::pin(line));
                    return self.poll(turns, cx);
                }
            },
        };
        *self = Self::Given { _until_dropped: turn };
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

    #[test]
    fn turns_are_given_in_the_order_of_asking_and_never_lost() {
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
}
