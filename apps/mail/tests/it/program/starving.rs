//! The daemon on a disk that fills up.

use super::world::{BINARY, World, mbox, run};

#[test]
fn a_full_disk_is_told_as_such_and_the_daemon_lives() {
    let world = World::new();
    mbox(&world.path("many.mbox"), 20_000);
    // The data directory is a small disk that only these commands see.
    let script = r#"
        mount -t tmpfs -o size=6m none "$XDG_DATA_HOME" || exit 99
        mail="$1" mailbox="$2"
        "$mail" count
        "$mail" import "$mailbox" --format json >&2; echo "import $?"
        "$mail" status --format json >/dev/null; echo "status $?"
        "$mail" cat 45 | grep Subject
        "$mail" stop 2>/dev/null
    "#;
    let mut command = world.program("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", BINARY]);
    let ran = run(command.arg(world.path("many.mbox")));
    assert_ne!(ran.code, 99, "it may not mount: sysctl kernel.unprivileged_userns_clone=1");
    assert_eq!(ran.out, "57\nimport 1\nstatus 0\nSubject: Minutes of 5 January\n", "{}", ran.err);
    let error = ran.err.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{}", ran.err));
    let error: serde_json::Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error"]["code"], "storage_full", "{error}");
    assert_eq!(error["error"]["message"], "the disk is full; free some space and try again");
}

#[test]
fn a_log_that_cannot_be_written_is_the_only_loss() {
    let world = World::new();
    let script = r#"
        mount -t tmpfs -o size=4k,mode=700 none "$XDG_STATE_HOME" || exit 99
        head -c 8192 /dev/zero > "$XDG_STATE_HOME/ballast" 2>/dev/null
        "$1" count; "$1" mark 1 --flagged; "$1" mark 99 --flagged; "$1" stop
    "#;
    let mut command = world.program("unshare");
    let ran = run(command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", BINARY]));
    assert_ne!(ran.code, 99, "it may not mount: sysctl kernel.unprivileged_userns_clone=1");
    assert_eq!(ran.out, "57\n", "{}", ran.err);
    let said: Vec<_> = ran.err.lines().skip(1).collect();
    assert_eq!(said, ["1 changed", "error: there is no message 99", "the daemon of mail has stopped"]);
}
