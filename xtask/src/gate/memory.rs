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

/// What is published meanwhile, again and again.
const EVENTS: &str = r#"{"count":32,"length":4000}"#;

pub(super) fn run(run: &Run) -> Outcome {
    let time = Duration::from_secs(run.count(60, 6) as u64);
    let mut site = Site::with_memory(run, MEMORY)?;
    let mut victim = Victim::connect(&site.target)?;
    let mut publisher = site.connect()?;
    let mut bands = Vec::new();
    for name in MIX {
        let attack = Attack::of_name(name).ok_or_else(|| format!("there is no attack `{name}`"))?;
        let [full, short] = attack.connections;
        let connections = run.count(full, short).div_ceil(SHARE);
        bands.push(Band::gather(&site.target, name, connections, 0, run.seed)?);
    }
    let over = AtomicBool::new(false);
    let felt = std::thread::scope(|scope| {
        scope.spawn(|| publisher.publish_until(EVENTS, &over));
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
