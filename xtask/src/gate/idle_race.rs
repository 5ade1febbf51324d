//! `idle-race`: clients come at the moment when an idle daemon leaves, over and over. Each is answered, each call has one
//! effect, and no two daemons serve at the same time.

use std::collections::HashSet;
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hallway::blocking::Client;

use super::counter::CounterBlockingClient;
use super::world::World;
use super::{Outcome, Rng, Run};

/// How many come together.
const CLIENTS: usize = 8;

/// Within which time they come.
const SPREAD: Duration = Duration::from_millis(1);

/// How long the daemon stays without a client, in milliseconds.
const IDLE: [u64; 3] = [1, 2, 5];

pub(super) fn run(run: &Run) -> Outcome {
    let connects = run.count(50_000, 1200);
    let rounds = connects.div_ceil(CLIENTS * IDLE.len());
    for idle in IDLE {
        let begin = Instant::now();
        let world = World::new(run, Duration::from_millis(idle))?;
        let failed = race(&world, run.seed, idle, rounds)?;
        let calls = CLIENTS * rounds;
        world.stop()?;
        let lives = world.one_at_a_time()?;
        let journal = world.journal();
        let different = journal.iter().collect::<HashSet<_>>().len();
        println!(
            "idle {idle} ms: {calls} connects, {} failed, {} effects, {lives} daemons, {:.1} s",
            failed.len(),
            journal.len(),
            begin.elapsed().as_secs_f32()
        );
        if let Some(first) = failed.first() {
            return Err(format!("{} of {calls} calls failed, the first: {first}", failed.len()).into());
        }
        if (different, journal.len()) != (calls, calls) {
            return Err(format!("{calls} calls had {} effects, {different} different", journal.len()).into());
        }
        if lives * 10 < rounds {
            return Err(format!("the daemon left {lives} times in {rounds} rounds: nothing was tried").into());
        }
    }
    Ok(())
}

/// Has the clients come together after a pause of about the daemon's patience; returns what went wrong.
fn race(world: &World, seed: u64, idle: u64, rounds: usize) -> std::io::Result<Vec<String>> {
    let connector = world.connector()?;
    let (failed, together) = (Mutex::new(Vec::new()), Barrier::new(CLIENTS));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (connector, failed, together) = (&connector, &failed, &together);
            let mut rng = Rng::new(seed ^ (client as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            scope.spawn(move || {
                // The same for all clients: they come at about the same moment.
                let mut gap = Rng::new(seed);
                for round in 0..rounds {
                    together.wait();
                    // From none to a bit more than the daemon's patience, which its timer rounds up.
                    let pause = gap.pause(Duration::from_millis((idle + 2) * 2)) + rng.pause(SPREAD);
                    std::thread::sleep(pause);
                    let called = Client::builder()
                        .connect(connector.clone())
                        .and_then(|desk| CounterBlockingClient::new(desk).note(format!("{client} {round}")));
                    if let Err(error) = called {
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(format!("{error} [{:?}]", error.outcome()));
                    }
                }
            });
        }
    });
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}
