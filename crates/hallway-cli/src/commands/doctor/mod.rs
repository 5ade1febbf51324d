//! `hallway doctor`: what is wrong with a service, layer by layer. Starts nothing and changes nothing.
//!
//! Each layer rests on those before it, so the first that fails is the one to put right; its number is the exit code.
//! [`report`] is what was found, [`place`] looks at the files, [`conversation`] at what the daemon says.

mod conversation;
mod place;
mod report;

use std::io::{self, Write};
use std::sync::LazyLock;

use hallway::lifecycle::{Env, LogReader, log_path};

use crate::exit::DOCTOR;
use crate::failure::Failure;
use crate::output::{OutputArguments, plain};
use crate::service;

use report::{Log, Report};

/// The end of the command's help.
pub(crate) static HELP: LazyLock<String> = LazyLock::new(|| format!("{EXAMPLES}\n\n{DOCTOR}"));

const EXAMPLES: &str = "\
Examples:
  hallway doctor mail                          what is wrong with it, and what to do
  hallway doctor mail --format json            the same for a program, with the end of its log

It exits with 0 if nothing is wrong, also where nothing runs and it can be started; else by the first layer that fails.";

/// Whom to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `mail`, or `mail@work` for one of several.
    service: String,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// How many lines of the log are shown.
const LOG_LINES: usize = 8;

pub(crate) fn run(Arguments { service, output }: &Arguments) -> Result<(), Failure> {
    let instance = service::instance(service)?;
    let env = Env::process();
    let mut report = Report::new(&instance);
    if let Some(stream) = place::examine(&env, &instance, &mut report) {
        conversation::examine(&env, &instance, stream, &mut report);
    }
    report.log = log_path(&env, &instance).ok().map(|path| {
        let lines = LogReader::open(&path).and_then(|mut log| log.read()).map(|written| tail(&written));
        Log { path, lines: lines.unwrap_or_default() }
    });
    output.print(&report, |out| report.print(out))?;
    report.verdict()
}

fn tail(written: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(written);
    let mut lines: Vec<String> = text.lines().rev().take(LOG_LINES).map(str::to_owned).collect();
    lines.reverse();
    lines
}

impl Log {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.lines.is_empty() {
            return writeln!(out, "\nNothing is in its log, {}", self.path.display());
        }
        writeln!(out, "\nIts log, {}, ends:", self.path.display())?;
        self.lines.iter().try_for_each(|line| writeln!(out, "  {}", console::style(plain::line(line)).dim()))
    }
}
