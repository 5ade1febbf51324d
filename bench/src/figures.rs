//! What is measured, by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measures::Measure;
use crate::place::Placement;
use crate::runtime::Runtime;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Calls, or items, that were counted.
    Done,
    PerSecond,
    /// Half of the round trips took no longer, in microseconds.
    P50,
    P99,
    /// The large payload, counted once for there and back.
    MegabytesPerSecond,
    /// Microseconds of processor time for each call or item.
    ServerCpu,
    ClientCpu,
    /// The server's own memory for each idle connection, in KiB.
    Kib1000,
    Kib10000,
    /// From before a process is started until it has been waited for, in milliseconds.
    Cold,
    /// System calls for each call, one after the other.
    ServerSyscalls,
    ClientSyscalls,
    /// System calls for each call, many at once.
    ServerSyscallsPipelined,
    ClientSyscallsPipelined,
}

impl Figure {
    pub const ALL: [Self; 14] = [
        Self::Done,
        Self::PerSecond,
        Self::P50,
        Self::P99,
        Self::MegabytesPerSecond,
        Self::ServerCpu,
        Self::ClientCpu,
        Self::Kib1000,
        Self::Kib10000,
        Self::Cold,
        Self::ServerSyscalls,
        Self::ClientSyscalls,
        Self::ServerSyscallsPipelined,
        Self::ClientSyscallsPipelined,
    ];

    pub fn less_is_better(self) -> bool {
        !matches!(self, Self::Done | Self::PerSecond | Self::MegabytesPerSecond)
    }
}

pub type Figures = BTreeMap<Figure, f64>;

/// What is measured once in each round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Case {
    pub measure: Measure,
    pub placement: Placement,
    pub runtime: Runtime,
    pub peer: &'static str,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { measure, placement, runtime, peer } = self;
        write!(f, "{peer}, {}, {}, {}", measure.name(), placement.name(), runtime.name())
    }
}

/// What one round has shown of it.
#[derive(Debug, Serialize)]
pub struct Sample {
    #[serde(flatten)]
    pub case: Case,
    pub round: usize,
    pub figures: Figures,
}

/// A figure over all rounds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Summary {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Summary {
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (&least, &most) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, least, most })
    }

    /// How far the rounds are apart: half of the way from the least to the most, as a part of the median.
    pub fn noise(self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.most - self.least) / 2.0 / self.median }
    }
}

/// All that was measured.
#[derive(Debug, Default)]
pub struct Results {
    pub samples: Vec<Sample>,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

impl Results {
    /// A figure of each case of a measure.
    pub fn of(&self, measure: Measure, figure: Figure) -> Vec<(&Case, Summary)> {
        let mut values: BTreeMap<&Case, Vec<f64>> = BTreeMap::new();
        for sample in self.samples.iter().filter(|sample| sample.case.measure == measure) {
            if let Some(&value) = sample.figures.get(&figure) {
                values.entry(&sample.case).or_default().push(value);
            }
        }
        values.into_iter().filter_map(|(case, values)| Some((case, Summary::of(values)?))).collect()
    }

    /// A figure of one case.
    pub fn at(&self, case: &Case, figure: Figure) -> Option<Summary> {
        let samples = self.samples.iter().filter(|sample| sample.case == *case);
        Summary::of(samples.filter_map(|sample| sample.figures.get(&figure).copied()).collect())
    }
}
