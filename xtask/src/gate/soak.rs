//! `soak`: what a daemon does in a long life, in a short one. Its memory does not grow, and descriptors and threads are what they
//! were.

use std::io;
use std::time::{Duration, Instant};

use super::hostile::Band;
use super::site::{Site, connections};
use super::{Outcome, Run, judge};

/// The life is cut into so many parts, and what there is after the first is what there has to be at the end.
const PARTS: usize = 10;

/// By how much memory may grow: so many KiB, or so many of a hundred.
const GROWTH_MAX: u64 = 1 << 10;
const GROWTH_MAX_PERCENT: u64 = 2;

/// Connections that call, of one attacker's, and how many of these there are.
const CALLING: usize = 4;

/// How long a client lives that is to be killed, at most.
const LIVES: Duration = Duration::from_millis(20);

/// Until when everything is still.
const STILL: Duration = Duration::from_secs(20);

pub(super) fn run(run: &Run) -> Outcome {
    let calls = run.count(10_000_000, 40_000) / PARTS;
    let connects = run.count(1_000_000, 4000) / PARTS;
    let subscriptions = run.count(100_000, 1600) / PARTS;
    let kills = run.count(1000, 20) / PARTS;
    let mut rng = run.rng();
    let begin = Instant::now();
    let site = Site::ours(run)?;
    let mut asker = site.connect()?;
    asker.ask("publish", r#"{"count":600,"length":100}"#)?;
    let (mut errors, mut early) = (Vec::new(), None);
    for part in 0..PARTS {
        let gather = |attack: &str, connections: usize, count: usize| {
            Band::gather(&site.target, attack, connections, count as u64, run.seed ^ part as u64)
        };
        let bands = [
            gather("soak-calls", CALLING, calls)?,
            gather("soak-connects", 1, connects)?,
            gather("soak-subscriptions", 1, subscriptions)?,
        ];
        for _ in 0..kills {
            let killed = gather("soak-killed", 1, 0)?;
            std::thread::sleep(rng.pause(LIVES));
            // An attacker that is let go of is killed.
            drop(killed);
        }
        for band in bands {
            let tally = band.finish()?;
            errors.extend(tally.all("heard:").map(|(word, count)| format!("{count} {word}")));
        }
        site.until("everything is still", STILL, || {
            let status = asker.ask("hallway.status", "{}")?;
            let census = asker.ask("census", "{}")?;
            let live = census.get("live").and_then(serde_json::Value::as_u64);
            Ok((connections(&status), live) == (1, Some(0)))
        })?;
        let now = Measures::of(&site)?;
        println!("{} %: {now}", (part + 1) * 100 / PARTS);
        early.get_or_insert(now);
    }
    let (early, late) = (early.ok_or("nothing was measured")?, Measures::of(&site)?);
    println!(
        "{} calls, {} connects, {} subscriptions, {} clients killed in {:.0} s; {} errors",
        calls * PARTS,
        connects * PARTS,
        subscriptions * PARTS,
        kills * PARTS,
        begin.elapsed().as_secs_f32(),
        errors.len()
    );
    let growth = late.memory.saturating_sub(early.memory);
    let most = GROWTH_MAX.max(early.memory * GROWTH_MAX_PERCENT / 100);
    judge([
        (errors.is_empty(), format!("not every answer was one: {}", errors.join(", "))),
        (growth <= most, format!("memory grew by {growth} KiB, more than {most}")),
        (
            (late.descriptors, late.threads) == (early.descriptors, early.threads),
            format!("at first {early}, and at last {late}"),
        ),
    ])
}

/// What the kernel says of the daemon.
struct Measures {
    memory: u64,
    descriptors: usize,
    threads: u64,
}

impl Measures {
    fn of(site: &Site) -> io::Result<Self> {
        Ok(Self { memory: site.memory()?, descriptors: site.descriptors()?, threads: site.threads()? })
    }
}

impl std::fmt::Display for Measures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} KiB, {} descriptors, {} threads", self.memory, self.descriptors, self.threads)
    }
}
