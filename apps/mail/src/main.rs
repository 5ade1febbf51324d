//! `hallway-mail`: full-text search over the mail on this machine.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Arguments, Command};
use hallway_mail::{Place, daemon};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let place = match Place::new(arguments.mailbox.as_deref()) {
        Ok(place) => place,
        Err(error) => return cli::no_place(&arguments, &error),
    };
    match arguments.command {
        Command::Daemon => daemon::run(&place),
        command => cli::run(&place, command),
    }
}
