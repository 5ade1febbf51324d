//! `rapid-cancel`: calls that are taken back as soon as they are made. Never do more handlers live than may run, each
//! call has one end, nothing is left of any, and others do not wait for it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hallway::limits::CALLS_RUNNING_MAX;

use super::hostile::{Band, Felt, Victim};
use super::site::{Site, usage};
use super::toll::{Toll, Victims};
use super::{Outcome, Run, judge};

/// Connections that call and cancel.
const CONNECTIONS: usize = 4;

/// By how much memory may grow, in KiB.
const GROWTH_MAX: u64 = 8 << 10;

/// How many times longer than in idle times a victim may wait.
const RATIO_MAX: f64 = 3.0;

/// How long the victim calls at a time.
const SLICE: Duration = Duration::from_millis(500);

pub(super) fn run(run: &Run) -> Outcome {
    let pairs = run.count(1_000_000, 20_000) as u64;
    let site = Site::ours(run)?;
    let mut victims = Victims::new(Victim::connect(&site.target)?, Site::ours(run)?)?;
    let [idle, _] = victims.call_for(Duration::from_secs(run.count(20, 2) as u64))?;
    let before = site.memory()?;
    site.forget_peak()?;

    let begin = Instant::now();
    let band = Band::gather(&site.target, "rapid-cancel", CONNECTIONS, pairs, run.seed)?;
    let over = AtomicBool::new(false);
    let (tally, [felt, beside]) = std::thread::scope(|scope| {
        let attack = scope.spawn(|| {
            let tally = band.finish();
            over.store(true, Ordering::Relaxed);
            tally
        });
        let mut all = [Felt::default(), Felt::default()];
        while !over.load(Ordering::Relaxed) {
            let slices = victims.call_for(SLICE)?;
            all.iter_mut().zip(slices).for_each(|(felt, slice)| felt.add(slice));
        }
        let tally = attack.join().unwrap_or_else(|_| Err(io::Error::other("the attack panicked")))?;
        Ok::<_, io::Error>((tally, all))
    })?;
    let took = begin.elapsed();
    let toll = Toll { idle, felt, beside };
    let growth = site.memory()?.saturating_sub(before);

    let census = victims.here.peer.ask("census", "{}")?;
    let counted = |name: &str| census.get(name).and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
    let (live, peak, begun) = (counted("live"), counted("peak"), counted("begun"));
    let limit = (CONNECTIONS * CALLS_RUNNING_MAX) as u64;
    let status = victims.here.peer.ask("hallway.status", "{}")?;
    let open = status.get("calls_open").and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
    let (outcomes, superfluous) = (tally.get("outcomes"), tally.get("superfluous"));
    println!(
        "{pairs} calls taken back in {:.1} s: {outcomes} ends, {superfluous} superfluous ones; {begun} handlers began, at \
         most {peak} lived at a time of {limit}, {live} are left; {open} call open (this one)",
        took.as_secs_f32()
    );
    for (word, count) in tally.all("heard:") {
        println!("  {word}: {count}");
    }
    println!("memory: {before} KiB before, {growth} KiB more after");
    println!("{toll}");

    let claims = [
        (begun > 0, "no handler began: nothing was tried".to_owned()),
        (
            (outcomes, superfluous) == (pairs, 0),
            format!("{pairs} calls had {outcomes} ends, and {superfluous} more"),
        ),
        (peak <= limit, format!("{peak} handlers lived at a time")),
        ((live, open) == (0, 1), format!("{live} handlers and {open} calls are left")),
        (
            usage(&status, "calls_running").is_none_or(|(now, _)| now <= 1),
            "calls still run, by the status".to_owned(),
        ),
        (growth <= GROWTH_MAX, format!("memory grew by {growth} KiB")),
    ];
    judge(claims.into_iter().chain(toll.claims(run.bearable(RATIO_MAX))))
}
