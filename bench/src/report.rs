//! The tables, and everything as JSON.

use serde::Serialize;

use crate::Outcome;
use crate::figures::{Case, Figure, Results, Summary};
use crate::machine::Machine;
use crate::measures::Measure;
use crate::options::Options;
use crate::place::Placement;
use crate::table::{Table, number};

/// What everything is compared with.
pub const OURS: &str = "hallway";
const FLOOR: &str = "floor-uds";

/// A table: what is ordered in it, and what is shown beside.
pub struct Section {
    pub measure: Measure,
    /// Only there; of several placements otherwise the better one.
    pub placement: Option<Placement>,
    pub figure: Figure,
    pub unit: &'static str,
    beside: &'static [(&'static str, &'static [Figure])],
}

const CPU: (&str, &[Figure]) = ("CPU µs, server + client", &[Figure::ServerCpu, Figure::ClientCpu]);

impl Section {
    pub const ALL: &[Self] = &[
        Self::round_trip(Placement::OneCore),
        Self::round_trip(Placement::TwoCores),
        Self::round_trip(Placement::Free),
        Self::rate(Measure::Pipelined, Figure::PerSecond, "calls/s"),
        Self::rate(Measure::Many, Figure::PerSecond, "calls/s"),
        Self::rate(Measure::Bulk, Figure::MegabytesPerSecond, "MB/s"),
        Self::rate(Measure::Stream, Figure::PerSecond, "items/s"),
        Self {
            beside: &[("KiB at 10,000", &[Figure::Kib10000])],
            ..Self::rate(Measure::Memory, Figure::Kib1000, "KiB at 1,000")
        },
        Self { beside: &[], ..Self::rate(Measure::Cold, Figure::Cold, "ms") },
        Self {
            beside: &[
                ("client", &[Figure::ClientSyscalls]),
                (
                    "64 under way, server + client",
                    &[Figure::ServerSyscallsPipelined, Figure::ClientSyscallsPipelined],
                ),
            ],
            ..Self::rate(Measure::Syscalls, Figure::ServerSyscalls, "server")
        },
    ];

    const fn round_trip(placement: Placement) -> Self {
        Self {
            measure: Measure::Latency,
            placement: Some(placement),
            figure: Figure::P50,
            unit: "p50 µs",
            beside: &[("p99 µs", &[Figure::P99]), CPU],
        }
    }

    const fn rate(measure: Measure, figure: Figure, unit: &'static str) -> Self {
        Self { measure, placement: None, figure, unit, beside: &[CPU] }
    }

    pub fn title(&self) -> String {
        match self.placement {
            Some(placement) => format!("{}, {}", self.measure.about(), placement.name()),
            None => self.measure.about().to_owned(),
        }
    }

    /// The best case of each peer, the best peer first.
    pub fn rows<'a>(&self, results: &'a Results) -> Vec<(&'a Case, Summary)> {
        let mut cases = results.of(self.measure, self.figure);
        cases.retain(|(case, _)| self.placement.is_none_or(|placement| case.placement == placement));
        cases.sort_by(|(_, one), (_, other)| {
            let order = one.median.total_cmp(&other.median);
            if self.figure.less_is_better() { order } else { order.reverse() }
        });
        let mut rows: Vec<(&Case, Summary)> = Vec::new();
        for row in cases {
            if rows.iter().all(|(case, _)| case.peer != row.0.peer) {
                rows.push(row);
            }
        }
        rows
    }

    fn table(&self, results: &Results) -> Option<Table> {
        let rows = self.rows(results);
        rows.first()?;
        let of = |name: &str| Some(rows.iter().find(|(case, _)| case.peer == name)?.1.median);
        let (ours, floor) = (of(OURS), of(FLOOR));
        let mut head = vec!["peer", self.unit, "noise", "/ hallway", "/ floor-uds", "on"];
        head.extend(self.beside.iter().map(|(title, _)| title));
        let mut table = Table::new(&head);
        for (case, summary) in &rows {
            let ratio =
                |to: Option<f64>| to.map_or("–".to_owned(), |to| format!("{:.2}", summary.median / to));
            let mut row = vec![
                case.peer.to_owned(),
                number(summary.median),
                format!("±{:.0} %", summary.noise() * 100.0),
                ratio(ours),
                ratio(floor),
                match self.placement {
                    Some(_) => case.runtime.name().to_owned(),
                    None => format!("{}, {}", case.runtime.name(), case.placement.name()),
                },
            ];
            for (_, figures) in self.beside {
                let of = |&figure| results.at(case, figure).map_or("–".to_owned(), |it| number(it.median));
                row.push(figures.iter().map(of).collect::<Vec<_>>().join(" + "));
            }
            table.row(row);
        }
        Some(table)
    }
}

/// The tables of a page.
pub fn markdown(machine: &Machine, options: &Options, results: &Results) -> String {
    let (rounds, time) = (options.rounds, options.effort.time.as_millis());
    let mut text = format!(
        "{machine}. {rounds} rounds of {time} ms for each, interleaved; medians, and as noise half of the way from the \
         least to the most. Server and client are a process each, on these cores: *one core* both on the first, *two cores* the \
         server on the first and the client on the second, *free* where the scheduler puts them. `ct` is tokio on one thread at both \
         ends, `mt` with one for each core, `threads` neither; of what is not fixed by a table, the best of each peer is shown.\n"
    );
    for section in Section::ALL {
        if let Some(table) = section.table(results) {
            text += &format!("\n### {}\n\n{table}", section.title());
        }
    }
    text += "\n### Who is who\n\n";
    for peer in &options.peers {
        text += &format!("- `{}`: {}\n", peer.name(), peer.about());
    }
    if !results.failures.is_empty() {
        text += "\n### Not measured\n\n";
        text.extend(results.failures.iter().map(|failure| format!("- {failure}\n")));
    }
    text
}

#[derive(Serialize)]
struct Written<'a> {
    machine: &'a Machine,
    rounds: usize,
    milliseconds: u128,
    peers: Vec<About>,
    summary: Vec<Line<'a>>,
    samples: &'a [crate::figures::Sample],
    failures: &'a [String],
}

#[derive(Serialize)]
struct About {
    name: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    case: &'a Case,
    figure: Figure,
    #[serde(flatten)]
    summary: Summary,
}

/// Everything, also what no table shows.
pub fn json(machine: &Machine, options: &Options, results: &Results) -> Outcome<String> {
    let peers = options.peers.iter().map(|peer| About { name: peer.name(), about: peer.about() });
    let written = Written {
        machine,
        rounds: options.rounds,
        milliseconds: options.effort.time.as_millis(),
        peers: peers.collect(),
        summary: Measure::ALL.iter().flat_map(|&measure| lines(results, measure)).collect(),
        samples: &results.samples,
        failures: &results.failures,
    };
    Ok(serde_json::to_string_pretty(&written)? + "\n")
}

fn lines(results: &Results, measure: Measure) -> impl Iterator<Item = Line<'_>> {
    Figure::ALL.iter().flat_map(move |&figure| {
        let cases = results.of(measure, figure).into_iter();
        cases.map(move |(case, summary)| Line { case, figure, summary })
    })
}
