//! Calls that are not idempotent, to the gates' own daemon: each is made once, and its journal tells how often it ran.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hallway::client::Outcome as Became;

use super::super::counter::CounterBlockingClient;
use super::super::held::{self, Hold};
use super::super::world::World;
use super::super::{Outcome, Rng, Run};
use super::{CLIENTS, Load, kill_each};

/// How long a daemon works at most: some calls.
const WORKS: Duration = Duration::from_millis(40);

/// What a client knows of a call.
type Journal = Vec<(String, Became)>;

pub(super) fn run(run: &Run, kills: usize, mut rng: Rng) -> Outcome {
    let begin = Instant::now();
    // What a call does takes a while after its effect.
    let world = World::new(run, Duration::ZERO)?.var("HALLWAY_GATE_LINGERS", "1");
    let launcher = held::launcher(&std::env::current_exe()?, &["gate-part", "daemon"])?;
    let load = Load::new(world.connector()?.starting(launcher));
    let hold = Hold::new(&world)?;
    let journals = std::thread::scope(|scope| {
        let load = &load;
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || calls(load, client))).collect();
        let killed = kill_each(hold, kills, WORKS, &mut rng, load);
        let journals: Vec<Journal> = clients.into_iter().filter_map(|client| client.join().ok()).collect();
        killed.map(|()| journals)
    })?;
    world.stop()?;
    let mut effects: HashMap<String, u64> = HashMap::new();
    for line in world.journal() {
        *effects.entry(line).or_default() += 1;
    }
    let mut counts = [0_u64; 3];
    let (mut lost, mut twice, mut denied) = (0, 0, 0);
    for (line, became) in journals.iter().flatten() {
        let ran = effects.remove(line).unwrap_or_default();
        let (count, wrong) = match became {
            Became::Completed => (0, &mut lost),
            Became::Unknown => (1, &mut twice),
            Became::NotDispatched => (2, &mut denied),
        };
        counts[count] += 1;
        match (became, ran) {
            (Became::Completed | Became::Unknown, 1) | (Became::Unknown | Became::NotDispatched, 0) => {}
            (_, 2..) => twice += 1,
            _ => *wrong += 1,
        }
    }
    let [completed, unknown, not_dispatched] = counts;
    let rest = format!(
        "{completed} acknowledged, {lost} lost; {unknown} unknown; {not_dispatched} not dispatched, {denied} ran; \
         {twice} ran twice; {} effects of no call",
        effects.len()
    );
    load.tell("counter daemon", kills, begin, &rest)?;
    if lost + twice + denied > 0 || !effects.is_empty() || journals.len() < CLIENTS {
        return Err(rest.into());
    }
    if unknown == 0 {
        return Err("no call was interrupted: nothing was tried".into());
    }
    Ok(())
}

/// Calls one after the other, each with a line of its own.
fn calls(load: &Load, client: usize) -> Journal {
    let (mut kept, mut journal) = (None, Journal::new());
    for number in 0_u64.. {
        if load.is_over() || load.has_hung() {
            break;
        }
        let line = format!("{client} {number}");
        let called = load.call(|| {
            let counter = match kept.take() {
                Some(counter) => counter,
                None => CounterBlockingClient::new(load.client()?),
            };
            let called = counter.note(line.clone()).inspect(|_pid| load.acknowledge());
            kept = Some(counter);
            called
        });
        journal.push((line, called.map_or_else(|error| error.outcome(), |_pid| Became::Completed)));
    }
    journal
}
