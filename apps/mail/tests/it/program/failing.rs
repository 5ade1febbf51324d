//! How the program says no: exit codes, words and JSON.

use super::world::World;

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
