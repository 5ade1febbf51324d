//! The peers: each a server and a client of its kind, in a file of its own.

mod driven;
mod framed;
mod hallway;
#[cfg(feature = "neighbours")]
mod neighbours;
mod nothing;
mod raw;

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::measures::Measure;
use crate::place::{Placement, Site};
use crate::runtime::Runtime;

use driven::Driven;
use hallway::{Blocking, Hallway};
use raw::{Pipe, Tcp, Unix};

/// Hallway, what one writes by hand, and the floors.
static OURS: &[&dyn Peer] = &[
    &Driven(Hallway::JSON),
    &Driven(Hallway::SPINNING),
    &Driven(Hallway::MSGPACK),
    &Blocking::JSON,
    &Blocking::SPINNING,
    &Blocking::MSGPACK,
    &Driven(framed::Framed),
    &Unix { polls: false },
    &Unix { polls: true },
    &Pipe,
    &Tcp,
    &nothing::Nothing,
];

#[cfg(not(feature = "neighbours"))]
mod neighbours {
    pub static ALL: &[&dyn super::Peer] = &[];
}

/// Every peer.
pub fn all() -> Vec<&'static dyn Peer> {
    OURS.iter().chain(neighbours::ALL).copied().collect()
}

/// The peer of this name.
pub fn named(name: &str) -> Outcome<&'static dyn Peer> {
    let peer = OURS.iter().chain(neighbours::ALL).find(|peer| peer.name() == name);
    Ok(*peer.ok_or_else(|| format!("there is no peer {name}"))?)
}

/// A way for two processes to talk.
pub trait Peer: Sync {
    fn name(&self) -> &'static str;

    /// What it is, in a line: its parts, their versions, how it is used.
    fn about(&self) -> &'static str;

    fn runtimes(&self) -> &'static [Runtime];

    fn does(&self, measure: Measure) -> bool;

    /// Where it makes sense to put it.
    fn fits(&self, _placement: Placement) -> bool {
        true
    }

    /// How many connections one client process can have.
    fn connections_max(&self) -> usize {
        usize::MAX
    }

    /// Serves until the process is ended.
    fn serve(&self, site: &Site, runtime: Runtime, ready: Ready) -> Outcome;

    /// So many connections to the server at this site.
    fn connect(&self, site: &Site, runtime: Runtime, connections: usize) -> Outcome<Box<dyn Client>>;
}

/// The calling side, with one connection or some. Each of these keeps on until the time has come.
pub trait Client {
    /// Calls one after the other, on the first connection; how long each took.
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>>;

    /// So many calls under way on each connection; how many were answered.
    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64>;

    /// The large payload there and back, one after the other; how often.
    fn bulk(&mut self, until: Instant) -> Outcome<u64>;

    /// A stream of small items, and another one when it ends; how many items came.
    fn stream(&mut self, until: Instant) -> Outcome<u64>;

    /// One call on each connection.
    fn greet(&mut self) -> Outcome;
}

/// Says that a server takes calls from now on.
#[derive(Debug)]
pub struct Ready;

impl Ready {
    pub const WORD: &str = "ready";

    pub fn say(self) {
        println!("{}", Self::WORD);
    }
}

/// A caller's share of the work: the clock is looked at now and then.
#[derive(Debug)]
struct Shift {
    until: Instant,
    done: u64,
    over: bool,
}

impl Shift {
    /// So many calls are made between two looks at the clock.
    const STRIDE: u64 = 8;

    fn new(until: Instant) -> Self {
        Self { until, done: 0, over: false }
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn did(&mut self, calls: u64) {
        let before = self.done / Self::STRIDE;
        self.done += calls;
        if self.done / Self::STRIDE != before {
            self.over = Instant::now() >= self.until;
        }
    }
}

/// How long each step takes until the time has come.
fn laps(until: Instant, mut step: impl FnMut(u64) -> Outcome) -> Outcome<Vec<Duration>> {
    let mut laps = Laps::new(until);
    while let Some(id) = laps.next() {
        step(id)?;
        laps.end();
    }
    Ok(laps.taken)
}

/// A stop-watch for calls in a row.
struct Laps {
    until: Instant,
    begun: Instant,
    taken: Vec<Duration>,
}

impl Laps {
    /// Room for the laps of a second, so that none of them pays for its growth.
    const ROOM: usize = 1 << 20;

    fn new(until: Instant) -> Self {
        Self { until, begun: Instant::now(), taken: Vec::with_capacity(Self::ROOM) }
    }

    /// The number of the next lap, unless the time is over.
    fn next(&self) -> Option<u64> {
        (self.begun < self.until).then_some(self.taken.len() as u64)
    }

    /// The lap that was begun is over, and so the next one begins.
    fn end(&mut self) {
        let now = Instant::now();
        self.taken.push(now - self.begun);
        self.begun = now;
    }
}

/// That an answer is the one that was asked for.
fn expect(right: bool) -> Outcome {
    if right { Ok(()) } else { Err("an answer is not what was asked for".into()) }
}
