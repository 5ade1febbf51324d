/// The types of messages that are the sidecar dialect's own: a service's own messages bear other names. A test
/// of the library holds this list to the library's own.
pub(crate) const RESERVED_TYPES: &[&str] =
    &["hello", "goaway", "result", "error", "item", "lagged", "progress", "cancel", "grant"];

/// The codes of the conversation itself. A service's own error must not wear one of them, or a caller could
/// not tell the service's "no" from a conversation that failed. A test of the library holds this list to the
/// library's own.
pub(crate) const RESERVED_CODES: &[&str] = &[
    "bad_frame",
    "frame_too_long",
    "bad_message",
    "unsupported_version",
    "unknown_message",
    "unauthorized",
    "slow_writer",
    "duplicate_id",
    "unknown_method",
    "not_permitted",
    "bad_params",
    "busy",
    "closing",
    "cancelled",
    "deadline_exceeded",
    "internal",
    "result_too_long",
    "bad_result",
];
