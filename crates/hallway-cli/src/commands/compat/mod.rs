//! `hallway compat`: whether clients of an old version of a service go on working with a new one.
//!
//! [`changes`] finds what is different, [`rules`] is the one table of what that means, [`values`] holds two schemas
//! against each other.

mod changes;
mod rules;
mod values;

use std::io::{self, Write};

use console::style;
use hallway::service::Description;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{OutputArguments, plain};
use crate::service::descriptions;

use changes::{Change, changes, is_announced};
use rules::Verdict;

/// The end of the command's help.
pub(crate) const HELP: &str = "\
Examples:
  hallway describe mail --format json >mail.json      keeps what it offers, in a repository for one
  hallway compat mail.json mail                       whether what runs now still fits that
  git show main:mail.json | hallway compat - mail.json --format json

A change is breaking if clients that were written for the old version meet something that they do not expect. Exits with 0
if nothing is breaking, or if the service's new major version announces it, and else with 1.";

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The version that clients were written for: a file that holds a description, `-`, or a service that runs.
    old: String,
    /// The version that they are to go on with: the same.
    new: String,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What is different.
#[derive(Debug, Serialize)]
struct Comparison {
    /// Whether clients of the old version go on working, or are told that they do not.
    compatible: bool,
    /// Whether a new major version announces what is breaking.
    announced: bool,
    changes: Vec<Change>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (old, new) = (descriptions(&arguments.old)?, descriptions(&arguments.new)?);
    let comparison = Comparison::of(&old, &new);
    arguments.output.print(&comparison, |out| comparison.print(out))?;
    if comparison.compatible {
        return Ok(());
    }
    let message = format!("{} of {} changes are breaking", comparison.breaking(), comparison.changes.len());
    let hint = "take them back, or raise the service's major version, which says that clients of the old one do not fit";
    Err(Failure::new(Exit::Refused, "breaking", message).hint(hint))
}

impl Comparison {
    fn of(old: &[Description], new: &[Description]) -> Self {
        let changes = changes(old, new);
        // Each service announces its own.
        let is_its_own = |service: &Description, change: &Change| {
            change.at.strip_prefix(&service.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_announced = |change: &Change| {
            old.iter().any(|before| {
                is_its_own(before, change)
                    && new.iter().any(|after| after.name == before.name && is_announced(before, after))
            })
        };
        let breaking = || changes.iter().filter(|change| change.verdict == Verdict::Breaking);
        let announced = breaking().next().is_some() && breaking().all(is_announced);
        Self { compatible: announced || breaking().next().is_none(), announced, changes }
    }

    fn breaking(&self) -> usize {
        self.changes.iter().filter(|change| change.verdict == Verdict::Breaking).count()
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for change in &self.changes {
            let verdict = match change.verdict {
                Verdict::Breaking => style("BREAKING  ").red().bold(),
                Verdict::Compatible => style("compatible").green(),
            };
            writeln!(
                out,
                "{verdict}  {}: {}",
                style(plain::line(&change.at)).bold(),
                plain::line(&change.says)
            )?;
            writeln!(out, "{:12}{}", "", style(change.reason).dim())?;
        }
        match (self.changes.is_empty(), self.announced) {
            (true, _) => writeln!(out, "Nothing is different."),
            (false, true) => writeln!(out, "The new major version announces what is breaking."),
            (false, false) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
