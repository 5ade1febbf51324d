//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::commands::{codegen, compat, completions, describe, dial, doctor, new, units};
use crate::exit::TABLE;
use crate::invoke::InvokeArguments;
use crate::output::OutputArguments;

/// Sees what runs on this machine, calls anything, watches it, and finds out why it does not work.
///
/// A service is a daemon of yours that speaks on a socket. `hallway ls` lists them, `hallway describe SERVICE` tells what one
/// can do, `hallway call SERVICE.METHOD` does it. A daemon that does not run is started by `call`, `watch`, `dial` and
/// `start`, and by nothing else.
#[derive(Debug, Parser)]
#[command(name = "hallway", version, max_term_width = 100, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{TABLE}"))]
#[command(infer_subcommands = false, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hallway ls                                   what runs, and what could
  hallway describe mail                        what it can do
  hallway call mail search --help              what one of its methods takes
  hallway call mail.search query=is:unread     calls it
  hallway watch mail.arrivals                  follows its events
  hallway logs mail -f                         what it logs, as it comes
  hallway stop mail                            ends it in good order
  hallway doctor mail                          why it does not work
  hallway new greeter                          a service of your own, to begin with

`hallway COMMAND --help` has examples of its own.";

const CALL_USAGE: &str = "hallway call [OPTIONS] SERVICE.METHOD [NAME=VALUE | NAME:=JSON | --NAME VALUE]...";

const WATCH_USAGE: &str =
    "hallway watch [OPTIONS] SERVICE.METHOD [NAME=VALUE | NAME:=JSON | --NAME VALUE]...";

const CALL: &str = "\
Examples:
  hallway call mail search --help              the parameters of this method
  hallway call mail.search query=is:unread limit=5
  hallway call mail.search --query is:unread --limit 5 -q subject
  hallway call mail.mark ids:='[1,2]' mark=read
  hallway call mail.search query= --format table
  echo '{\"query\":\"is:unread\"}' | hallway call mail.search --json -";

const WATCH: &str = "\
Examples:
  hallway watch mail.arrivals                  from now on
  hallway watch mail.arrivals since=4711       and those that came before, if they are kept
  hallway watch mail.arrivals -q subject";

const DESCRIBE: &str = "\
Examples:
  hallway describe mail                        its methods
  hallway describe mail.search                 one of them: parameters, errors, types
  hallway describe mail --format openapi       for the tools of others";

const COMPLETIONS: &str = "\
Examples:
  source <(hallway completions bash)                           in ~/.bashrc
  source <(hallway completions zsh)                            in ~/.zshrc, after compinit
  hallway completions fish > ~/.config/fish/completions/hallway.fish";

const MAN: &str = "\
Examples:
  hallway man | man -l -
  hallway man call | man -l -
  hallway man --dir ~/.local/share/man/man1";

