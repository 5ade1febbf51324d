//! The numbers of error codes: JSON-RPC's own, LSP's for what was cancelled, and ours.
//!
//! `error.data.code` decides; the number is for those who know nothing else. `spec/wire.md` has this table for
//! readers, and a test keeps them the same.

use super::super::code;

/// A body that could not be read at all.
pub(super) const PARSE: i32 = -32700;

/// What a service's own codes have.
pub const SERVICE_ERROR: i32 = -32000;

/// The numbers of hallway's codes. Of several codes with one number, the first is what the number alone means.
/// Those of ours stay clear of -32002 to -32000, which other programs use.
pub const ERROR_NUMBERS: &[(&str, i32)] = &[
    (code::BAD_MESSAGE, -32600),
    (code::UNSUPPORTED_VERSION, -32600),
    (code::UNKNOWN_MESSAGE, -32600),
    (code::BAD_FRAME, PARSE),
    (code::UNKNOWN_METHOD, -32601),
    (code::BAD_PARAMS, -32602),
    (code::INTERNAL, -32603),
    (code::CANCELLED, -32800),
    (code::UNAUTHORIZED, -32010),
    (code::DUPLICATE_ID, -32011),
    (code::FRAME_TOO_LONG, -32012),
    (code::BUSY, -32013),
    (code::CLOSING, -32014),
    (code::DEADLINE_EXCEEDED, -32015),
    (code::RESULT_TOO_LONG, -32016),
    (code::BAD_RESULT, -32017),
    (code::NOT_PERMITTED, -32018),
    (code::SLOW_WRITER, -32019),
];

/// The number of a code. A message that could not be read has no id, not even the one that stands for none.
pub(super) fn number(code: &str, has_id: bool) -> i32 {
    match ERROR_NUMBERS.iter().find(|(known, _)| *known == code) {
        Some((code::BAD_MESSAGE, _)) if !has_id => PARSE,
        Some((_, number)) => *number,
        None => SERVICE_ERROR,
    }
}

/// What a number without our code means. One that nobody has defined is its own name.
pub(super) fn code_of(number: i64) -> String {
    if number == i64::from(PARSE) {
        return code::BAD_MESSAGE.to_owned();
    }
    let known = ERROR_NUMBERS.iter().find(|(_, known)| i64::from(*known) == number);
    known.map_or_else(|| number.to_string(), |(code, _)| (*code).to_owned())
}

#[cfg(test)]
#[test]
fn every_code_has_a_number() {
    for entry in code::ALL {
        assert_ne!(number(entry.code, true), SERVICE_ERROR, "{}", entry.code);
    }
    assert_eq!(ERROR_NUMBERS.len(), code::ALL.len());
    assert_eq!((number("empty", true), code_of(-1)), (SERVICE_ERROR, "-1".to_owned()));
}
