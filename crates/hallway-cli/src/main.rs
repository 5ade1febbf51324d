//! `hallway`: sees what runs, calls anything, watches it, and finds out why it does not work.
//!
//! It knows no service by name: what there is to call, and how, it takes from the daemons' own descriptions. Nothing but
//! `call`, `watch`, `dial` and `start` starts a daemon.
//!
//! - [`args`] is the command line; [`commands`] has a module for each command.
//! - [`service`] finds instances and reaches them.
//! - [`invoke`] is what `call` and `watch` have in common.
//! - [`schema`] reads what a description says of values.
//! - [`output`] prints values in every format.
//! - [`failure`] and [`exit`]: how a command ends.

mod args;
mod commands;
mod exit;
mod failure;
mod invoke;
mod output;
mod schema;
mod service;

use std::process::ExitCode;

use clap::Parser as _;

use args::Arguments;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let as_json = command.wants_json();
    match commands::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(as_json),
    }
}
