//! Full-text search over the mail on this machine.

fn main() {}
