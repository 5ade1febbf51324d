//! `kill-points`: the daemon is killed at each system call of its start, its first call, its ways out and its
//! replacement, one after the other. After each, the next client is answered at once, by the only daemon there is, and
//! nothing is left over.
//!
//! The calls are counted as they come, over all threads: a phase has been gone through when it ends before the count.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hallway::blocking::Client;
use hallway::client::CallError;
use hallway::lifecycle::{Connector, list, restart, stop};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::counter::CounterBlockingClient;
use super::held::{self, Hold};
use super::trace::{Fate, Tracer, now};
use super::world::{PATIENCE, World, instance};
use super::{Outcome, Run, percentile};

/// Until when the next client has its answer, counted from the kill.
const SOON: Duration = Duration::from_secs(1);

/// How many points are tried at a time: as many as this takes cores.
const AT_A_TIME: usize = 2;

/// How many points in a row a phase ends before, until it has been gone through: two runs of one phase do not make the
/// same number of calls.
const ENOUGH: u64 = 4;

/// A short run tries every so many points.
const SHORT_STRIDE: u64 = 12;

/// What a daemon that serves has in the runtime directory, and what is left when it has stopped.
const SERVING: &[&str] = &["counter.json", "counter.lock", "counter.sock", "counter.spawn"];
const STOPPED: &[&str] = &["counter.lock", "counter.spawn"];

/// What the daemon is busy with as it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    FirstCall,
    IdleExit,
    Stop,
    Terminated,
    /// The one that makes way, when it has closed everything, and as the interim that it becomes.
    ReplacedAfter,
    /// Its successor.
    ReplacingAfter,
    /// The same where both serve for a while.
    ReplacedBeside,
    ReplacingBeside,
}

const PHASES: [Phase; 9] = [
    Phase::Start,
    Phase::FirstCall,
    Phase::IdleExit,
    Phase::Stop,
    Phase::Terminated,
    Phase::ReplacedAfter,
    Phase::ReplacingAfter,
    Phase::ReplacedBeside,
    Phase::ReplacingBeside,
];

pub(super) fn run(run: &Run) -> Outcome {
    let mut rng = run.rng();
    let begin = Instant::now();
    let mut points = 0;
    for phase in PHASES {
        let stride = if run.short { SHORT_STRIDE } else { 1 };
        let looks = through(run, phase, 1 + rng.below(stride), stride)?;
        let told = looks.iter().filter(|look| look.told).count();
        let mut took: Vec<u128> = looks.iter().map(|look| look.took.as_millis()).collect();
        if took.is_empty() {
            return Err(format!("{phase:?}: no call was found to kill at").into());
        }
        took.sort_unstable();
        points += took.len();
        println!(
            "{phase:?}: killed at {} calls, the next client answered after {} ms, at most {} ms",
            took.len(),
            percentile(&took, 0.5),
            percentile(&took, 1.0)
        );
        if told > 0 {
            println!("  {told} of them came upon a death that was not written down yet, and called twice");
        }
    }
    println!("{points} kills in {:.0} s", begin.elapsed().as_secs_f32());
    Ok(())
}

/// What the next client has seen.
struct Look {
    /// How long after the kill it was answered.
    took: Duration,
    /// It was told first that the daemon had died as it started.
    told: bool,
}

/// Kills at the first point and every so many further, to the end of the phase.
fn through(run: &Run, phase: Phase, first: u64, stride: u64) -> Result<Vec<Look>, String> {
    let (next, spared, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let looks = Mutex::new(Ok(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while spared.load(Ordering::Relaxed) < ENOUGH && !failed.load(Ordering::Relaxed) {
                    let nth = first + stride * next.fetch_add(1, Ordering::Relaxed);
                    let outcome = point(run, phase, nth);
                    let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
                    match (outcome, looks.as_mut()) {
                        (Ok(Some(look)), Ok(looks)) => {
                            spared.store(0, Ordering::Relaxed);
                            looks.push(look);
                        }
                        (Ok(None), _) => _ = spared.fetch_add(1, Ordering::Relaxed),
                        (Err(error), Ok(_)) => {
                            failed.store(true, Ordering::Relaxed);
                            *looks = Err(format!("{phase:?}, killed at its call {nth}: {error}"));
                        }
                        (_, Err(_)) => {}
                    }
                }
            });
        }
    });
    looks.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Kills at one point, and has the next client look. `None`: the phase ended before.
fn point(run: &Run, phase: Phase, nth: u64) -> Result<Option<Look>, Box<dyn std::error::Error>> {
    let place = Place::new(run, phase)?;
    let fate = place.killed_in(phase, nth)?;
    let Fate::Killed { call, at } = fate else {
        place.world.stop()?;
        return Ok(None);
    };
    place.look(at).map(Some).map_err(|error| format!("system call {call} of the kernel: {error}").into())
}

/// A place in which a daemon is killed.
struct Place {
    world: World,
    connector: Connector,
}

impl Place {
    fn new(run: &Run, phase: Phase) -> io::Result<Self> {
        let idle = if phase == Phase::IdleExit { Duration::from_millis(1) } else { Duration::ZERO };
        let beside = matches!(phase, Phase::ReplacedBeside | Phase::ReplacingBeside);
        let world = World::new(run, idle)?.var("HALLWAY_GATE_HELD", "1");
        let world = if beside { world.var("HALLWAY_GATE_WAY", "beside") } else { world };
        let launcher = held::launcher(&std::env::current_exe()?, &["gate-part", "daemon"])?;
        let connector = world.connector()?.starting(launcher);
        Ok(Self { world, connector })
    }

