//! What a fuzzer says of its run.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::time::{Duration, Instant};

/// A run in figures.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    executions: u64,
    edges: u64,
    /// Of them, those that were reached first in the last fifth of the run.
    new_edges: u64,
    /// Memory in MiB, before the first input and at the end.
    memory: (u64, u64),
    took: Duration,
}

/// Where a run was at a moment: `#4711 NEW cov: 12 ft: 34 corp: 5/6b exec/s: 7 rss: 32Mb`.
#[derive(Debug, Clone, Copy)]
struct Moment {
    executions: u64,
    edges: u64,
    memory: u64,
}

/// How much of what it says last is kept for whoever looks for the reason of a failure, in lines.
const LAST: usize = 20;

/// How lines begin that say nothing of that.
const NOISE: &[&str] = &["WARNING:", "INFO:", "NOTE:", "note:", "0x", "      Combine", "artifact_prefix="];

/// Follows a run to its end: its figures, and what it said last.
pub(super) fn listen(words: impl Read) -> io::Result<(Option<Report>, String)> {
    let begin = Instant::now();
    let (mut moments, mut last) = (Vec::new(), VecDeque::new());
    for line in BufReader::new(words).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        match moment(&line) {
            Some(moment) => moments.push(moment),
            None if line.is_empty() || NOISE.iter().any(|noise| line.starts_with(noise)) => (),
            None => last.push_back(line),
        }
        if last.len() > LAST {
            last.pop_front();
        }
    }
    Ok((report(&moments, begin.elapsed()), last.make_contiguous().join("\n")))
}

fn report(moments: &[Moment], took: Duration) -> Option<Report> {
    let (first, end) = (moments.first()?, moments.last()?);
    let before = moments.iter().rev().find(|moment| moment.executions <= end.executions / 5 * 4);
    Some(Report {
        executions: end.executions,
        edges: end.edges,
        new_edges: end.edges.saturating_sub(before.map_or(0, |before| before.edges)),
        memory: (first.memory, end.memory),
        took,
    })
}

fn moment(line: &str) -> Option<Moment> {
    let executions = line.strip_prefix('#')?.split_ascii_whitespace().next()?.parse().ok()?;
    let after = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    Some(Moment { executions, edges: after(" cov:").unwrap_or(0), memory: after(" rss:")? })
}

impl Report {
    /// In MiB.
    pub(super) fn growth(&self) -> u64 {
        self.memory.1.saturating_sub(self.memory.0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, edges, new_edges, took, .. } = self;
        let seconds = took.as_secs().max(1);
        let rate = executions / seconds;
        write!(
            f,
            "{executions:>10} {rate:>8} {edges:>7} {new_edges:>11} {:>4} MiB {seconds:>5} s",
            self.growth()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_off_its_words() {
        let words = "INFO: Seed: 1\n\
            #10\tINITED cov: 71 ft: 77 corp: 2/3b exec/s: 0 rss: 32Mb\n\
            #700\tNEW    cov: 90 ft: 77 corp: 2/3b lim: 4 exec/s: 0 rss: 32Mb L: 2/2 MS: 1 X-\n\
            #900\tpulse  cov: 95 ft: 77 corp: 2/3b lim: 4 exec/s: 0 rss: 33Mb\n\
            #1000\tDONE   cov: 96 ft: 77 corp: 2/3b lim: 4 exec/s: 0 rss: 35Mb\n\
            Done 1000 runs in 1 second(s)\n";
        let (report, last) = listen(words.as_bytes()).unwrap();
        let report = report.unwrap();
        assert_eq!((report.executions, report.edges, report.new_edges, report.growth()), (1000, 96, 6, 3));
        assert!(last.ends_with("second(s)"), "{last}");
        assert_eq!(listen(&b"nothing"[..]).unwrap().0, None);
    }
}
