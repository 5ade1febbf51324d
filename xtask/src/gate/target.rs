//! The daemon that hostile clients are set on: this program, under another first argument.

use std::fs::File;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use hallway::lifecycle::{Daemon, Instance};
use hallway::{Subscription, Topic};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The service's name, and its instance's.
pub(super) const NAME: &str = "target";

/// The variable that says how many descriptors the daemon may have.
pub(super) const DESCRIPTORS: &str = "HALLWAY_GATE_DESCRIPTORS";

/// The variable that says how much memory it may have, in MiB.
pub(super) const MEMORY: &str = "HALLWAY_GATE_MEMORY";

/// Events that are kept for those who are late: few, since they are long.
pub(super) const KEEPS: usize = 256;

/// What can be done to a daemon.
#[hallway::service(name = "target", version = "1.0")]
pub(super) trait Target {
    /// Gives the text back.
    #[idempotent]
    async fn echo(&self, text: String) -> String;

    /// A text of so many bytes.
    #[idempotent]
    async fn big(&self, length: u32) -> String;

    /// Runs until it is taken back.
    async fn hold(&self);

    /// Computes for so long, without a pause.
    async fn burn(&self, micros: u64);

    /// The same, once it has waited for something: as a task of its own.
    async fn burn_later(&self, micros: u64);

    /// What is published.
    fn events(&self, since: Option<u64>) -> Subscription<String>;

    /// Publishes so many texts of so many bytes, and gives the number of the last.
    async fn publish(&self, count: u32, length: u32) -> u64;

    /// How many calls of `hold` there are and were.
    #[idempotent]
    async fn census(&self) -> Census;

    /// Takes all of the process's descriptors but so many.
    async fn hoard(&self, leave: u32);

    /// Gives them back.
    async fn release(&self);
}

/// Calls of `hold`, counted by their handlers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Census {
    /// Those that have not stopped.
    live: u64,
    /// The most at one time.
    peak: u64,
    /// All.
    begun: u64,
}

#[derive(Default)]
struct Counts {
    live: AtomicU64,
    peak: AtomicU64,
    begun: AtomicU64,
}

struct Served {
    events: Topic<String>,
    counts: Counts,
    hoard: Mutex<Vec<File>>,
}

/// A handler that has not stopped. It takes a while to.
struct Live<'a>(&'a Counts);

/// How long a handler goes on when its call is taken back.
const STOPS: Duration = Duration::from_micros(5);

impl<'a> Live<'a> {
    fn new(counts: &'a Counts) -> Self {
        counts.begun.fetch_add(1, Ordering::Relaxed);
        let live = counts.live.fetch_add(1, Ordering::Relaxed) + 1;
        counts.peak.fetch_max(live, Ordering::Relaxed);
        Self(counts)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        compute(STOPS);
        self.0.live.fetch_sub(1, Ordering::Relaxed);
    }
}

fn compute(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

impl Target for Served {
    async fn echo(&self, text: String) -> String {
        text
    }

    async fn big(&self, length: u32) -> String {
        "x".repeat(length as usize)
    }

    async fn hold(&self) {
        let _live = Live::new(&self.counts);
        std::future::pending::<()>().await;
    }

    async fn burn(&self, micros: u64) {
        compute(Duration::from_micros(micros));
    }

    async fn burn_later(&self, micros: u64) {
        let mut polled = false;
        let second = std::future::poll_fn(|cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        second.await;
        compute(Duration::from_micros(micros));
    }

    fn events(&self, since: Option<u64>) -> Subscription<String> {
        self.events.subscribe(since)
    }

    async fn publish(&self, count: u32, length: u32) -> u64 {
        let text = "x".repeat(length as usize);
        (0..count).fold(self.events.last(), |_, _| self.events.publish(text.clone()))
    }

    async fn census(&self) -> Census {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { live, peak, begun } = &self.counts;
        Census { live: count(live), peak: count(peak), begun: count(begun) }
    }

    async fn hoard(&self, leave: u32) {
        let Ok(mut hoard) = self.hoard.lock() else { return };
        hoard.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
        let kept = hoard.len().saturating_sub(leave as usize);
        hoard.truncate(kept);
    }

    async fn release(&self) {
        if let Ok(mut hoard) = self.hoard.lock() {
            hoard.clear();
        }
    }
}

/// The daemon's part.
pub(super) fn daemon() -> ExitCode {
    let limits = [(DESCRIPTORS, Resource::RLIMIT_NOFILE, 1), (MEMORY, Resource::RLIMIT_DATA, 1 << 20)];
    for (variable, resource, unit) in limits {
        let Some(number) = std::env::var(variable).ok().and_then(|number| number.parse::<u64>().ok()) else {
            continue;
        };
        let hard = getrlimit(resource).map_or(number * unit, |(_, hard)| hard);
        if setrlimit(resource, number * unit, hard).is_err() {
            return ExitCode::FAILURE;
        }
    }
    let Ok(instance) = Instance::new(NAME) else { return ExitCode::FAILURE };
    Daemon::new(instance, "gate", "1.0.0").idle_exit(Duration::ZERO).run(|_, server| {
        let served = Served {
            events: Topic::with_capacity(KEEPS),
            counts: Counts::default(),
            hoard: Mutex::default(),
        };
        Ok(server.service(TargetService::new(served)))
    })
}
