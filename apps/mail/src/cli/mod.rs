//! The command line: a client of the service like any other.

mod arguments;
mod failure;
mod installed;
mod output;
mod plain;
mod progress;
mod reach;
mod run;
mod table;

pub(crate) use arguments::{Arguments, Command};

use std::io;
use std::process::ExitCode;

use failure::Failure;
use hallway_mail::Place;

/// Runs one command.
#[must_use]
pub(crate) fn run(place: &Place, command: Command) -> ExitCode {
    let as_json = command.wants_json();
    match run::run(place, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(as_json),
    }
}

/// Reports that the mailbox of the command line is not there.
#[must_use]
pub(crate) fn no_place(arguments: &Arguments, error: &io::Error) -> ExitCode {
    let path = arguments.mailbox.clone().unwrap_or_default();
    Failure::usage(format!("there is no mailbox at {}: {error}", path.display()))
        .report(arguments.command.wants_json())
}
