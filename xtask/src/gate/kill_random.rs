//! `kill-random`: daemons are killed at random moments of their starts and of their work, as fast as they come, while
//! clients write. What has been acknowledged is there, a call that is not idempotent never has two effects, and no
//! client hangs.
//!
//! The writes are made to the mail daemon, which has a store. Its methods are all idempotent; so the other call is
//! made to the gates' own daemon, at the same time.

mod mail;
mod once;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hallway::blocking::{Client, ClientBuilder};
use hallway::client::{CallError, CallOptions};
use hallway::lifecycle::Connector;
use nix::sys::signal::{Signal, kill};

use super::held::Hold;
use super::{Outcome, Rng, Run};

/// How many write to each daemon.
const CLIENTS: usize = 4;

/// A client that waits for longer hangs: with all the daemons that are killed under it, a call takes a second or two on a
/// busy machine.
const HANGS: Duration = Duration::from_secs(20);

pub(super) fn run(run: &Run) -> Outcome {
    let kills = run.count(5000, 100);
    let mut seeds = run.rng();
    let (mail_seed, once_seed) = (seeds.below(u64::MAX), seeds.below(u64::MAX));
    let (mail, once) = std::thread::scope(|scope| {
        let mail =
            scope.spawn(|| mail::run(run, kills, Rng::new(mail_seed)).map_err(|error| error.to_string()));
        let once = once::run(run, kills, Rng::new(once_seed)).map_err(|error| error.to_string());
        (mail.join().unwrap_or_else(|_| Err("the clients of the mail daemon panicked".to_owned())), once)
    });
    match (mail, once) {
        (Ok(()), Ok(())) => Ok(()),
        (mail, once) => {
            Err([mail.err(), once.err()].into_iter().flatten().collect::<Vec<_>>().join("; ").into())
        }
    }
}

/// Within which time a daemon is killed that is to die as it starts, counted from its first moment.
const STARTS: Duration = Duration::from_millis(50);

/// The longest time for its work that a daemon is given.
const WORKS_MAX: Duration = Duration::from_secs(2);

/// Kills each daemon that comes, one as it starts and the next at work, which it is let do for up to so long, and for twice
/// as long from then on where it has done nothing in its time: disks differ. Tells the clients when it is over.
fn kill_each(hold: Hold, kills: usize, mut works: Duration, rng: &mut Rng, load: &Load) -> io::Result<()> {
    let mut killed = 0;
    let mut kill_next = || {
        let held = hold.next()?;
        let pid = held.pid;
        drop(held);
        if killed % 2 == 0 {
            std::thread::sleep(rng.pause(STARTS));
        } else {
            let _serves = load.connector.reach();
            let before = load.acknowledged.load(Ordering::Relaxed);
            std::thread::sleep(rng.pause(works));
            if load.acknowledged.load(Ordering::Relaxed) == before {
                works = (2 * works).min(WORKS_MAX);
            }
        }
        killed += usize::from(kill(pid, Signal::SIGKILL).is_ok());
        Ok(killed < kills)
    };
    let outcome = loop {
        match kill_next() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    load.over.store(true, Ordering::Relaxed);
    // The last daemon is let go, and nobody kills it.
    drop(hold);
    outcome
}

/// What the clients of one daemon have in common.
struct Load {
    connector: Connector,
    over: AtomicBool,
    calls: AtomicU64,
    acknowledged: AtomicU64,
    hung: AtomicU64,
    longest: AtomicU64,
}

impl Load {
    fn new(connector: Connector) -> Self {
        // A daemon that is killed before it was of use counts as one that fails, and they all are.
        let connector = connector.at_once().within(HANGS);
        let (over, calls, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let (hung, longest) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { connector, over, calls, acknowledged, hung, longest }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn has_hung(&self) -> bool {
        self.hung.load(Ordering::Relaxed) > 0
    }

    fn client(&self) -> Result<Client, CallError> {
        let builder: ClientBuilder = Client::builder().options(CallOptions::new().deadline(HANGS));
        builder.connect(self.connector.clone())
    }

    /// Notes that what was to have an effect has it.
    fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes a call, and notes whether it hung.
    fn call<R>(&self, call: impl FnOnce() -> Result<R, CallError>) -> Result<R, CallError> {
        let begin = Instant::now();
        let called = call();
        let took = begin.elapsed();
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.longest.fetch_max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if took >= HANGS || called.as_ref().is_err_and(|error| error.code().contains("deadline")) {
            self.hung.fetch_add(1, Ordering::Relaxed);
        }
        called
    }

    /// What was measured, and whether any client hung.
    fn tell(&self, daemon: &str, kills: usize, begin: Instant, rest: &str) -> Outcome {
        let (calls, hung) = (self.calls.load(Ordering::Relaxed), self.hung.load(Ordering::Relaxed));
        println!(
            "{daemon}: {kills} kills in {:.0} s, {calls} calls, {hung} hung, the longest {} ms; {rest}",
            begin.elapsed().as_secs_f32(),
            self.longest.load(Ordering::Relaxed)
        );
        if hung > 0 { Err(format!("{hung} clients of the {daemon} hung").into()) } else { Ok(()) }
    }
}
