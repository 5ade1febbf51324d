//! `slow-readers`: clients that do not read what they have asked for. Each costs a bounded amount, all of them together
//! too; a short stall kills nobody and is accounted for to the last event; and who does not read at all is ended, with a
//! reason.

use std::io;
use std::time::{Duration, Instant};

use super::hostile::{Band, Peer, Victim};
use super::site::{Site, connections, usage};
use super::target::KEEPS;
use super::toll::{Toll, Victims};
use super::{Outcome, Run, judge};

/// What each may cost, in bytes of the daemon's own memory, and the whole daemon, in KiB: while nobody reads, and when half of them
/// read on at once.
const EACH_MAX: u64 = 320 << 10;
const ALL_MAX: u64 = 200 << 10;
const AWAKE_MAX: u64 = 256 << 10;

/// An event's length, and how many are published at a time.
const EVENT: usize = 8000;
const TOGETHER: usize = 16;

/// What is no reason to end anybody, and until when whoever does not read is ended; how much later that may be.
const SHORT_STALL: Duration = Duration::from_secs(3);
const WRITE: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_secs(3);

/// Until when those who wake have read everything.
const READ: Duration = Duration::from_secs(60);

/// How many times longer than in idle times a victim may wait.
const RATIO_MAX: f64 = 2.0;

pub(super) fn run(run: &Run) -> Outcome {
    each(run)?;
    all(run)?;
    replies(run)
}

