//! `spawn-race`: a hundred processes want a daemon at the same moment, and there is none. One comes up, and all of them
//! are answered by it.

use std::fs;
use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixListener;
use std::process::Child;
use std::time::Duration;

use super::world::World;
use super::{Outcome, Run, percentile};

/// Processes of one round.
const CLIENTS: usize = 100;

/// How many starts of a single client the slowest but one in a hundred may wait longer than where a daemon runs.
const RATIO_MAX: u128 = 10;

/// Until when a daemon that a round has left behind leaves by itself.
const IDLE: Duration = Duration::from_secs(20);

/// The longest time after which the client that starts the daemon is killed.
const KILLED_WITHIN: Duration = Duration::from_millis(30);

/// What the clients find.
#[derive(Debug, Clone, Copy)]
enum Found {
    Nothing,
    /// A dead daemon's socket.
    Socket,
    /// A dead daemon's locks, and everything else of it.
    Locks,
    /// Somebody who was about to start the daemon and was killed.
    KilledSpawner,
    /// A daemon that serves.
    Daemon,
}

const FOUND: [Found; 4] = [Found::Nothing, Found::Socket, Found::Locks, Found::KilledSpawner];

pub(super) fn run(run: &Run) -> Outcome {
    let mut rng = run.rng();
    let mut cold = Vec::new();
    for _ in 0..run.count(40, 10) {
        cold.extend(round(run, Found::Nothing, 1, Duration::ZERO)?.0);
    }
    cold.sort_unstable();
    let (mut waited, mut launched) = (Vec::new(), 0);
    let rounds = run.count(200, 8);
    for number in 0..rounds {
        let found = FOUND.get(number % FOUND.len()).copied().unwrap_or(Found::Nothing);
        let killed_after = rng.pause(KILLED_WITHIN);
        let (times, starts) = round(run, found, CLIENTS, killed_after)
            .map_err(|error| format!("round {number}, {found:?}: {error}"))?;
        waited.extend(times);
        launched += starts;
    }
    // What a hundred calls of a hundred processes take on this machine, whoever started the daemon.
    let mut there = Vec::new();
    for _ in 0..run.count(20, 4) {
        there.extend(round(run, Found::Daemon, CLIENTS, Duration::ZERO)?.0);
    }
    for times in [&mut waited, &mut there] {
        times.sort_unstable();
    }
    let single = percentile(&cold, 0.5);
    println!(
        "{rounds} rounds of {CLIENTS} processes: {} answered, {launched} daemons launched",
        waited.len()
    );
    println!("one client alone: median {single} us");
    for (what, times) in [("none runs", &waited), ("one runs", &there)] {
        println!(
            "{CLIENTS} where {what}: median {} us, p99 {} us",
            percentile(times, 0.5),
            percentile(times, 0.99)
        );
    }
    if percentile(&waited, 0.99) > percentile(&there, 0.99) + single * RATIO_MAX {
        return Err(format!("to start it takes more than {RATIO_MAX} times as long as for one client").into());
    }
    Ok(())
}

/// One daemon for all; how long each waited, and how many daemons were launched.
fn round(
    run: &Run,
    found: Found,
    clients: usize,
    killed_after: Duration,
) -> Result<(Vec<u128>, usize), Box<dyn std::error::Error>> {
    let world = World::new(run, IDLE)?;
    prepare(&world, found)?;
    let mut crowd = Crowd::gather(&world, clients)?;
    if let Found::KilledSpawner = found {
        let mut spawner = world.part("call")?.spawn()?;
        std::thread::sleep(killed_after);
        spawner.kill()?;
        spawner.wait()?;
    }
    let answers = crowd.go()?;
    let mut pids = std::collections::BTreeSet::new();
    let mut times = Vec::new();
    for answer in &answers {
        let (pid, time) = answer.split_once(' ').ok_or("a client said nothing")?;
        pids.insert(pid.parse::<u32>().map_err(|_| format!("a client failed: {pid}"))?);
        times.push(time.parse()?);
    }
    if times.len() != clients {
        return Err(format!("{} of {clients} clients answered", times.len()).into());
    }
    world.stop()?;
    let (served, starts) =
        (world.one_at_a_time()?, fs::read_to_string(world.path("starts"))?.lines().count());
    match (served, pids.len()) {
        (1, 1) => Ok((times, starts)),
        (served, answered) => Err(format!("{served} daemons served, {answered} answered").into()),
    }
}

fn prepare(world: &World, found: Found) -> io::Result<()> {
    let run = world.path("run");
    fs::DirBuilder::new().mode(0o700).create(&run)?;
    match found {
        Found::Nothing | Found::KilledSpawner => Ok(()),
        Found::Daemon => world.part("call")?.status().map(drop),
        Found::Socket => drop_listener(&run.join("counter.sock")),
        Found::Locks => {
            for name in ["counter.lock", "counter.spawn", "counter.json", "counter.tmp"] {
                fs::write(run.join(name), "4711")?;
            }
            drop_listener(&run.join("counter.new"))
        }
    }
}

/// Leaves a socket behind as a daemon does that is killed.
fn drop_listener(path: &std::path::Path) -> io::Result<()> {
    UnixListener::bind(path).map(drop)
}

/// Clients that wait for the word, and speak over one pipe: a line is written whole.
struct Crowd {
    clients: Vec<Child>,
    words: BufReader<PipeReader>,
    go: PipeWriter,
}

impl Crowd {
    fn gather(world: &World, clients: usize) -> io::Result<Self> {
        let (held, go) = io::pipe()?;
        let (words, said) = io::pipe()?;
        let client = |_| world.part("client")?.stdin(held.try_clone()?).stdout(said.try_clone()?).spawn();
        let clients: Vec<_> = (0..clients).map(client).collect::<io::Result<_>>()?;
        drop((held, said));
        let mut crowd = Self { clients, words: BufReader::new(words), go };
        for _ in 0..crowd.clients.len() {
            crowd.words.read_line(&mut String::new())?;
        }
        Ok(crowd)
    }

    /// Lets all go at once, and returns what each says.
    fn go(&mut self) -> io::Result<Vec<String>> {
        // The end of their input.
        let (_, closed) = io::pipe()?;
        drop(std::mem::replace(&mut self.go, closed));
        let mut answers = Vec::new();
        for line in self.words.by_ref().lines().take(self.clients.len()) {
            answers.push(line?);
        }
        for client in &mut self.clients {
            client.wait()?;
        }
        Ok(answers)
    }
}
