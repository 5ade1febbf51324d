//! How the tool exits.

use hallway::CallError;

/// Declares the exit codes: the enum, and the tables that `--help` and the manual show.
macro_rules! exits {
    ($($table:ident { $($(#[$doc:meta])* $name:ident = $code:literal, $means:literal;)* })*) => {
        /// How the tool exits: frozen, scripts decide by it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Exit { $($($(#[$doc])* $name = $code,)*)* }

        $(
            /// What the help says of exit codes.
            pub(crate) const $table: &str = concat!("Exit codes:", $("\n  ", $code, "\t", $means,)*);
        )*
    };
}

exits! {
    TABLE {
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
    DOCTOR {
        /// The place of the sockets cannot be told, or used.
        Directory = 10, "directory: there is none that can be used";
        /// It belongs to somebody else.
        Owner = 11, "owner: the directory belongs to somebody else";
        /// It lets others in.
        Mode = 12, "mode: the directory lets others in";
        /// Nothing that can be trusted tells how to start the service.
        Installed = 13, "installed: unknown, or its service file or program cannot be used";
        /// Its socket is none, or is gone although somebody has the lock.
        Socket = 14, "socket: something else, or gone while somebody has the lock";
        /// Nobody has its lock although there is a socket.
        Lock = 15, "lock: nobody has it, and there is a socket";
        /// Nobody takes connections.
        Listening = 16, "listening: nobody takes connections, or another user";
        /// It hangs, or speaks something else.
        Recognised = 17, "recognised: it says nothing, or not in Hallway's protocol";
        /// It does not answer.
        Handshake = 18, "handshake: it says hello, and answers nothing";
        /// Another version is installed than runs.
        Versions = 19, "versions: another one is installed than runs";
        /// What it says of itself cannot be used.
        Schema = 20, "schema: its description cannot be used";
        /// It leaves, cannot be replaced, is full, or has failed to start.
        State = 21, "state: it leaves, is full, or its last start failed";
    }
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
