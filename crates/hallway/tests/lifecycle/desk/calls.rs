//! Calls that start what they need.

use std::fs::read_to_string;
use std::process::{Command, Stdio};

use hallway::Caller;

use super::{ended, run, world};
use crate::world::world_path;

/// How many processes race; the full count is a gate of its own.
const CLIENTS: usize = 30;

#[test]
fn the_first_call_starts_the_daemon_and_the_next_are_served_by_it() {
    let world = world();
    let first = world.blocking().pid().unwrap();
    assert_eq!(world.blocking().pid().unwrap(), first);
    let other = run(async { world.client().await.pid().await.unwrap() });
    assert_eq!((other, world.count("start")), (first, 1));
}

#[test]
fn f10_clients_of_both_kinds_at_once_share_one_daemon() {
    let world = world()
        .var("HALLWAY_TEST_ANSWERS", world_path("answers"))
        .var("HALLWAY_TEST_BARRIER", world_path("barrier"));
    let barrier = world.gate("barrier");
    let client = |number: usize| {
        let kind = if number.is_multiple_of(2) { "blocking" } else { "async" };
        world.process("caller").env("HALLWAY_TEST_CALLER", kind).spawn().unwrap()
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let ready: Vec<_> = (0..CLIENTS).map(|_| barrier.accept().unwrap()).collect();
    drop(ready);
    for mut client in clients {
        assert_eq!(ended(&mut client), Some(0));
    }
    let answers: Vec<String> =
        read_to_string(world.path("answers")).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), CLIENTS);
    assert!(
        answers.iter().all(|answer| *answer == answers[0] && answer.parse::<i32>().is_ok()),
        "{answers:?}"
    );
    assert_eq!((world.count("start"), world.count("up")), (1, 1));
}

#[test]
fn a_shell_that_takes_a_clients_output_does_not_wait_for_the_daemon() {
    let world = world().var("HALLWAY_TEST_ANSWERS", world_path("answers"));
    for kind in ["blocking", "async"] {
        let caller = world.process("caller");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", r#"out=$("$0" "$@"); echo "$out" | grep answer"#]);
        shell.arg(caller.get_program()).args(caller.get_args());
        shell.env_clear().envs(caller.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let shell = shell.env("HALLWAY_TEST_CALLER", kind).stderr(Stdio::piped());
        // Reads to the end of both: it comes only if the daemon, which lives on, has neither.
        let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        assert_eq!(said.trim(), format!("answer {}", world.blocking().pid().unwrap()));
    }
    assert_eq!(world.count("start"), 1);
}

#[test]
fn a_method_is_given_the_callers_directory_and_not_the_daemons() {
    let world = world();
    let caller = Caller::here(["DESK_EXTRA"]).unwrap();
    let (path, extra) = world.blocking().locate(caller.clone(), "inbox".to_owned()).unwrap();
    assert_eq!(path, std::env::current_dir().unwrap().join("inbox").to_str().unwrap());
    assert_eq!(extra, None);
    let mut other = caller;
    other.env.insert("DESK_EXTRA".to_owned(), "yes".to_owned());
    // One daemon, two callers.
    assert_eq!(world.blocking().locate(other, "inbox".to_owned()).unwrap().1.as_deref(), Some("yes"));
}
