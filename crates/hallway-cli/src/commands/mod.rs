//! The commands, a module for each. Each takes what the command line says and prints; none knows another.

mod life;
mod logs;
mod ls;
mod status;
mod where_;

use crate::args::Command;
use crate::failure::Failure;

/// Runs one command.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Ls { output } => ls::run(&output),
        Command::Where { service, output } => where_::run(service.as_deref(), &output),
        Command::Status { service, output } => status::run(&service, &output),
        Command::Logs { service, lines, follow } => logs::run(&service, lines, follow),
        Command::Start { service, within } => life::start(&service, &within),
        Command::Stop { service, within } => life::stop(&service, &within),
        Command::Restart { service, within } => life::restart(&service, &within),
    }
}
