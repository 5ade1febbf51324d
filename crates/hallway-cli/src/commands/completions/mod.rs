//! `hallway completions`: what makes a shell complete commands, services, methods and parameters.
//!
//! The scripts know nothing: they ask the tool, at each key, what could stand there (`completions SHELL -- WORDS`).

mod live;

use std::ffi::OsString;

use clap::ValueEnum;
use clap_complete::engine::complete;

use crate::failure::Failure;
use crate::output::out;

/// The shells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Bash 4 or later.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish 3 or later.
    Fish,
}

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("hallway.bash"),
            Self::Zsh => include_str!("hallway.zsh"),
            Self::Fish => include_str!("hallway.fish"),
        }
    }

    /// A candidate, and what is said of it, as the script reads it.
    fn candidate(self, value: &str, help: Option<String>) -> String {
        let help =
            help.and_then(|help| Some(help.lines().next()?.to_owned())).filter(|help| !help.is_empty());
        match (self, help) {
            (Self::Bash, _) => value.to_owned(),
            (Self::Zsh, None) => value.replace(':', "\\:"),
            (Self::Zsh, Some(help)) => format!("{}:{help}", value.replace(':', "\\:")),
            (Self::Fish, None) => value.to_owned(),
            (Self::Fish, Some(help)) => format!("{value}\t{help}"),
        }
    }
}

/// Prints the script, or what could stand in the place of the last word.
pub(crate) fn run(shell: Shell, words: Vec<OsString>) -> Result<(), Failure> {
    let Some(last) = words.len().checked_sub(1) else {
        return out(|out| out.write_all(shell.script().as_bytes()));
    };
    let mut command = live::command(words.get(..last).unwrap_or_default());
    let is_option = |word: &str| word.starts_with('-');
    let wants_option = words.get(last).is_some_and(|word| is_option(&word.to_string_lossy()));
    let mut candidates = complete(&mut command, words, last, None)?;
    candidates.retain(|candidate| !candidate.is_hide_set());
    if candidates.iter().any(|candidate| !is_option(&candidate.get_value().to_string_lossy())) {
        // Who wants an option begins with a dash, unless there is nothing else.
        candidates.retain(|candidate| wants_option || !is_option(&candidate.get_value().to_string_lossy()));
    }
    out(|out| {
        candidates.iter().try_for_each(|candidate| {
            let help = candidate.get_help().map(ToString::to_string);
            writeln!(out, "{}", shell.candidate(&candidate.get_value().to_string_lossy(), help))
        })
    })
}
