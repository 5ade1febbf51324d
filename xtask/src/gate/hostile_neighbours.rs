//! `hostile-neighbours`: what a client feels that calls 200 times a second, while others do what nobody should. With
//! `--neighbours`, the same is done to other daemons, and what becomes of them and their clients stands beside.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::hostile::{ATTACKS, Attack, Band, Speech, Tally, Victim};
use super::site::Site;
use super::toll::{Toll, Victims};
use super::{Outcome, Run, judge};
use crate::toolchain;

/// How many times longer than in idle times a victim may wait, where the attacker leaves the processors alone, and where not.
const RATIO_MAX: f64 = 3.0;
const RATIO_MAX_BUSY: f64 = 10.0;

/// How long one call in a thousand may wait, whatever the attacker does.
const SLOWEST_MAX: Duration = Duration::from_millis(20);

/// How often each attack is tried, by daemons and attackers of their own.
const ROUNDS: usize = 3;

/// What the daemon may have at the most, in KiB: what it may keep of messages in both directions (192 MiB), and itself.
const MEMORY_MAX: u64 = 256 << 10;

/// Until when the descriptors are what they were: longer than any deadline that lets a connection go.
const SETTLES: Duration = Duration::from_secs(45);

/// What is published meanwhile, again and again, so that those who subscribe have something not to read.
const EVENTS: &str = r#"{"count":16,"length":1000}"#;

