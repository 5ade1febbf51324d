//! `slow-writers`: thousands of clients that begin to say something and do not come to its end. Each costs little, ends at
//! its deadline and is told why, and others do not wait for them.

use std::time::Duration;

use super::hostile::{Band, Tally, Victim};
use super::site::{Site, connections};
use super::toll::{Toll, Victims};
use super::world::PATIENCE;
use super::{Outcome, Run, judge};

/// What each may cost, in bytes of the daemon's own memory.
const EACH_MAX: u64 = 16 << 10;

/// What a thousand may cost that announce 1 MiB, in KiB.
const ANNOUNCED_MAX: u64 = 32 << 10;

/// Until when a message has to be there once it was begun, and until when it has to be known what is spoken; and how much
/// later the end may come.
const FRAME: Duration = Duration::from_secs(30);
const UNRECOGNISED: Duration = Duration::from_secs(5);
const LATE: Duration = Duration::from_secs(1);

/// How many times longer than in idle times a victim may wait.
const RATIO_MAX: f64 = 3.0;

pub(super) fn run(run: &Run) -> Outcome {
    writers(run, "one-byte-a-second", run.count(5000, 400), FRAME, |bytes, _| {
        (bytes <= EACH_MAX, format!("each costs {bytes} bytes"))
    })?;
    // In a short run the first have shown already that the deadline holds.
    let frame = if run.short { UNRECOGNISED } else { FRAME };
    writers(run, "announced-and-not-sent", run.count(1000, 200), frame, |_, growth| {
        (growth <= ANNOUNCED_MAX, format!("memory grew by {growth} KiB"))
    })?;
    writers(run, "unrecognised", run.count(1000, 200), UNRECOGNISED, |bytes, _| {
        (bytes <= EACH_MAX, format!("each costs {bytes} bytes"))
    })
}

/// Sets so many on a daemon, and waits until they have been ended.
fn writers(
    run: &Run,
    attack: &str,
    count: usize,
    deadline: Duration,
    costs: impl Fn(u64, u64) -> (bool, String),
) -> Outcome {
    let site = Site::ours(run)?;
    let mut victims = Victims::new(Victim::connect(&site.target)?, Site::ours(run)?)?;
    let [idle, _] = victims.call_for(Duration::from_secs(run.count(20, 1) as u64))?;
    let before = site.memory()?;
    let band = Band::gather(&site.target, attack, count, 0, run.seed)?;
    let mut there = 0;
    site.until("they are there", PATIENCE, || {
        let status = victims.here.peer.ask("hallway.status", "{}")?;
        there = connections(&status) - 1;
        Ok(there == most(&status).min(count as u64 + 1) - 1)
    })?;
    // Some bytes of each are there by then, and nobody has been ended.
    let [felt, beside] = victims.call_for(deadline.mul_f32(0.6))?;
    let toll = Toll { idle, felt, beside };
    let growth = site.memory()?.saturating_sub(before);
    let each = (growth << 10) / there.max(1);
    let ends = !run.short || attack != "announced-and-not-sent";
    if ends {
        site.until("those who are slow are ended", deadline + 10 * LATE, || {
            Ok(connections(&victims.here.peer.ask("hallway.status", "{}")?) == 1)
        })?;
    }
    let tally = band.end()?;
    let (first, last) = ages(&tally);
    println!(
        "{attack}: {count} came, {there} were taken; {each} bytes each, {growth} KiB in all; {} ended, after {first} to {last} s",
        tally.get("ended")
    );
    for (word, count) in tally.all("heard:") {
        println!("  heard {word}: {count}");
    }
    println!("  {toll}");
    let (soonest, latest) = (deadline.as_secs_f32() - LATE.as_secs_f32(), (deadline + LATE).as_secs_f32());
    let in_time = soonest <= first && last <= latest + if run.short { LATE.as_secs_f32() } else { 0.0 };
    let told = tally.get("heard:slow_writer") + tally.get("heard:busy");
    let claims = [
        costs(each, growth),
        (!ends || tally.get("left") == 0, format!("{} were never ended", tally.get("left"))),
        (!ends || in_time, format!("they were ended after {first} to {last} s, not {deadline:?}")),
        (!ends || told == tally.get("ended"), format!("only {told} of {} were told why", tally.get("ended"))),
    ];
    judge(claims.into_iter().chain(toll.claims(run.bearable(RATIO_MAX))))
        .map_err(|error| format!("{attack}: {error}").into())
}

/// How many connections it takes.
fn most(status: &serde_json::Value) -> u64 {
    status.get("limits").and_then(|limits| limits.get("connections_max")?.as_u64()).unwrap_or_default()
}

/// After how many seconds the first was ended that was not refused at once, and the last.
fn ages(tally: &Tally) -> (f32, f32) {
    let ages: Vec<f32> =
        tally.all("after:").filter_map(|(age, _)| age.parse().ok()).filter(|age| *age > 1.0).collect();
    let first = ages.iter().copied().fold(f32::INFINITY, f32::min);
    (first, ages.iter().copied().fold(0.0, f32::max))
}
