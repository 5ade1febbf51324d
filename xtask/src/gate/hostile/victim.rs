//! The client that suffers, or does not: 200 calls a second, each measured from the moment when it was due. Who
//! waited for answers before calling again would not count the calls that were never made.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use super::super::percentile;
use super::peer::{Peer, Target, send};

/// Calls a second.
const RATE: u32 = 200;

/// An answer that takes longer is none.
const LATE: Duration = Duration::from_secs(20);

/// What a call says.
const LENGTH: usize = 32;

/// A well-behaved client with one connection.
pub(crate) struct Victim {
    target: Target,
    pub(crate) peer: Peer,
    last: u64,
}

/// How its calls went.
#[derive(Debug, Default)]
pub(crate) struct Felt {
    /// How long each answer took, sorted, in microseconds.
    micros: Vec<u128>,
    pub(crate) failed: u64,
    /// What went wrong first.
    pub(crate) first: Option<String>,
}

impl Victim {
    pub(crate) fn connect(target: &Target) -> io::Result<Self> {
        Ok(Self { target: target.clone(), peer: Peer::connect(target)?, last: 0 })
    }

    /// Calls for so long. Nothing that goes wrong stops it, but the end of the connection.
    pub(crate) fn call_for(&mut self, time: Duration) -> io::Result<Felt> {
        let interval = Duration::from_secs(1) / RATE;
        let calls = u64::try_from(time.as_micros() / interval.as_micros()).unwrap_or(u64::MAX);
        let (speech, before) = (self.target.speech, self.last);
        self.last += calls;
        let sender = self.peer.stream.try_clone()?;
        let begin = Instant::now() + interval;
        let due = |id: u64| begin + interval * u32::try_from(id - before - 1).unwrap_or(u32::MAX);
        let mut felt = Felt::default();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for id in before + 1..=before + calls {
                    std::thread::sleep(due(id).saturating_duration_since(Instant::now()));
                    if send(&sender, &speech.echo(id, LENGTH), LATE).is_err() {
                        // The answers that do not come tell.
                        break;
                    }
                }
            });
            let until = due(before + calls) + LATE;
            while (felt.micros.len() as u64) + felt.failed < calls && Instant::now() < until {
                match self.peer.hear(until.saturating_duration_since(Instant::now())) {
                    Ok(said) => {
                        let now = Instant::now();
                        for said in said.into_iter().filter(|said| said.ends) {
                            match (said.id, said.refusal) {
                                (Some(id), None) if id > before => {
                                    felt.micros.push(now.saturating_duration_since(due(id)).as_micros());
                                }
                                (_, refusal) => felt.fail(1, &refusal.unwrap_or_default()),
                            }
                        }
                    }
                    Err(error) => {
                        felt.fail(calls - felt.micros.len() as u64 - felt.failed, &error.to_string());
                    }
                }
            }
        });
        let missing = calls - felt.micros.len() as u64 - felt.failed;
        felt.fail(missing, "no answer");
        felt.micros.sort_unstable();
        Ok(felt)
    }
}

impl Felt {
    fn fail(&mut self, calls: u64, why: &str) {
        if calls > 0 {
            self.failed += calls;
            self.first.get_or_insert_with(|| why.to_owned());
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.micros.sort_unstable();
        self.failed += other.failed;
        self.first = self.first.take().or(other.first);
    }

    pub(crate) fn at(&self, share: f64) -> u128 {
        percentile(&self.micros, share)
    }

    pub(crate) fn samples(&self) -> usize {
        self.micros.len()
    }

    /// How many times longer than in idle times the slowest but one in a hundred took.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of some seconds at most")]
    pub(crate) fn ratio(&self, idle: &Self) -> f64 {
        self.at(0.99) as f64 / idle.at(0.99).max(1) as f64
    }
}

/// The half, all but one in a hundred, and all but one in a thousand.
impl fmt::Display for Felt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.at(0.5), self.at(0.99), self.at(0.999))
    }
}
