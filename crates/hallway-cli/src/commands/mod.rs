//! The commands, a module for each. Each takes what the command line says and prints; none knows another.

mod call;
pub(crate) mod codegen;
pub(crate) mod compat;
pub(crate) mod completions;
pub(crate) mod describe;
pub(crate) mod dial;
pub(crate) mod doctor;
mod life;
mod logs;
mod ls;
mod man;
pub(crate) mod new;
mod status;
pub(crate) mod units;
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
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Codegen(arguments) => codegen::run(&arguments),
        Command::Compat(arguments) => compat::run(&arguments),
        Command::Dial(arguments) => dial::run(&arguments),
        Command::Units(arguments) => units::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Start { service, within } => life::start(&service, &within),
        Command::Stop { service, within } => life::stop(&service, &within),
        Command::Restart { service, within } => life::restart(&service, &within),
    }
}