/// Publishes events of so many bytes in all; returns how many.
fn offer(peer: &mut Peer, bytes: usize) -> io::Result<u64> {
    let mut last = 0;
    for _ in 0..bytes / EVENT / TOGETHER {
        let params = format!(r#"{{"count":{TOGETHER},"length":{EVENT}}}"#);
        last = peer.ask("publish", &params)?.as_u64().unwrap_or_default();
    }
    Ok(last)
}

/// What one costs, measured with a hundred.
fn each(run: &Run) -> Outcome {
    let count = 100;
    let site = Site::ours(run)?;
    let mut asker = site.connect()?;
    // What is kept for those who are late is the service's own.
    offer(&mut asker, 2 * KEEPS * EVENT)?;
    let before = site.memory()?;
    let band = Band::gather(&site.target, "subscribers-that-never-read", count, 0, run.seed)?;
    offer(&mut asker, run.count(200, 20) * 1_000_000)?;
    let growth = site.memory()?.saturating_sub(before);
    let bytes = (growth << 10) / count as u64;
    band.end()?;
    println!("{count} that do not read events: {bytes} bytes each");
    judge([(bytes <= EACH_MAX, format!("each costs {bytes} bytes"))])
}

/// Those who have not read for a while.
struct Stalled {
    /// Half of them read on.
    sleeping: Band,
    never: Band,
    published: u64,
    /// How many were there after a short stall, how long that took, and how long until who did not read on was ended.
    there: u64,
    stalled: Duration,
    /// The daemon's memory until then, at the most, in KiB.
    peak: u64,
    ended: Duration,
}

/// Has so many read nothing of what is published, and one part of them read on.
fn stall(run: &Run, site: &Site, asker: &mut Peer, sleepers: usize, dead: usize) -> io::Result<Stalled> {
    let begin = Instant::now();
    let mut sleeping = Band::gather(&site.target, "subscribers-that-never-read", sleepers, 0, run.seed)?;
    let never = Band::gather(&site.target, "subscribers-that-never-read", dead, 0, run.seed)?;
    let published = offer(asker, run.count(200, 20) * 1_000_000)?;
    std::thread::sleep(SHORT_STALL.saturating_sub(begin.elapsed()));
    let there = connections(&asker.ask("hallway.status", "{}")?) - 2;
    let (stalled, peak) = (begin.elapsed(), site.peak_memory()?);
    sleeping.wake()?;
    site.until("whoever does not read is ended", WRITE + LATE + READ, || {
        Ok(connections(&asker.ask("hallway.status", "{}")?) == sleepers as u64 + 2)
    })?;
    Ok(Stalled { sleeping, never, published, there, stalled, peak, ended: begin.elapsed() })
}

/// What a thousand cost, and what becomes of them.
fn all(run: &Run) -> Outcome {
    let (sleepers, dead) = (run.count(500, 100), run.count(500, 100));
    let site = Site::ours(run)?;
    let mut victims = Victims::new(Victim::connect(&site.target)?, Site::ours(run)?)?;
    let mut asker = site.connect()?;
    let [idle, _] = victims.call_for(Duration::from_secs(run.count(20, 2) as u64))?;
    offer(&mut asker, 2 * KEEPS * EVENT)?;
    site.forget_peak()?;
    // They call from when the first comes until whoever does not read is ended.
    let (attack, felt) = std::thread::scope(|scope| {
        let felt = scope.spawn(|| victims.call_for(WRITE + LATE));
        let attack = stall(run, &site, &mut asker, sleepers, dead);
        (attack, felt.join().unwrap_or_else(|_| Err(io::Error::other("the victims panicked"))))
    });
    let (attack, [felt, beside]) = (attack?, felt?);
    let Stalled { sleeping, never, published, there, stalled, peak, ended } = attack;
    let toll = Toll { idle, felt, beside };
    let last = asker.ask("publish", r#"{"count":1,"length":1}"#)?.as_u64().unwrap_or_default();
    let awake_peak = site.peak_memory()?;
    let status = asker.ask("hallway.status", "{}")?;
    // They read on to the end.
    let (awake, never) = (sleeping.end()?, never.end()?);
    let (received, missed, gaps) = (awake.get("received"), awake.get("missed"), awake.get("gaps"));
    println!(
        "{} subscribers, {published} events of {EVENT} bytes: the daemon had at most {} MiB; after a stall of {:.1} s {there} \
         were there; as half of them read on it had {} MiB",
        sleepers + dead,
        peak >> 10,
        stalled.as_secs_f32(),
        awake_peak >> 10
    );
    println!(
        "{sleepers} that woke: {received} received and {missed} announced as missed, of {}; {gaps} gaps, {} know of the last",
        last * sleepers as u64,
        awake.get(&format!("up-to:{last}"))
    );
    println!(
        "{dead} that did not: {} ended, the last {:.1} s after the first event",
        never.get("ended"),
        ended.as_secs_f32()
    );
    for (word, count) in never.all("heard:") {
        println!("  heard {word}: {count}");
    }
    if let Some((now, most)) = usage(&status, "outbound_bytes") {
        println!("by its own status, {now} bytes wait for readers, at most {most} did");
    }
    println!("{toll}");
    let claims = [
        (
            there == (sleepers + dead) as u64,
            format!("{there} of {} are there after a short stall", sleepers + dead),
        ),
        (peak <= ALL_MAX, format!("the daemon had {peak} KiB")),
        (awake_peak <= AWAKE_MAX, format!("the daemon had {awake_peak} KiB as half of them read on")),
        (gaps == 0, format!("{gaps} events do not follow the one before")),
        (received + missed == last * sleepers as u64, format!("{received} received, {missed} missed")),
        (
            awake.get("left") == sleepers as u64,
            format!("{} of those that woke were ended", awake.get("ended")),
        ),
        (ended <= stalled + WRITE + LATE, format!("the last was ended after {ended:?}")),
        (never.get("ended") == dead as u64, format!("{} of {dead} were ended", never.get("ended"))),
    ];
    judge(claims.into_iter().chain(toll.claims(run.bearable(RATIO_MAX))))
}

/// Those who pipeline calls with long replies.
fn replies(run: &Run) -> Outcome {
    let count = run.count(100, 20);
    let site = Site::ours(run)?;
    let mut asker = site.connect()?;
    asker.ask("hallway.ping", "{}")?;
    let before = site.memory()?;
    site.forget_peak()?;
    let band = Band::gather(&site.target, "long-replies-never-read", count, 0, run.seed)?;
    std::thread::sleep(SHORT_STALL);
    let growth = site.memory()?.saturating_sub(before);
    let asked = Instant::now();
    let there = connections(&asker.ask("hallway.status", "{}")?) - 1;
    let answered = asked.elapsed();
    let ended = site.until("whoever does not read its replies is ended", WRITE + LATE, || {
        Ok(connections(&asker.ask("hallway.status", "{}")?) == 1)
    })?;
    let peak = site.peak_memory()?;
    let tally = band.end()?;
    println!(
        "{count} that do not read replies of 1 MiB: {} bytes each, the daemon had at most {} MiB; {there} there after \
         {SHORT_STALL:?}, all ended {:.1} s later",
        (growth << 10) / count as u64,
        peak >> 10,
        ended.as_secs_f32()
    );
    for (word, count) in tally.all("heard:") {
        println!("  heard {word}: {count}");
    }
    judge([
        (answered <= SHORT_STALL, format!("another client was answered after {answered:?} only")),
        (there == count as u64, format!("{there} of {count} are there after a short stall")),
        (peak <= ALL_MAX, format!("the daemon had {peak} KiB")),
        (tally.get("ended") == count as u64, format!("{} of {count} were ended", tally.get("ended"))),
    ])
}