const LOGS: &str = "\
Examples:
  hallway logs mail -n 200
  hallway logs mail -f | grep WARN";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the services of this user: those that run, and those that can be started.
    Ls {
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Prints where things are: the runtime directory and the rule that chose it, service files, logs.
    Where {
        /// Of this service: `mail`, or `mail@work` for one of several.
        service: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Tells how a service is.
    Status {
        /// `mail`, or `mail@work` for one of several.
        service: String,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Calls a method, and prints what it answers. Starts the service if it does not run.
    ///
    /// Parameters are checked against the service's own description before anything is sent. A stream is printed as it
    /// comes, a line of JSON for each item. Ctrl-C takes the call back.
    #[command(after_help = CALL, override_usage = CALL_USAGE)]
    Call(InvokeArguments),
    /// Prints the events of a service as they come, over lost connections and restarts, until it is interrupted.
    ///
    /// Each line has the event's number as `seq` and the event as `item`. What was missed is told on standard error.
    /// After a lost connection it goes on behind the last event, and starts the service anew if that has died. It ends when
    /// the service is stopped.
    #[command(after_help = WATCH, override_usage = WATCH_USAGE)]
    Watch(InvokeArguments),
    /// Tells what a service can do, or one of its methods, as it says itself.
    #[command(after_help = DESCRIBE)]
    Describe {
        /// `mail`, or one of its methods: `mail.search`.
        #[arg(value_name = "SERVICE[.METHOD]")]
        target: String,
        /// The method, if it is not part of the first word.
        method: Option<String>,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: describe::Format,
    },
    /// Prints what a service has logged, of earlier runs too.
    #[command(after_help = LOGS)]
    Logs {
        /// `mail`, or `mail@work` for one of several.
        service: String,
        /// So many lines, the last ones.
        #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
        lines: usize,
        /// Goes on as the service writes, until it is interrupted. Later runs are followed too.
        #[arg(long, short)]
        follow: bool,
    },
    /// Finds out why a service does not work, layer by layer, and tells what to do. Starts nothing, changes nothing.
    #[command(after_help = doctor::HELP.as_str())]
    Doctor(doctor::Arguments),
    /// Tells whether clients of an old version of a service go on working with a new one: each change, and what it means.
    #[command(after_help = compat::HELP)]
    Compat(compat::Arguments),
    /// Writes a typed client of a service, from what it says of itself.
    #[command(after_help = codegen::HELP)]
    Codegen(codegen::Arguments),
    /// Makes standard input and output a service's socket, and starts it if it does not run.
    ///
    /// So whoever speaks to a program over its pipes, on another machine too, speaks to the one daemon that all share.
    /// Nothing but what the service says is printed; what goes wrong is told on standard error.
    #[command(after_help = dial::HELP)]
    Dial(dial::Arguments),
    /// Writes files for systemd or launchd, to have one of them start a service.
    #[command(after_help = units::HELP)]
    Units(units::Arguments),
    /// Writes a program to begin with: a service of one method, its daemon, its command line and its tests.
    #[command(after_help = new::HELP)]
    New(new::Arguments),
    /// Starts a service, and waits until it serves. One that runs already is left alone.
    Start {
        /// `mail`, or `mail@work` for one of several.
        service: String,
        #[command(flatten)]
        within: Within,
    },
    /// Stops a service in good order, and waits until its process has let go of everything.
    Stop {
        /// `mail`, or `mail@work` for one of several.
        service: String,
        #[command(flatten)]
        within: Within,
    },
    /// Has a service replaced by its installed program, after an upgrade for one. No call of anybody fails of it.
    Restart {
        /// `mail`, or `mail@work` for one of several.
        service: String,
        #[command(flatten)]
        within: Within,
    },
    /// Prints what makes a shell complete commands, services, methods and parameters, as they are at that moment.
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: completions::Shell,
        /// What the shell asks: the words so far, the last of which is to be completed.
        #[arg(last = true, hide = true)]
        words: Vec<OsString>,
    },
    /// Prints the manual, as a page for `man`.
    #[command(after_help = MAN)]
    Man {
        /// Of this command, rather than of the tool.
        command: Option<String>,
        /// Writes all pages into this directory.
        #[arg(long, value_name = "DIR", conflicts_with = "command")]
        dir: Option<PathBuf>,
    },
}

/// How long something may take.
#[derive(Debug, clap::Args)]
pub(crate) struct Within {
    /// Gives up after so long: `2`, `0.5`, `500ms`, `2s`, `5m`, `1h`. What is under way goes on.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) deadline: Duration,
}

impl Command {
    /// Whether a failure too is to be printed as JSON.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Ls { output } | Self::Where { output, .. } | Self::Status { output, .. } => {
                output.wants_json()
            }
            Self::Call(arguments) | Self::Watch(arguments) => arguments.options.output.wants_json(),
            Self::Describe { format, .. } => *format != describe::Format::Text,
            Self::Compat(compat::Arguments { output, .. })
            | Self::Doctor(doctor::Arguments { output, .. })
            | Self::Units(units::Arguments { output, .. }) => output.wants_json(),
            Self::Codegen(_)
            | Self::Dial(_)
            | Self::New(_)
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Logs { .. }
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::Restart { .. } => false,
        }
    }
}

/// Reads a time with its unit; seconds if it has none.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "give a time, such as 2, 0.5, 500ms, 2s, 5m or 1h".to_owned();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        for (text, ms) in [("2", 2000), ("0.5", 500), ("500ms", 500), ("2s", 2000), ("5m", 300_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)));
        }
        for text in ["", "s", "-1", "2 days", "1d", "NaN"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
