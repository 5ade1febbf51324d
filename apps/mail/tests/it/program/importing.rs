//! Imports: what is broken, what is interrupted, and what is killed.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::world::{Ran, World, letter, mbox};

/// More than a few batches.
const MESSAGES: usize = 4000;

#[test]
fn a_broken_message_in_the_middle_is_reported_and_the_rest_is_taken_in() {
    let world = World::new().with_sample();
    let from = b"From ada@example.org Mon Jan  5 09:30:00 2026\n";
    let path = world.path("broken.mbox");
    let raw = [from, letter("one").as_slice(), b"\n", from, b"\n", from, &letter("three"), b"\n"].concat();
    fs::write(&path, raw).unwrap();
    let import =
        |format: &str| world.ok(["import".as_ref(), path.as_os_str(), "--format".as_ref(), format.as_ref()]);
    let place = format!("{}@{}", path.display(), from.len() + letter("one").len() + 1);
    let report = import("text");
    let (summary, broken) = report.split_once('\n').unwrap();
    assert_eq!(summary, "3 messages read: 2 new, 0 known, 1 broken");
    assert_eq!(broken, format!("  {place}: the message is empty\n"));
    assert_eq!(
        import("json"),
        format!(
            "{{\"seen\":3,\"added\":0,\"duplicate\":2,\"broken\":[{{\"origin\":\"{place}\",\"reason\":\"the message is empty\"}}]}}\n"
        )
    );
    assert_eq!(world.ok(["count", "from:ada"]), "2\n");
}

#[test]
fn a_path_is_the_callers_and_nothing_is_no_mailbox() {
    let world = World::new().with_sample();
    mbox(&world.path("home/here.mbox"), 2);
    assert_eq!(world.ok(["import", "here.mbox"]), "2 messages read: 2 new, 0 known, 0 broken\n");
    assert_eq!(world.run(["import", "there.mbox"]).code, 2);
    assert_eq!(world.run(["import", "/dev/null"]).code, 1);
}

#[test]
fn an_interrupted_import_keeps_whole_batches_and_a_second_one_completes_it() {
    // One that had ended before it could be interrupted shows nothing.
    let interrupted =
        std::iter::repeat_with(interrupt).take(10).find(|(_, stored)| *stored < MESSAGES as u64);
    let (world, stored) = interrupted.expect("an import in ten is interrupted");
    assert!(stored > 0 && stored.is_multiple_of(500), "{stored}");
    assert_eq!(world.ok(["count", "from:ada"]), format!("{stored}\n"));
    complete(&world, &world.path("many.mbox"), stored);
}

/// Begins an import and interrupts it, and tells how much of it is kept.
fn interrupt() -> (World, u64) {
    let world = World::new().with_sample();
    let mailbox = world.path("many.mbox");
    mbox(&mailbox, MESSAGES);
    let import = begin(&world, &mailbox);
    world.wait_until(|status| status["mail"]["messages"].as_u64() > Some(57));
    assert!(Command::new("kill").args(["-INT", &import.id().to_string()]).status().unwrap().success());
    import.wait_with_output().unwrap();
    // The daemon hears that nobody waits any more, and ends after the batch that it is at.
    world.wait_until(|status| status["daemon"]["calls_open"] == 1 && status["mail"]["index_behind"] == 0);
    let stored = world.status(None)["mail"]["messages"].as_u64().unwrap() - 57;
    (world, stored)
}

#[test]
fn a_daemon_killed_in_the_middle_loses_and_doubles_nothing() {
    let world = World::new().with_sample();
    let mailbox = world.path("many.mbox");
    mbox(&mailbox, MESSAGES);
    let import = begin(&world, &mailbox);
    world.wait_until(|status| status["mail"]["messages"].as_u64() > Some(57));
    world.kill(None);
    // Taking in a mailbox may be done twice, so the call is made again, to a new daemon.
    let ran: Ran = import.wait_with_output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("4000 messages read: "), "{}", ran.out);
    complete(&world, &mailbox, MESSAGES as u64);
}

fn begin(world: &World, mailbox: &Path) -> Child {
    let mut command = world.mail(["import".as_ref(), mailbox.as_os_str()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Imports again, and looks at every message.
fn complete(world: &World, mailbox: &Path, stored: u64) {
    let missing = MESSAGES as u64 - stored;
    let report = world.run(["import".as_ref(), mailbox.as_os_str()]).out;
    assert_eq!(report, format!("{MESSAGES} messages read: {missing} new, {stored} known, 0 broken\n"));
    let found = world.ok(["search", "from:ada", "-n", "10000", "--format", "jsonl"]);
    let mut subjects: Vec<_> = found
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["subject"].to_string())
        .collect();
    assert_eq!(subjects.len(), MESSAGES);
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), MESSAGES);
}
