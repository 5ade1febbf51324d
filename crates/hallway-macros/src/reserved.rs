/// The codes that belong to the conversation itself. A service's own error must not wear one of them, or a
/// caller could not tell the service's "no" from a conversation that failed. The same list as the
/// library's, which a test of the library holds it to.
pub(crate) const RESERVED_CODES: &[&str] = &[
    "bad_message",
    "bad_params",
    "busy",
    "cancelled",
    "deadline_exceeded",
    "draining",
    "internal",
    "too_large",
    "unauthorized",
    "unknown_method",
    "unknown_service",
    "unsupported_version",
];
