//! `fd-exhaustion`: a daemon that may open 64 descriptors, and a thousand clients that want to connect. It lives, rests, goes
//! on with whom it has, tells the others, and has room again when they are gone. (That it lives through every error that
//! `accept` can end with is the test `f49_accept_lives_through_every_error_of_the_system`.)

use std::time::{Duration, Instant};

use super::hostile::{Band, Victim};
use super::site::Site;
use super::toll::{Toll, Victims};
use super::{Outcome, Run, judge};

/// What the daemon may open.
const DESCRIPTORS: u32 = 64;

/// How much of a processor it may use meanwhile.
const BUSY_MAX: f32 = 0.2;

/// How many times longer than in idle times the client may wait that it has.
const RATIO_MAX: f64 = 3.0;

/// Until when it has room again.
const RECOVERS: Duration = Duration::from_millis(200);

/// The same on a busy machine.
const RECOVERS_SHORT: Duration = Duration::from_secs(5);

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    /// The daemon knows how many connections it can have.
    OfConnections,
    /// Something else in the process has opened all that it could.
    OfOthers,
}

pub(super) fn run(run: &Run) -> Outcome {
    [Because::OfConnections, Because::OfOthers].into_iter().try_for_each(|because| flood(run, because))
}

fn flood(run: &Run, because: Because) -> Outcome {
    let time = Duration::from_secs(run.count(30, 4) as u64);
    let site = Site::with_descriptors(run, DESCRIPTORS)?;
    // Whoever had it started has gone by now, and left its place.
    let mut victims = Victims::new(site_has_room(&site)?, Site::ours(run)?)?;
    let [idle, _] = victims.call_for(time.min(Duration::from_secs(10)))?;
    if because == Because::OfOthers {
        victims.here.peer.ask("hoard", r#"{"leave":0}"#)?;
    }
    let busy_before = site.processor_time()?;
    let begin = Instant::now();
    let band = Band::gather(&site.target, "connectors", run.count(1000, 200), 0, run.seed)?;
    let [felt, beside] = victims.call_for(time)?;
    let busy = (site.processor_time()? - busy_before).as_secs_f32() / begin.elapsed().as_secs_f32();
    let tally = band.end()?;
    let mut victim = victims.into_here();
    victim.peer.ask("release", "{}")?;
    let over = Instant::now();
    drop(victim);
    drop(site_has_room(&site)?);
    let recovered = over.elapsed();

    let told: u64 = tally.all("heard:").filter(|(word, _)| *word == "busy").map(|(_, count)| count).sum();
    let silent = tally.get("heard:nothing");
    println!(
        "no place because {because:?}: {} connected in {time:?}, {told} were told, {silent} were not; {:.0} % of a processor; \
         room again after {} ms",
        tally.get("connected"),
        busy * 100.0,
        recovered.as_millis()
    );
    let toll = Toll { idle, felt, beside };
    println!("  {toll}");
    let recovers = if run.short { RECOVERS_SHORT } else { RECOVERS };
    let claims = [
        (because == Because::OfOthers || told > 0, "nobody was told: nothing was tried".to_owned()),
        (silent == 0, format!("{silent} were told nothing")),
        (busy <= BUSY_MAX, format!("it used {:.0} % of a processor", busy * 100.0)),
        (recovered <= recovers, format!("it had room again after {recovered:?}")),
    ];
    judge(claims.into_iter().chain(toll.claims(run.bearable(RATIO_MAX))))
        .map_err(|error| format!("{because:?}: {error}").into())
}

/// Waits for a place.
fn site_has_room(site: &Site) -> std::io::Result<Victim> {
    let mut found = None;
    site.until("there is a place", RECOVERS_SHORT, || {
        let mut victim = Victim::connect(&site.target)?;
        let answered = victim.peer.ask("hallway.ping", "{}").is_ok();
        found = answered.then_some(victim);
        Ok(found.is_some())
    })?;
    found.ok_or_else(|| std::io::ErrorKind::NotFound.into())
}
