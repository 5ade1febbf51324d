//! How a task of the library lets those of others through.

use std::future::poll_fn;
use std::task::Poll;

/// In a task, goes to the end of the runtime's queue, so that whatever is in it comes first. Not as tokio's own `yield_now`, which
/// waits until the runtime asks the system for news, and then comes before everybody who is in line: a task that begins work
/// for others, a little at a time, would have begun all of it before anybody else had a turn.
///
/// # Cancel safety
/// Nothing is lost.
pub(crate) async fn others_first() {
    let mut waited = false;
    let pause = poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    pause.await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn whoever_was_there_before_comes_first() {
        static DONE: AtomicUsize = AtomicUsize::new(0);
        const OTHERS: usize = 40;
        // One thread and one queue.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).event_interval(4).enable_all().build().unwrap();
        let first = runtime.spawn(async {
            for _ in 0..OTHERS {
                tokio::spawn(async { DONE.fetch_add(1, Ordering::Relaxed) });
            }
            others_first().await;
            DONE.load(Ordering::Relaxed)
        });
        assert_eq!(runtime.block_on(first).unwrap(), OTHERS);
    }
}
