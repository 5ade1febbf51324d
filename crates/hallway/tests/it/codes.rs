//! The codes and the types of messages that are hallway's own, known to the library and to the macros.

use std::collections::BTreeSet;

use hallway::protocol::{SIDECAR_TYPES, code};

// A macro crate has no way to show its constants.
#[path = "../../../hallway-macros/src/reserved.rs"]
mod reserved;

#[test]
fn the_macros_reserve_the_codes_of_the_library() {
    let library: BTreeSet<&str> = code::ALL.iter().map(|entry| entry.code).collect();
    let reserved: BTreeSet<&str> = reserved::RESERVED_CODES.iter().copied().collect();
    assert_eq!(reserved, library);
    assert_eq!(reserved::RESERVED_CODES.len(), library.len(), "a code stands there twice");
}

#[test]
fn the_macros_reserve_the_types_of_the_library() {
    assert_eq!(reserved::RESERVED_TYPES, SIDECAR_TYPES);
}
