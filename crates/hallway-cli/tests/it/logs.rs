//! `logs`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::world::World;

#[test]
fn the_last_lines_are_printed_also_of_a_service_that_does_not_run() {
    let world = World::with_kitchen();
    world.snapshot("logs", &["hallway logs kitchen", "hallway logs kitchne -f"]);
    world.run(["start", "kitchen"]);
    world.run(["stop", "kitchen"]);
    let all = world.ok(["logs", "kitchen"]);
    assert!(all.starts_with("--- ") && all.contains(" start of "), "{all}");
    let last: Vec<_> = all.lines().rev().take(2).collect();
    assert_eq!(world.ok(["logs", "kitchen", "-n", "2"]), format!("{}\n{}\n", last[1], last[0]));
}

#[test]
fn a_log_is_followed_into_the_next_run() {
    let world = World::with_open_kitchen();
    let mut logs = world.hallway(["logs", "kitchen", "-f"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(logs.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut starts = || lines.any(|line| line.contains(" start of "));
    assert!(starts());
    world.run(["stop", "kitchen"]);
    world.run(["start", "kitchen"]);
    // It ends with the test if the line does not come: nothing else does.
    assert!(starts());
    logs.kill().unwrap();
    logs.wait().unwrap();
}
