//! The command line.

use std::path::PathBuf;

use crate::Outcome;
use crate::measures::{Effort, Measure};
use crate::peers::{self, Peer};
use crate::place::Placement;
use crate::runtime::Runtime;

const USAGE: &str = "\
hallway-bench all [OPTION...]     every peer by every measure
hallway-bench OPTION...           a part of it

  --peers NAME,...       whom
  --measures NAME,...    what
  --placements NAME,...  one-core, two-cores, free
  --runtimes NAME,...    threads, ct, mt
  --rounds N             how often, 5 if not said
  --quick                one short round: shows that it works, not how fast
  --into DIRECTORY       where results.json and chart.svg go; target/report beside the manifest if not said
  --markdown FILE        writes the tables there as well
  --list                 names the peers and the measures";

/// What is to be measured.
pub struct Options {
    pub peers: Vec<&'static dyn Peer>,
    pub measures: Vec<Measure>,
    pub placements: Vec<Placement>,
    pub runtimes: Vec<Runtime>,
    pub rounds: usize,
    pub effort: Effort,
    pub into: PathBuf,
    pub markdown: Option<PathBuf>,
}

impl Options {
    const ROUNDS: usize = 5;

    pub fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut options = Self {
            peers: peers::all(),
            measures: Measure::ALL.to_vec(),
            placements: Placement::ALL.to_vec(),
            runtimes: Runtime::ALL.to_vec(),
            rounds: Self::ROUNDS,
            effort: Effort::FULL,
            into: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/report")),
            markdown: None,
        };
        let rest = if let ["all", rest @ ..] = arguments { rest } else { arguments };
        if arguments.is_empty() {
            return Err(USAGE.into());
        }
        let mut rest = rest.iter();
        while let Some(&option) = rest.next() {
            let mut value = || rest.next().copied().ok_or_else(|| format!("{option} what?"));
            match option {
                "--peers" => options.peers = chosen(value()?, &peers::all(), |peer| peer.name())?,
                "--measures" => options.measures = chosen(value()?, &Measure::ALL, |one| one.name())?,
                "--placements" => options.placements = chosen(value()?, &Placement::ALL, |one| one.name())?,
                "--runtimes" => options.runtimes = chosen(value()?, &Runtime::ALL, |one| one.name())?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--quick" => (options.rounds, options.effort) = (1, Effort::QUICK),
                "--into" => options.into = value()?.into(),
                "--markdown" => options.markdown = Some(value()?.into()),
                "--list" => return Err(list().into()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

/// Those of the names, in the order of the names.
fn chosen<T: Copy>(names: &str, all: &[T], name_of: impl Fn(&T) -> &'static str) -> Outcome<Vec<T>> {
    let name_of = |one: &T| name_of(one).replace(' ', "-");
    let find = |name| {
        let found = all.iter().find(|one| name_of(one) == name).copied();
        let known = || all.iter().map(name_of).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("there is no {name}, only {}", known()).into())
    };
    names.split(',').map(find).collect()
}

fn list() -> String {
    let peers = peers::all();
    let peers = peers.iter().map(|peer| format!("{:26} {}\n", peer.name(), peer.about()));
    let measures = Measure::ALL.iter().map(|measure| format!("{:26} {}\n", measure.name(), measure.about()));
    peers.chain(measures).collect()
}
