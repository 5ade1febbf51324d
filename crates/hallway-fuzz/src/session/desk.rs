use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, Stream};
use hallway::limits::CALLS_RUNNING_MAX;
use hallway::service::Method;
use hallway::{CallError, Client, Context, Progress, Subscription, Topic};

/// What either side serves: a method for each thing that a call can do. None panics, and none is large.
#[hallway::service(name = "desk", version = "1.0", sidecar)]
pub(super) trait Desk {
    /// Gives the text back.
    #[reply = "echoed"]
    async fn echo(&self, text: String) -> String;

    /// Says no.
    async fn refuse(&self) -> Result<(), DeskError>;

    /// Never answers.
    async fn wait(&self);

    /// Answers after so many turns of the runtime.
    #[idempotent]
    async fn later(&self, turns: u8) -> u8;

    /// Text of so many KiB.
    async fn long(&self, kib: u8) -> String;

    /// The numbers up to this one, and so many at the most.
    fn count(&self, to: u64) -> impl Stream<Item = u64>;

    /// What is published.
    fn told(&self, since: Option<u64>) -> Subscription<u64>;

    /// Publishes so many numbers.
    async fn tell(&self, count: u8);

    /// Asks the caller the same.
    async fn ask(&self, cx: &Context) -> Option<u8>;

    /// Reports so many steps.
    async fn work(&self, cx: &Context, steps: u8) -> u8;

    /// Hears.
    #[notification]
    async fn note(&self);
}

/// How the desk says no.
#[derive(Debug, Clone, hallway::Error)]
pub(super) enum DeskError {
    /// Always.
    #[error("no")]
    No,
}

/// A desk, and how many of its handlers run.
#[derive(Debug)]
pub(super) struct Clerk {
    running: Arc<AtomicUsize>,
    told: Topic<u64>,
}

impl Clerk {
    /// Its handlers count themselves there.
    pub(super) fn service(running: &Arc<AtomicUsize>) -> DeskService<Self> {
        DeskService::new(Self { running: Arc::clone(running), told: Topic::with_capacity(KEEPS) })
    }

    fn runs(&self) -> Runs {
        let before = self.running.fetch_add(1, Ordering::Relaxed);
        assert!(before < CALLS_RUNNING_MAX, "{before} handlers run already");
        Runs(Arc::clone(&self.running))
    }
}

/// Few, so that a subscriber is easily late.
const KEEPS: usize = 8;

/// A whole window and more, and few enough that somebody who has room for all of them hears them out.
const NUMBERS: u64 = 300;

/// A handler that runs.
struct Runs(Arc<AtomicUsize>);

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk for Clerk {
    async fn echo(&self, text: String) -> String {
        let _runs = self.runs();
        text
    }

    async fn refuse(&self) -> Result<(), DeskError> {
        Err(DeskError::No)
    }

    async fn wait(&self) {
        let _runs = self.runs();
        pending::<()>().await;
    }

    async fn later(&self, turns: u8) -> u8 {
        let _runs = self.runs();
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        turns
    }

    async fn long(&self, kib: u8) -> String {
        "x".repeat(usize::from(kib) * 1024)
    }

    fn count(&self, to: u64) -> impl Stream<Item = u64> {
        stream::iter(1..=to.min(NUMBERS))
    }

    fn told(&self, since: Option<u64>) -> Subscription<u64> {
        self.told.subscribe(since)
    }

    async fn tell(&self, count: u8) {
        for number in 0..count {
            self.told.publish(number.into());
        }
    }

    async fn ask(&self, cx: &Context) -> Option<u8> {
        static LATER: Method = Method { name: "desk.later", idempotent: true };
        let _runs = self.runs();
        let turns = std::collections::BTreeMap::from([("turns", 1)]);
        let answer: Result<u8, CallError> = Client::to_caller(cx).call(&LATER, &turns).await;
        answer.ok()
    }

    async fn work(&self, cx: &Context, steps: u8) -> u8 {
        let _runs = self.runs();
        for step in 0..steps {
            cx.progress(Progress::new(step.into(), Some(steps.into()), "at it"));
            tokio::task::yield_now().await;
        }
        steps
    }

    async fn note(&self) {
        let _runs = self.runs();
    }
}
