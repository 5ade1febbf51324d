//! What must hold for any bytes whatever: one function for each fuzz target of `fuzz/`, which the tests of this crate
//! call as well, with every file of `fuzz/corpus` and `fuzz/found`.
//!
//! Each function takes the fuzzer's bytes and panics if what it says does not hold. [`TARGETS`] is the list.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what does not hold here is a finding, and has to be loud"
)]

mod choices;
mod envelope;
mod framing;
mod mail;
mod recognition;
mod session;

pub use envelope::{jsonrpc, native_json, native_msgpack, sidecar};
pub use framing::framing;
pub use mail::{mbox, message, query};
pub use recognition::recognition;
pub use session::{blocking, client, server};

/// Declares the list of targets: each is a function of its name.
macro_rules! targets {
    ($($name:ident,)*) => {
        /// Everything that is tried, by the names of the files in `fuzz/fuzz_targets` and of the corpora.
        pub const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name),)*];
    };
}

targets! {
    framing,
    recognition,
    native_json,
    native_msgpack,
    jsonrpc,
    sidecar,
    server,
    client,
    blocking,
    query,
    mbox,
    message,
}
