//! What an attack takes of those who do nothing but call.

use std::fmt;
use std::io;
use std::time::Duration;

use super::hostile::{Felt, Victim};
use super::site::Site;

/// Where attackers that want all processors keep everybody waiting for one: how many times longer a victim may wait than the one
/// beside.
const BESIDE_MAX: f64 = 3.0;

/// Two that call at the same time: one of them a daemon that is attacked, and one *beside*, whose daemon is the same program and has no
/// other client. What that one feels too is that attackers and the daemon under attack want the same processors; what it does not feel is
/// that daemon's own doing.
pub(super) struct Victims {
    pub(super) here: Victim,
    beside: Victim,
    _aside: Site,
}

impl Victims {
    pub(super) fn new(here: Victim, aside: Site) -> io::Result<Self> {
        Ok(Self { here, beside: Victim::connect(&aside.target)?, _aside: aside })
    }

    /// The one here; the one beside and its daemon go.
    pub(super) fn into_here(self) -> Victim {
        self.here
    }

    /// Both call for so long.
    pub(super) fn call_for(&mut self, time: Duration) -> io::Result<[Felt; 2]> {
        let Self { here, beside, .. } = self;
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| beside.call_for(time));
            let here = here.call_for(time)?;
            let beside =
                beside.join().unwrap_or_else(|_| Err(io::Error::other("the victim beside panicked")))?;
            Ok([here, beside])
        })
    }
}

/// What a victim felt in idle times and under attack, and what the one beside felt under the same attack.
pub(super) struct Toll {
    pub(super) idle: Felt,
    pub(super) felt: Felt,
    pub(super) beside: Felt,
}

impl Toll {
    pub(super) fn claims(&self, most: f64) -> [(bool, String); 2] {
        [self.is_answered(), self.is_bearable(most)]
    }

    /// No call failed.
    pub(super) fn is_answered(&self) -> (bool, String) {
        let Felt { failed, first, .. } = &self.felt;
        (*failed == 0, format!("{failed} calls of the victim failed: {first:?}"))
    }

    /// The victim waited at most so many times as long as in idle times or, where that is the machine's doing, as the one beside.
    pub(super) fn is_bearable(&self, most: f64) -> (bool, String) {
        let (idle, beside) = (self.felt.ratio(&self.idle), self.felt.ratio(&self.beside));
        let words =
            format!("the victim waited {idle:.1} times as long, {beside:.1} times as long as one beside");
        (self.share(most) <= 1.0, words)
    }

    /// How much it waited of what is bearable.
    pub(super) fn share(&self, most: f64) -> f64 {
        (self.felt.ratio(&self.idle) / most).min(self.felt.ratio(&self.beside) / BESIDE_MAX)
    }
}

impl fmt::Display for Toll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { idle, felt, beside } = self;
        write!(
            f,
            "victim: p50, p99, p99.9 {felt} us of {} calls, {} failed; idle p99 {} us: {:.1} times; beside {beside} us: {:.1} times",
            felt.samples(),
            felt.failed,
            idle.at(0.99),
            felt.ratio(idle),
            felt.ratio(beside)
        )
    }
}
