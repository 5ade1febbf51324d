//! Who waits for the next event of a topic.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::fairness::others_first;

/// So many are woken at once. Those behind them are when it is their turn among everything else that the runtime does: were a
/// thousand woken together, whoever calls in the meantime would wait until all of them have been served.
const WOKEN: usize = 8;

/// Who has not gone on waking them for so long may never do so: its runtime stands still. The next publisher takes over.
const STANDS_STILL: Duration = Duration::from_millis(10);

/// Those who wait, by their numbers, and those whose news has come.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    waiting: HashMap<u64, Waker>,
    /// Those whose news has come, in that order, and whom to wake if they have not gone meanwhile: each is in line once, however much is
    /// published.
    line: VecDeque<u64>,
    due: HashMap<u64, Option<Waker>>,
    /// When somebody who wakes those who are due has last woken some.
    waking: Option<Instant>,
    /// Where one who waits is served: those who are due are woken from there, since that runtime goes on where a publisher's may not.
    runtime: Option<Handle>,
}

impl Waiting {
    /// A number for a subscriber.
    pub(super) fn number(&self) -> u64 {
        let mut state = self.state();
        state.last += 1;
        state.last
    }

    /// The subscriber of this number waits.
    pub(super) fn wait(&self, number: u64, waker: &Waker) {
        let mut state = self.state();
        state.runtime = Handle::try_current().ok();
        let State { waiting, due, .. } = &mut *state;
        if let Some(due) = due.get_mut(&number) {
            *due = Some(waker.clone());
        } else if let Some(waiting) = waiting.get_mut(&number) {
            waiting.clone_from(waker);
        } else {
            waiting.insert(number, waker.clone());
        }
    }

    /// It has gone, or need not be woken.
    pub(super) fn leave(&self, number: u64) {
        let mut state = self.state();
        match state.due.get_mut(&number) {
            Some(waker) => *waker = None,
            None => drop(state.waiting.remove(&number)),
        }
    }

    /// There is news for everybody who waits.
    pub(super) fn wake(self: &Arc<Self>) {
        let mut state = self.state();
        let State { waiting, line, due, .. } = &mut *state;
        for (number, waker) in waiting.drain() {
            line.push_back(number);
            due.insert(number, Some(waker));
        }
        let others_do = state.waking.is_some_and(|last| last.elapsed() < STANDS_STILL);
        if others_do || state.line.is_empty() {
            return;
        }
        state.waking = Some(Instant::now());
        let rest = (state.line.len() > WOKEN).then(|| Rest(Arc::clone(self)));
        let runtime = state.runtime.clone();
        drop(state);
        // Before the first are woken: of what a thread has put in line, the last is nobody else's to take. Without a runtime, all of
        // them are woken at once, as the rest is dropped.
        if let (Some(rest), Some(runtime)) = (rest, runtime) {
            drop(runtime.spawn(rest.wake()));
        }
        self.wake_some();
    }

    /// Wakes those who are first. Whether there are more.
    fn wake_some(&self) -> bool {
        let mut state = self.state();
        let some = WOKEN.min(state.line.len());
        let State { line, due, .. } = &mut *state;
        let first: Vec<_> = line.drain(..some).filter_map(|number| due.remove(&number)?).collect();
        let more = !state.line.is_empty();
        state.waking = more.then(Instant::now);
        drop(state);
        first.into_iter().for_each(Waker::wake);
        more
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those who are due and have not been woken: they are, also when a runtime that ends drops whoever was about to.
struct Rest(Arc<Waiting>);

impl Rest {
    async fn wake(self) {
        while self.0.wake_some() {
            others_first().await;
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        while self.0.wake_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn take(&self) -> usize {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    fn waiting(waiting: &Waiting, count: usize) -> Arc<Count> {
        let woken = Arc::<Count>::default();
        let waker = Waker::from(Arc::clone(&woken));
        for _ in 0..count {
            let number = waiting.number();
            waiting.wait(number, &waker);
            waiting.wait(number, &waker);
        }
        woken
    }

    /// A task with nobody but those who wake beside it.
    #[tokio::test]
    async fn many_are_woken_a_few_at_a_time() {
        let task = tokio::spawn(async {
            let all = Arc::<Waiting>::default();
            let woken = waiting(&all, 3 * WOKEN + 1);
            all.wake();
            assert_eq!(woken.take(), WOKEN);
            // Whoever comes meanwhile is woken behind those.
            let late = waiting(&all, 1);
            all.wake();
            for expected in [WOKEN, WOKEN, 1] {
                assert_eq!(late.take(), 0);
                others_first().await;
                assert_eq!(woken.take(), expected);
            }
            assert_eq!(late.take(), 1);
            let again = waiting(&all, WOKEN);
            all.wake();
            assert_eq!(again.take(), WOKEN, "few are woken at once");
        });
        task.await.unwrap();
    }

    #[test]
    fn all_are_woken_where_there_is_no_runtime_or_it_ends() {
        let all = Arc::<Waiting>::default();
        let woken = waiting(&all, 100);
        all.wake();
        assert_eq!(woken.take(), 100);
        let woken = waiting(&all, 100);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { all.wake() });
        drop(runtime);
        assert_eq!(woken.take(), 100);
        let woken = waiting(&all, 1);
        all.wake();
        assert_eq!(woken.take(), 1);
    }

    async fn took(woken: &Count, many: usize) {
        let all = async {
            let mut sum = 0;
            while sum < many {
                sum += woken.take();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.unwrap();
    }

    /// As a thread does that has a runtime of its own, and publishes what it receives by other means.
    #[tokio::test]
    async fn a_publisher_whose_runtime_stands_still_keeps_nobody_asleep() {
        let all = Arc::<Waiting>::default();
        let woken = waiting(&all, 3 * WOKEN);
        let still = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let entered = still.enter();
        all.wake();
        drop(entered);
        took(&woken, 3 * WOKEN).await;
        // Nor does one where they wait, once it has been so for a while.
        let woken = {
            let _entered = still.enter();
            waiting(&all, 3 * WOKEN)
        };
        all.wake();
        assert_eq!(woken.take(), WOKEN);
        all.state().waking = Instant::now().checked_sub(STANDS_STILL);
        let _here = waiting(&all, 1);
        all.wake();
        took(&woken, 2 * WOKEN).await;
        drop(tokio::task::spawn_blocking(|| drop(still)));
    }

    #[tokio::test]
    async fn who_is_due_is_in_line_once_whatever_is_published() {
        let all = Arc::<Waiting>::default();
        let woken = waiting(&all, 3 * WOKEN);
        all.wake();
        let waker = Waker::from(Arc::clone(&woken));
        for number in 1..=3 * WOKEN as u64 {
            all.leave(number);
            all.wait(number, &waker);
            all.wake();
        }
        // The first few wait anew.
        assert_eq!(all.state().line.len(), 3 * WOKEN);
        (1..=3 * WOKEN as u64).for_each(|number| all.leave(number));
        drop(Rest(Arc::clone(&all)));
        assert_eq!((woken.take(), all.state().due.len()), (WOKEN, 0));
    }

    #[test]
    fn who_goes_is_not_woken() {
        let all = Arc::<Waiting>::default();
        let woken = waiting(&all, 1);
        all.leave(1);
        all.wake();
        assert_eq!(woken.take(), 0);
    }
}
