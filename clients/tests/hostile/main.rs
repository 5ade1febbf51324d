//! `spec/vectors/hostile-server.json`, played to both clients in Rust: every call ends as the case says, and none of them
//! takes more memory than it may.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test calls may fail as loudly as the test")]

mod acts;
mod asynchronous;
mod blocking;
mod server;

use std::path::Path;

use peak_alloc::PeakAlloc;
use serde_json::Value;

use acts::{Act, act_out};
use server::Server;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What a server can make a client hold, in bytes: the bound of `docs/reliability.md`.
const MEMORY_MAX: usize = 64 * 1024 * 1024;

#[test]
fn a15_hostile_servers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/hostile-server.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    let mut failed = Vec::new();
    for case in cases {
        for (client, connect) in [
            ("asynchronous", asynchronous::connect as fn(&Path) -> Box<dyn acts::Client>),
            ("blocking", blocking::connect),
        ] {
            if let Err(reason) = check(case, connect) {
                failed.push(format!("{}, {client}: {reason}", case["name"]));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

fn check(case: &Value, connect: fn(&Path) -> Box<dyn acts::Client>) -> Result<(), String> {
    let mut acts: Vec<Act> = serde_json::from_value(case["acts"].clone()).unwrap();
    if case.get("then").is_some() {
        acts.push(Act::alive());
    }
    let server = Server::start(case);
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let mut client = connect(server.socket());
    let acted = act_out(&mut *client, &acts);
    drop(client);
    let peak = ALLOCATED.peak_usage() - before;
    acted.and_then(|()| server.end())?;
    if peak > MEMORY_MAX { Err(format!("{peak} bytes were allocated")) } else { Ok(()) }
}
