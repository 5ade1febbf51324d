//! The error codes that belong to hallway itself; services declare their own beside them.
//!
//! `spec/errors.md` is this table for readers, and a test keeps them the same. A code is never renamed
//! and never reused.

/// Declares the codes and the table of them.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $ran:ident;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $code;)*

        /// Every code of hallway, with what it means for whoever called.
        pub const ALL: &[Entry] = &[$(Entry { code: $code, ran: Ran::$ran, meaning: concat!($($doc),+) },)*];
    };
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The code.
    pub code: &'static str,
    /// Whether the call may have had an effect.
    pub ran: Ran,
    /// What it means.
    pub meaning: &'static str,
}

/// Whether the method's handler ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// It did not: the call may be sent again.
    No,
    /// It may have: only an idempotent call may be sent again.
    Maybe,
}

/// Whether a call refused with `code` did not run. A code of a service is the handler's own word: it ran.
#[must_use]
pub fn did_not_run(code: &str) -> bool {
    ALL.iter().any(|entry| entry.code == code && entry.ran == Ran::No)
}

codes! {
    /// The byte stream cannot be followed: a frame of no or of absurd length, or no memory to read it. The connection ends.
    BAD_FRAME = "bad_frame", No;
    /// The message is longer than the receiver accepts; it was read over, the connection lives.
    FRAME_TOO_LONG = "frame_too_long", No;
    /// The message is not valid in its encoding, is no envelope, or breaks a rule of the protocol.
    BAD_MESSAGE = "bad_message", No;
    /// The message is of a protocol version that the receiver does not speak.
    UNSUPPORTED_VERSION = "unsupported_version", No;
    /// The kind of message is unknown to the receiver.
    UNKNOWN_MESSAGE = "unknown_message", No;
    /// The listener asks for a `hello` with its token first, and this was none, or the wrong one.
    UNAUTHORIZED = "unauthorized", No;
    /// A message that began did not end in time. The connection ends.
    SLOW_WRITER = "slow_writer", No;
    /// The id belongs to a call that is still open.
    DUPLICATE_ID = "duplicate_id", No;
    /// No service or method of that name.
    UNKNOWN_METHOD = "unknown_method", No;
    /// The listener that the call came in on is restricted, and does not carry the method.
    NOT_PERMITTED = "not_permitted", No;
    /// A parameter is missing, superfluous or of the wrong type.
    BAD_PARAMS = "bad_params", No;
    /// There is no room now: too much is open, or kept; try again later.
    BUSY = "busy", No;
    /// The daemon is about to stop and takes no more calls; connect again.
    CLOSING = "closing", No;
    /// The caller took the call back.
    CANCELLED = "cancelled", Maybe;
    /// The call's deadline passed before it had finished.
    DEADLINE_EXCEEDED = "deadline_exceeded", Maybe;
    /// The handler failed in a way that it does not declare, a panic for one.
    INTERNAL = "internal", Maybe;
    /// The answer is longer than a message may be, or than there is room for.
    RESULT_TOO_LONG = "result_too_long", Maybe;
    /// The answer cannot be written in the caller's encoding.
    BAD_RESULT = "bad_result", Maybe;
}