pub(super) fn run(run: &Run) -> Outcome {
    if run.neighbours {
        return compare(run);
    }
    println!("{}", Row::head(&[]));
    let mut wrong = Vec::new();
    let chosen = run.only.as_deref().and_then(Attack::of_name).map(std::slice::from_ref);
    // A control tries those that have to notice.
    let noticing = |attack: &&Attack| run.without.is_none() || attack.notices == run.without.as_deref();
    for attack in chosen.unwrap_or(ATTACKS).iter().filter(noticing) {
        let mut rounds = Vec::new();
        for _ in 0..run.count(ROUNDS, 1) {
            let row = Row::of(run, attack, || Site::ours(run))?;
            println!("{row}");
            rounds.push(row);
        }
        wrong.extend(judge_all(run, attack, rounds).err().map(|error| format!("{}: {error}", attack.name)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Nothing went wrong in any round, and the victim waited in the median of them no longer than it may.
fn judge_all(run: &Run, attack: &Attack, mut rounds: Vec<Row>) -> Outcome {
    let most = if attack.burns { RATIO_MAX_BUSY } else { RATIO_MAX };
    // A control judges in full.
    let most = if run.without.is_some() { most } else { run.bearable(most) };
    rounds.sort_by(|one, other| one.toll.share(most).total_cmp(&other.toll.share(most)));
    let median = rounds.get(rounds.len() / 2).ok_or("no round")?;
    let slowest = median.toll.felt.at(0.999);
    let claims = [
        median.toll.is_bearable(most),
        (
            run.short || slowest <= SLOWEST_MAX.as_micros(),
            format!("one call in a thousand waited {slowest} us"),
        ),
    ];
    judge(rounds.iter().flat_map(Row::claims).chain(claims))
}

/// The same attackers on every daemon, as far as they need no more than `echo`.
fn compare(run: &Run) -> Outcome {
    let built = build(&run.root)?;
    println!("{}", Row::head(&["daemon"]));
    for attack in ATTACKS.iter().filter(|attack| !attack.ours_only && run.is_chosen(attack.name)) {
        for speech in Speech::ALL {
            let start = || match speech {
                Speech::Hallway => Site::ours(run),
                Speech::Framed => Site::neighbour(&built.join("neighbour-framed"), speech),
                Speech::Varlink => Site::neighbour(&built.join("neighbour-varlink"), speech),
            };
            println!("| {} {}", speech.name(), Row::of(run, attack, start)?);
        }
    }
    Ok(())
}

/// Builds the neighbours' daemons; returns where they are.
fn build(root: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let bench = root.join("bench");
    let status = toolchain::cargo()
        .args(["build", "--quiet", "--release", "--locked", "--target-dir", "target"])
        .args(["-p", "neighbour-framed", "-p", "neighbour-varlink"])
        .current_dir(&bench)
        .status()?;
    if !status.success() {
        return Err(format!("the neighbours in {} cannot be built", bench.display()).into());
    }
    Ok(bench.join("target/release"))
}

/// What became of one daemon and its client under one attack.
struct Row {
    attack: &'static Attack,
    connections: usize,
    toll: Toll,
    alive: bool,
    /// The daemon's memory at the most, and for each connection of the attack what it grew by, in KiB and in bytes.
    peak: u64,
    each: u64,
    /// Descriptors that it did not have before.
    left: Vec<PathBuf>,
    tally: Tally,
}

impl Row {
    const COLUMNS: [&str; 13] = [
        "attack",
        "connections",
        "victim p50, p99, p99.9 (us)",
        "times idle p99",
        "beside p50, p99, p99.9 (us)",
        "times beside p99",
        "failed calls",
        "lives",
        "peak memory (MiB)",
        "bytes each",
        "descriptors left",
        "thrown out",
        "told",
    ];

    /// The table's head, with these columns before its own.
    fn head(before: &[&str]) -> String {
        let columns: Vec<_> = before.iter().chain(&Self::COLUMNS).copied().collect();
        format!("| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()))
    }

    fn of(run: &Run, attack: &'static Attack, start: impl Fn() -> io::Result<Site>) -> io::Result<Self> {
        let mut site = start()?;
        let mut victims = Victims::new(Victim::connect(&site.target)?, start()?)?;
        let ours = site.target.speech == Speech::Hallway;
        let mut publisher = if ours { Some(site.connect()?) } else { None };
        let [idle, attack_time] = match (run.short, run.neighbours) {
            (true, _) => [1, 2],
            (false, true) => [3, 8],
            // Three rounds are 20,400 calls.
            (false, false) => [5, 34],
        }
        .map(Duration::from_secs);
        let [idle, _] = victims.call_for(idle)?;
        let opened = site.opened()?;
        let before = site.memory()?;
        site.forget_peak()?;

        let [full, short] = attack.connections;
        let connections = run.count(full, short);
        let band = Band::gather(&site.target, attack.name, connections, 0, run.seed)?;
        let over = AtomicBool::new(false);
        let [felt, beside] = std::thread::scope(|scope| {
            if let Some(publisher) = &mut publisher {
                scope.spawn(|| publisher.publish_until(EVENTS, &over));
            }
            let felt = victims.call_for(attack_time);
            over.store(true, Ordering::Relaxed);
            felt
        })?;
        let growth = site.memory().unwrap_or_default().saturating_sub(before);
        let peak = site.peak_memory().unwrap_or_default();
        let tally = band.end()?;
        // Gone at one look is gone: whoever waits in the queue still comes in between.
        let mut left = Vec::new();
        let _shown = site.until("the descriptors are what they were", SETTLES, || {
            let now = site.opened()?;
            let more = |(target, count): &(PathBuf, usize)| *count > opened.get(target).copied().unwrap_or(0);
            left = now.into_iter().filter(more).map(|(target, _)| target).collect();
            Ok(left.is_empty())
        });
        let alive = site.is_alive();
        if let (false, true, Ok(mut asker)) = (left.is_empty(), ours, site.connect()) {
            println!("{left:#?} are left, and the daemon says {}", asker.ask("hallway.status", "{}")?);
        }
        let each = (growth << 10) / connections as u64;
        let toll = Toll { idle, felt, beside };
        Ok(Self { attack, connections, toll, alive, peak, each, left, tally })
    }

    fn claims(&self) -> [(bool, String); 4] {
        [
            (self.alive, "the daemon died".to_owned()),
            (self.peak <= MEMORY_MAX, format!("the daemon had {} MiB", self.peak >> 10)),
            (self.left.is_empty(), format!("{} descriptors are left", self.left.len())),
            self.toll.is_answered(),
        ]
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { attack, connections, toll: Toll { idle, felt, beside }, alive, peak, each, left, tally } =
            self;
        let told: Vec<_> = tally.all("heard:").map(|(word, count)| format!("{word} {count}")).collect();
        write!(
            f,
            "| {} | {connections} | {felt} | {:.1} ({}) | {beside} | {:.1} | {} of {} | {} | {} | {} | {} | {} | {} |",
            attack.name,
            felt.ratio(idle),
            idle.at(0.99),
            felt.ratio(beside),
            felt.failed,
            felt.failed + felt.samples() as u64,
            if *alive { "yes" } else { "no" },
            peak >> 10,
            // What a flood leaves in the allocator is not a price for each.
            if attack.burns { "-".to_owned() } else { each.to_string() },
            left.len(),
            tally.get("ended"),
            if told.is_empty() { "-".to_owned() } else { told.join(", ") },
        )
    }
}