    /// Has the daemon go through the phase, and be killed in it.
    fn killed_in(&self, phase: Phase, nth: u64) -> Result<Fate, Box<dyn std::error::Error>> {
        let (env, instance) = (self.world.env(), instance()?);
        let deadline = Instant::now() + PATIENCE;
        if phase == Phase::Start {
            return self.killed_at_start(nth);
        }
        let calls = if phase == Phase::IdleExit { Some(self.call("before")?.1) } else { None };
        let daemon = held::peer(&self.connector.reach()?)?;
        match phase {
            Phase::ReplacingAfter | Phase::ReplacingBeside => {
                return self.killed_replacing(daemon, nth);
            }
            _ => {}
        }
        let tracer = Tracer::seize(daemon, nth)?;
        match phase {
            Phase::Start | Phase::ReplacingAfter | Phase::ReplacingBeside => {}
            Phase::FirstCall => {
                self.first_call()?;
                return Ok(tracer.let_go()?);
            }
            Phase::IdleExit => drop(calls),
            Phase::Stop => _ = stop(&env, &instance, deadline),
            Phase::Terminated => _ = kill(daemon, Signal::SIGTERM),
            Phase::ReplacedAfter | Phase::ReplacedBeside => _ = restart(&env, &instance, deadline),
        }
        Ok(tracer.wait()?)
    }

    /// Whoever has launched it is told of its death. Nobody waits for that: the next client may come before.
    fn killed_at_start(&self, nth: u64) -> Result<Fate, Box<dyn std::error::Error>> {
        let hold = Hold::new(&self.world)?;
        let connector = self.connector.clone();
        let launching = std::thread::spawn(move || drop(connector.reach()));
        let held = hold.next()?;
        // The next one is not held.
        drop(hold);
        let tracer = Tracer::seize(held.pid, nth)?;
        drop(held);
        Ok(tracer.wait_while(|| drop(launching.join()))?)
    }

    fn killed_replacing(&self, daemon: Pid, nth: u64) -> Result<Fate, Box<dyn std::error::Error>> {
        let hold = Hold::new(&self.world)?;
        let (env, instance) = (self.world.env(), instance()?);
        std::thread::scope(|scope| {
            let replacing = scope.spawn(move || restart(&env, &instance, Instant::now() + PATIENCE));
            let mut held = hold.next()?;
            if held.pid == daemon {
                // The interim, which executes its program anew.
                drop(held);
                held = hold.next()?;
            }
            drop(hold);
            let tracer = Tracer::seize(held.pid, nth)?;
            drop(held);
            let _either = replacing.join();
            Ok(tracer.let_go()?)
        })
    }

    /// Makes the call in which the daemon is killed: it is not idempotent.
    fn first_call(&self) -> Outcome {
        let called = self.call("first");
        if let Ok((_, client)) = &called {
            // The daemon notes that it was of use beside this one, if it is spared for so long.
            let _either = client.note("second".to_owned());
        }
        match (called, self.effects("first")) {
            (Ok(_), 1) | (Err(_), 0 | 1) => Ok(()),
            (called, effects) => {
                Err(format!("a call had {effects} effects, and ended with {:?}", called.err()).into())
            }
        }
    }

    /// The next client calls, and everything is as if nothing had been.
    fn look(&self, killed: Duration) -> Result<Look, Box<dyn std::error::Error>> {
        let first = self.call("next");
        // Its launcher has the lock still, or again to write the death down: then whoever waits has waited for that start.
        let told = first.as_ref().is_err_and(|error| {
            error.downcast_ref::<CallError>().is_some_and(|error| error.code() == "daemon_died")
        });
        let (pid, _client) = if told { self.call("next")? } else { first? };
        let took = now().saturating_sub(killed);
        if took > SOON {
            return Err(format!("the next client was answered after {took:?}").into());
        }
        let effects = self.effects("next");
        if effects != 1 {
            return Err(format!("the next call had {effects} effects").into());
        }
        let processes = self.world.processes()?;
        if processes != [pid] {
            return Err(format!("daemon {pid} answers, and there are {processes:?}").into());
        }
        self.expect_files("while the next daemon serves", SERVING)?;
        let listed = list(&self.world.env())?;
        let recorded = listed.iter().find_map(|listed| Some(listed.record.as_ref()?.pid));
        if recorded != Some(pid) {
            return Err(format!("daemon {pid} answers, and the record names {recorded:?}").into());
        }
        self.world.stop()?;
        self.expect_files("when it has stopped", STOPPED)?;
        Ok(Look { took, told })
    }

    fn call(&self, line: &str) -> Result<(u32, CounterBlockingClient), Box<dyn std::error::Error>> {
        let client = Client::builder().connect(self.connector.clone())?;
        let client = CounterBlockingClient::new(client);
        Ok((client.note(line.to_owned())?, client))
    }

    fn effects(&self, line: &str) -> usize {
        self.world.journal().iter().filter(|noted| *noted == line).count()
    }

    fn expect_files(&self, when: &str, expected: &[&str]) -> Outcome {
        let found = self.world.files()?;
        if found != expected {
            return Err(format!("{when} there are {}", found.join(" ")).into());
        }
        Ok(())
    }
}
