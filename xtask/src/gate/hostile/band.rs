//! Attackers, from the gate's side.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::peer::Target;

/// Connections of one process: a daemon takes 256 of each.
const EACH: usize = 200;

/// Processes of one attack.
pub(crate) struct Band {
    attackers: Vec<Attacker>,
}

struct Attacker {
    child: Child,
    words: BufReader<ChildStdout>,
}

impl Band {
    /// Starts an attack with so many connections, each of which ends after so much work if that is not zero; returns when
    /// all are in position.
    pub(crate) fn gather(
        target: &Target,
        attack: &str,
        connections: usize,
        count: u64,
        seed: u64,
    ) -> io::Result<Self> {
        let mut band = Self { attackers: Vec::new() };
        let mut left = connections;
        while left > 0 {
            let here = left.min(EACH);
            left -= here;
            let seed = seed ^ (band.attackers.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut child = Command::new(std::env::current_exe()?)
                .args(["gate-part", "hostile", attack])
                .arg(&target.socket)
                .arg(target.speech.name())
                .args([here.to_string(), count.to_string(), seed.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let words = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
            band.attackers.push(Attacker { child, words: BufReader::new(words) });
        }
        for attacker in &mut band.attackers {
            let mut line = String::new();
            attacker.words.read_line(&mut line)?;
            if line != "ready\n" {
                return Err(io::Error::other(format!("{attack}: an attacker says {line:?}")));
            }
        }
        Ok(band)
    }

    /// Has those read who did not.
    pub(crate) fn wake(&mut self) -> io::Result<()> {
        self.attackers.iter_mut().try_for_each(|attacker| {
            attacker.child.stdin.as_mut().map_or(Ok(()), |input| input.write_all(b"w"))
        })
    }

    /// Has all of them stop, and returns what they have counted.
    pub(crate) fn end(mut self) -> io::Result<Tally> {
        self.attackers.iter_mut().for_each(|attacker| drop(attacker.child.stdin.take()));
        self.finish()
    }

    /// Waits until they have done their work.
    pub(crate) fn finish(mut self) -> io::Result<Tally> {
        let mut tally = Tally::default();
        for attacker in &mut self.attackers {
            let mut words = String::new();
            attacker.words.read_to_string(&mut words)?;
            attacker.child.wait()?;
            tally.read(&words);
        }
        match tally.0.keys().find(|key| key.starts_with("failed:")) {
            Some(failed) => Err(io::Error::other(format!("an attacker {failed}"))),
            None => Ok(tally),
        }
    }
}

impl Drop for Band {
    /// A gate that fails leaves nobody behind.
    fn drop(&mut self) {
        for attacker in &mut self.attackers {
            if matches!(attacker.child.try_wait(), Ok(None)) {
                let _gone = attacker.child.kill().and_then(|()| attacker.child.wait());
            }
        }
    }
}

/// What attackers have counted, by name.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

impl Tally {
    pub(crate) fn add(&mut self, name: &str, count: u64) {
        match self.0.get_mut(name) {
            Some(counted) => *counted += count,
            None => _ = self.0.insert(name.to_owned(), count),
        }
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Those whose names begin so, without that.
    pub(crate) fn all(&self, prefix: &str) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().filter_map(move |(name, count)| Some((name.strip_prefix(prefix)?, *count)))
    }

    fn read(&mut self, words: &str) {
        for line in words.lines() {
            if let Some((name, count)) = line.split_once(' ') {
                self.add(name, count.parse().unwrap_or_default());
            }
        }
    }
}

/// A line for each, as [`Tally::read`] takes them.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, count)| writeln!(f, "{name} {count}"))
    }
}
