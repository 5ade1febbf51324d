//! `memory`: a daemon that may have 256 MiB and no more, where an allocation that fails ends it, and everybody at once who
//! can make a daemon keep something. It lives, and a client that behaves is answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::hostile::{Attack, Band, Victim};
use super::site::Site;
use super::{Outcome, Run, judge};

/// What the daemon may have, in MiB: what it may keep of messages in both directions (192), and itself.
const MEMORY: u64 = 256;

/// Who comes, together.
const MIX: [&str; 6] = [
    "subscribers-that-never-read",
    "replies-never-read",
    "long-replies-never-read",
    "announced-and-not-sent",
    "largest-frames",
    "json-bombs",
];

/// Of each, one in so many of those that there are in `hostile-neighbours`: together they are as many as a daemon takes.
const SHARE: usize = 3;

/// What is published meanwhile, and how often.
const EVENTS: &str = r#"{"count":32,"length":4000}"#;
const EVENTS_EVERY: Duration = Duration::from_millis(100);

pub(super) fn run(run: &Run) -> Outcome {
    let time = Duration::from_secs(run.count(60, 6) as u64);
    let mut site = Site::with_memory(run, MEMORY)?;
    let mut victim = Victim::connect(&site.target)?;
    let mut publisher = site.connect()?;
    let attacks = MIX.iter().filter_map(|name| Attack::of_name(name));
    let gathered = attacks.map(|attack| {
        let [full, short] = attack.connections;
        Band::gather(&site.target, attack.name, run.count(full, short).div_ceil(SHARE), 0, run.seed)
    });
    let bands = gathered.collect::<Result<Vec<_>, _>>()?;
    let over = AtomicBool::new(false);
    let felt = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) && publisher.ask("publish", EVENTS).is_ok() {
                std::thread::sleep(EVENTS_EVERY);
            }
        });
        let felt = victim.call_for(time);
        over.store(true, Ordering::Relaxed);
        felt
    })?;
    let (peak, alive) = (site.peak_memory().unwrap_or_default() >> 10, site.is_alive());
    drop(bands);
    println!(
        "{} at once for {time:?}: the daemon had {peak} MiB of {MEMORY}; victim: p50 {} us, p99 {} us of {} calls, {} failed",
        MIX.len(),
        felt.at(0.5),
        felt.at(0.99),
        felt.samples(),
        felt.failed
    );
    judge([
        (alive, "the daemon died".to_owned()),
        (felt.failed == 0, format!("{} calls failed: {:?}", felt.failed, felt.first)),
    ])
}
