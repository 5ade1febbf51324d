//! How a command fails: what a person reads, what a script reads, and the exit code.

use std::io;
use std::process::ExitCode;

use hallway::lifecycle::{LifecycleError, StartError};
use hallway::{CallError, WireError};

use crate::exit::Exit;
use crate::output::{OutputArguments, plain};

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: WireError,
    hint: Option<String>,
    /// Whether it is to be told in JSON.
    as_json: bool,
}

impl Failure {
    /// What is wrong with what was asked.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    pub(crate) fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self { exit, error: WireError::new(code, message.into()), hint: None, as_json: false }
    }

    /// Says what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The failure of something that was to be printed so.
    pub(crate) fn of(mut self, output: &OutputArguments) -> Self {
        self.as_json = output.wants_json();
        self
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &str {
        &self.error.code
    }

    /// Prints the failure on standard error, and tells how to exit.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        if self.code() == BROKEN_PIPE {
            // Whoever reads the output has seen enough.
            return ExitCode::SUCCESS;
        }
        if as_json || self.as_json {
            eprintln!("{}", serde_json::json!({ "error": self.error, "hint": self.hint }));
        } else {
            let style = |word| console::style(word).for_stderr().bold();
            eprintln!("{} {}", style("error:").red(), plain::lines(&self.error.message));
            if let Some(hint) = &self.hint {
                eprintln!("{} {}", style("hint:").cyan(), plain::lines(hint));
            }
        }
        ExitCode::from(self.exit as u8)
    }
}

/// The code of an output that nobody reads any more.
const BROKEN_PIPE: &str = "broken_pipe";

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let exit = Exit::of(&error);
        match error {
            CallError::Remote(error) => {
                let hint = error.retryable.then(|| "the same call may succeed later".to_owned());
                Self { exit, error, hint, as_json: false }
            }
            error => Self::new(exit, error.code(), error.to_string()),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        CallError::from(error).into()
    }
}

impl From<LifecycleError> for Failure {
    fn from(error: LifecycleError) -> Self {
        let exit = match error {
            LifecycleError::BadName { .. } => Exit::Usage,
            LifecycleError::DeadlinePassed { .. } => Exit::Deadline,
            _ => Exit::Unreachable,
        };
        Self::new(exit, error.code(), error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Done, BROKEN_PIPE, "nobody reads the output"),
            _ => Self::new(Exit::Refused, "output", format!("cannot print: {error}")),
        }
    }
}
