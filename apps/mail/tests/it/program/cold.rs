//! The first calls, and who answers them.

use super::world::{BINARY, World, mbox, run};

#[test]
fn the_first_run_says_that_it_takes_in_the_sample_and_the_second_is_answered_by_the_same_daemon() {
    let world = World::new();
    let first = world.run(["search", "from:alice is:unread", "--format", "ids"]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert_eq!(
        first.err,
        "First run: taking in the sample mailbox of 57 messages. `--mailbox PATH` is for your own.\n"
    );
    let pid = &world.status(None)["daemon"]["pid"];
    assert_eq!(world.ok(["search", "from:alice is:unread", "--format", "ids"]), first.out);
    assert_eq!(world.status(None)["daemon"]["pid"], *pid);
    assert_eq!(first.out.lines().count(), 10);
}

#[test]
fn two_first_runs_at_once_start_one_daemon_and_both_wait_for_the_whole_mailbox() {
    let world = World::new();
    let mailbox = world.path("big.mbox");
    mbox(&mailbox, 700);
    let count = || world.mail(["--mailbox"]).arg(&mailbox).arg("count").output().unwrap().into();
    let (one, other): (super::world::Ran, super::world::Ran) = std::thread::scope(|scope| {
        let one = scope.spawn(count);
        (count(), one.join().unwrap())
    });
    assert_eq!((one.out.as_str(), other.out.as_str()), ("700\n", "700\n"), "{}{}", one.err, other.err);
    assert_eq!(world.in_run(".sock").len(), 1);
    let starts = std::fs::read_dir(world.path("state/hallway")).unwrap().map(|log| {
        let log = std::fs::read_to_string(log.unwrap().path()).unwrap();
        log.lines().filter(|line| line.contains("serving address")).count()
    });
    assert_eq!(starts.sum::<usize>(), 1);
}

#[test]
fn a_shell_gets_its_output_although_the_daemon_lives_on() {
    let world = World::new();
    let script =
        format!("out=$({BINARY} count 2>&1); echo \"[$out]\"; {BINARY} search -n 3 --format ids | head -1");
    let ran = run(world.program("sh").args(["-c", &script]));
    assert!(ran.out.contains("57]\n"), "{ran:?}");
    assert!(ran.out.ends_with("]\n57\n"), "{ran:?}");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = World::new().with_sample();
    for format in ["table", "json", "jsonl", "ids"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = run_with(world.mail(["search", "--format", format]).stdout(writer));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format}");
    }
}

fn run_with(command: &mut std::process::Command) -> super::world::Ran {
    command.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap().into()
}

#[test]
fn neither_status_nor_stop_starts_a_daemon() {
    let world = World::new();
    let status = world.run(["status"]);
    assert_eq!((status.code, status.err.as_str()), (3, "error: the daemon of mail does not run\n"));
    let status = world.run(["status", "--format", "json"]);
    assert_eq!(
        status.err,
        "{\"error\":{\"code\":\"not_running\",\"message\":\"the daemon of mail does not run\",\"retryable\":false}}\n"
    );
    let stop = world.run(["stop"]);
    assert_eq!((stop.code, stop.err.as_str()), (0, "the daemon of mail was not running\n"));
    assert_eq!(world.in_run(".sock"), [""; 0]);
    assert!(!world.path("data/hallway-mail").exists());
}
