//! How the program says no: exit codes, words and JSON.

use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt as _;

use super::world::{World, mbox, run};

#[test]
fn a_mistake_in_a_query_is_pointed_at() {
    let world = World::new().with_sample();
    let ran = world.run(["search", "alice from:"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "error: the field has no value: from:\n  alice from:\n        ^^^^^\n`from:` takes a word or a \"quoted phrase\"\n"
    );
    let ran = world.run(["search", "alice from:", "--format", "json"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_eq!(
        (&error["error"]["code"], &error["error"]["details"]["column"]),
        (&"bad_query".into(), &7.into())
    );
}

#[test]
fn exit_codes_are_as_documented() {
    let world = World::new();
    let code = |arguments: &[&str]| world.run(arguments).code;
    assert_eq!(code(&["status"]), 3);
    assert_eq!(code(&["search", "x", "--deadline", "0.000001"]), 124);
    assert_eq!(code(&["count"]), 0);
    assert_eq!(code(&["search", "x", "--deadline", "0.000001"]), 124);
    assert_eq!(code(&["search", "x", "--deadline", "60"]), 0);
    assert_eq!(code(&["search", "x", "--deadline", "soon"]), 2);
    assert_eq!(code(&["cat", "999"]), 1);
    assert_eq!(code(&["sync"]), 1);
    assert_eq!(code(&["cat", "first"]), 2);
    assert_eq!(code(&["mark", "1"]), 2);
    assert_eq!(code(&["mark", "1", "--read", "--unread"]), 2);
    assert_eq!(code(&["no-such-command"]), 2);
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["--mailbox", "/nowhere", "search"]), 2);
}

#[test]
fn a_daemon_that_cannot_start_says_why() {
    let world = World::new();
    std::fs::write(world.path("data/hallway-mail"), "in the way").unwrap();
    let ran = world.run(["search"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("the daemon of mail cannot start: cannot use the data directory"),
        "{}",
        ran.err
    );
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let world = World::new().with_sample();
    for command in [
        &["search"][..],
        &["search", "--format", "ids"],
        &["count"],
        &["cat", "45"],
        &["cat", "--raw", "45"],
        &["thread", "45"],
        &["status"],
        &["completions", "bash"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = world.mail(command).stdout(full).stderr(std::process::Stdio::piped()).spawn();
        let ran: super::world::Ran = child.unwrap().wait_with_output().unwrap().into();
        let said = "error: cannot print: No space left on device (os error 28)\n";
        assert_eq!((ran.code, ran.err.as_str()), (1, said), "{command:?}");
    }
}

#[test]
fn a_path_that_is_no_text_is_a_mailbox_but_cannot_be_sent() {
    let world = World::new();
    let path = world.path(std::ffi::OsStr::from_bytes(b"caf\xe9.mbox"));
    mbox(&path, 2);
    let own = run(world.mail(["--mailbox"]).arg(&path).arg("count"));
    assert_eq!((own.code, own.out.as_str()), (0, "2\n"), "{}", own.err);
    let sent = run(world.mail(["import"]).arg(&path));
    assert_eq!(sent.code, 2);
    assert!(sent.err.contains("is not UTF-8 and cannot be sent: use `--mailbox`"), "{}", sent.err);
}
