//! How the tool exits.

use hallway::CallError;

/// Declares the exit codes: the enum, and the table that `--help` and the manual show.
macro_rules! exits {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $means:literal;)*) => {
        /// How the tool exits: frozen, scripts decide by it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Exit { $($(#[$doc])* $name = $code,)* }

        /// What the help says of exit codes.
        pub(crate) const TABLE: &str = concat!("Exit codes:", $("\n  ", $code, "\t", $means,)*);
    };
}

exits! {
    /// It was done.
    Done = 0, "done";
    /// The service said no, or the command could not do its work.
    Refused = 1, "the service said no, or what was asked could not be done";
    /// The command line, or a parameter, is wrong. Nothing was sent.
    Usage = 2, "the command line or a parameter is wrong; nothing was sent";
    /// Nobody answers, and nobody could be started.
    Unreachable = 3, "the daemon does not run, or cannot be reached or started";
    /// The daemon is of a version that does not fit.
    Mismatch = 4, "the daemon is of another version";
    /// The deadline passed.
    Deadline = 124, "the deadline passed";
    /// Ctrl-C: the call was taken back.
    Interrupted = 130, "interrupted; a call was taken back";
}

impl Exit {
    /// How a call that failed ends the tool.
    pub(crate) fn of(error: &CallError) -> Self {
        match error.exit_code() {
            3 => Self::Unreachable,
            4 => Self::Mismatch,
            124 => Self::Deadline,
            _ => Self::Refused,
        }
    }
}
