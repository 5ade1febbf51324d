//! How a command fails: one table for the exit code, the words and the JSON.

use std::io;
use std::process::ExitCode;

use hallway::lifecycle::LifecycleError;
use hallway::service::ServiceError as _;
use hallway::{CallError, WireError};

use super::plain::plain;
use hallway_mail::service::MailError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service said no.
    Refused(MailError),
    /// The service was not reached, or did not answer.
    Call(CallError),
    /// The command line makes no sense.
    Usage(String),
    /// What is to be printed cannot be.
    Output(io::Error),
    /// A service file cannot be written, read or removed.
    ServiceFile(LifecycleError),
    /// There is no daemon, and none was to be started.
    NotRunning(String),
}

impl Failure {
    pub(crate) fn usage(message: String) -> Self {
        Self::Usage(message)
    }

    /// Prints the failure, and tells how to exit.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        let (exit, error) = match self {
            // Whoever reads the output has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Self::Output(error) => (1, WireError::new("output", format!("cannot print: {error}"))),
            Self::Refused(error) => (1, error.to_wire()),
            Self::ServiceFile(error) => (1, WireError::new(error.code(), error.to_string())),
            Self::Usage(message) => (2, WireError::new("usage", message)),
            Self::NotRunning(message) => (3, WireError::new("not_running", message)),
            Self::Call(CallError::Remote(error)) => {
                (CallError::Remote(error.clone()).exit_code(), error.clone())
            }
            Self::Call(error) => (error.exit_code(), WireError::new(error.code(), error.to_string())),
        };
        if as_json {
            eprintln!("{}", serde_json::json!({ "error": error }));
        } else {
            let message: Vec<_> = error.message.lines().map(plain).collect();
            eprintln!("{} {}", console::style("error:").for_stderr().red().bold(), message.join("\n"));
        }
        ExitCode::from(exit)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        Self::Refused(error)
    }
}

impl From<LifecycleError> for Failure {
    fn from(error: LifecycleError) -> Self {
        Self::ServiceFile(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
