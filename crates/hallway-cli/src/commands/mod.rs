//! The commands, a module for each. Each takes what the command line says and prints; none knows another.

mod call;
pub(crate) mod completions;
pub(crate) mod describe;
mod life;
mod logs;
mod ls;
mod man;
mod status;
mod watch;
mod where_;

use crate::args::Command;
use crate::failure::Failure;

/// Runs one command.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Ls { output } => ls::run(&output),
        Command::Where { service, output } => where_::run(service.as_deref(), &output),
        Command::Status { service, output } => status::run(&service, &output),
        Command::Call(arguments) => call::run(arguments),
        Command::Watch(arguments) => watch::run(arguments),
        Command::Describe { target, method, format } => describe::run(&target, method.as_deref(), format),
        Command::Completions { shell, words } => completions::run(shell, words),
        Command::Man { command, dir } => man::run(command.as_deref(), dir.as_deref()),
        Command::Logs { service, lines, follow } => logs::run(&service, lines, follow),
        Command::Start { service, within } => life::start(&service, &within),
        Command::Stop { service, within } => life::stop(&service, &within),
        Command::Restart { service, within } => life::restart(&service, &within),
    }
}
