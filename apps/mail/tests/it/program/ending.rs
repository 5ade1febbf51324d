//! Stopping.

use std::path::Path;
use std::time::{Duration, Instant};

use super::world::World;

#[test]
fn stop_returns_when_the_process_is_gone() {
    let world = World::new().with_sample();
    let pid = world.status(None)["daemon"]["pid"].to_string();
    let ran = world.run(["stop"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "the daemon of mail has stopped\n"));
    // It may be a moment in the hands of the system after its lock is free.
    let start = Instant::now();
    while is_alive(&pid) {
        assert!(start.elapsed() < Duration::from_secs(10), "process {pid} lives");
        std::thread::yield_now();
    }
    assert_eq!(world.run(["stop"]).err, "the daemon of mail was not running\n");
    assert_eq!(world.run(["status"]).code, 3);
}

#[test]
fn a_start_right_after_a_stop_finds_the_store_free() {
    let world = World::new();
    let mailbox = world.path("box.mbox");
    super::world::mbox(&mailbox, 3);
    let at = |command: &str| world.run(["--mailbox", mailbox.to_str().unwrap(), command]);
    for _ in 0..10 {
        let count = at("count");
        assert_eq!((count.code, count.out.as_str()), (0, "3\n"), "{}", count.err);
        assert_eq!(at("stop").code, 0);
    }
}

fn is_alive(pid: &str) -> bool {
    // A process that has ended and was not waited for yet is not alive.
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}
