//! `upgrade`: daemons are replaced over and over while clients call. No call fails, each has one effect, and each
//! replacement is one.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, restart};

use super::counter::CounterBlockingClient;
use super::world::{PATIENCE, World, instance};
use super::{Outcome, Run, percentile};

/// Who calls. Every other one connects anew for each call, the rest keep their connection.
const CLIENTS: usize = 8;

/// How many calls all of them together begin in a second.
const CALLS_PER_SECOND: u32 = 200;

/// How a daemon makes way: when it has closed everything, or while it serves.
const WAYS: [&str; 2] = ["after", "beside"];

/// What a client has seen: how long each call took, in microseconds, and what went wrong.
#[derive(Default)]
struct Seen {
    took: Vec<u128>,
    failed: Vec<String>,
}

pub(super) fn run(run: &Run) -> Outcome {
    let replacements = run.count(1000, 60) / WAYS.len();
    for way in WAYS {
        let world = World::new(run, Duration::ZERO)?.var("HALLWAY_GATE_WAY", way);
        world.connector()?.reach()?;
        let begin = Instant::now();
        let (seen, replaced) = replace_under_load(&world, replacements)?;
        let elapsed = begin.elapsed();
        world.stop()?;
        let served = world.lives().iter().filter(|(did, _)| did == "up").count();
        let journal = world.journal();
        let different = journal.iter().collect::<HashSet<_>>().len();
        let calls = seen.took.len() + seen.failed.len();
        println!(
            "{way}: {replacements} replacements in {:.1} s, {served} daemons; {calls} calls, {:.0} a second, {} failed, \
             p50 {} us, p99 {} ms, at most {} ms",
            elapsed.as_secs_f32(),
            calls as f32 / elapsed.as_secs_f32(),
            seen.failed.len(),
            percentile(&seen.took, 0.5),
            percentile(&seen.took, 0.99) / 1000,
            percentile(&seen.took, 1.0) / 1000,
        );
        if let Some(first) = seen.failed.first() {
            return Err(format!("{} of {calls} calls failed, the first: {first}", seen.failed.len()).into());
        }
        replaced?;
        if (different, journal.len()) != (calls, calls) {
            return Err(format!("{calls} calls had {} effects, {different} different", journal.len()).into());
        }
        if served != replacements + 1 {
            return Err(format!("{replacements} replacements, and {served} daemons served").into());
        }
        if way == "after" {
            world.one_at_a_time()?;
        }
        if (calls as f32) < elapsed.as_secs_f32() * CALLS_PER_SECOND as f32 * 0.9 {
            return Err(format!("{calls} calls in {elapsed:?}: the load was not what it should be").into());
        }
    }
    Ok(())
}

/// Has the daemon replaced so often, one right after the other; what the clients saw, and what went wrong with that.
fn replace_under_load(world: &World, replacements: usize) -> std::io::Result<(Seen, Outcome)> {
    let (instance, over, all) = (instance()?, AtomicBool::new(false), Mutex::new(Seen::default()));
    // These start nothing: a moment without a daemon is a failed call.
    let connector = Connector::new(instance.clone()).in_env(world.env()).within(PATIENCE);
    let mut replaced = Ok(());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (connector, over, all) = (&connector, &over, &all);
            scope.spawn(move || {
                let seen = call(connector, client, over);
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.took.extend(seen.took);
                all.failed.extend(seen.failed);
            });
        }
        for _ in 0..replacements {
            let outcome = restart(&world.env(), &instance, Instant::now() + PATIENCE);
            replaced = match outcome {
                Ok(Ok(true)) => continue,
                Ok(Ok(false)) => Err("there was no daemon to replace".into()),
                Ok(Err(error)) => Err(error.into()),
                Err(error) => Err(error.into()),
            };
            break;
        }
        over.store(true, Ordering::Relaxed);
    });
    let mut seen = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    seen.took.sort_unstable();
    Ok((seen, replaced))
}

/// Calls at this client's share of the rate. One that is late catches up.
fn call(connector: &Connector, client: usize, over: &AtomicBool) -> Seen {
    let interval = Duration::from_secs(1) * CLIENTS as u32 / CALLS_PER_SECOND;
    let (begin, mut kept, mut seen) = (Instant::now(), None, Seen::default());
    for number in 0_u32.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep((begin + interval * number).saturating_duration_since(Instant::now()));
        let asked = Instant::now();
        let reached = match kept.take() {
            Some(kept) => Ok(kept),
            None => Client::builder().connect(connector.clone()).map(CounterBlockingClient::new),
        };
        let called = reached.and_then(|counter| {
            let called = counter.note(format!("{client} {number}"));
            kept = Some(counter).filter(|_| client.is_multiple_of(2));
            called
        });
        match called {
            Ok(_pid) => seen.took.push(asked.elapsed().as_micros()),
            Err(error) => seen.failed.push(format!("client {client}, call {number}: {error}")),
        }
    }
    seen
}
