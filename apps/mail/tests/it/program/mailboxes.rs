//! Mailboxes of the user's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::world::{BINARY, Ran, World, deliver, letter, maildir, mbox, run};

fn count(world: &World, mailbox: &Path) -> Ran {
    world.run(["--mailbox".as_ref(), mailbox.as_os_str(), "count".as_ref()])
}

#[test]
fn every_kind_of_mailbox_is_read_and_has_a_daemon_of_its_own() {
    let world = World::new();
    mbox(&world.path("one.mbox"), 3);
    maildir(&world.path("Maildir"), &[("cur/1.h:2,S", &letter("old")), ("new/2.h", &letter("new"))]);
    fs::create_dir(world.path("letters")).unwrap();
    fs::write(world.path("letters/a.eml"), letter("a")).unwrap();
    for (name, expected) in [("one.mbox", "3\n"), ("Maildir", "2\n"), ("letters", "1\n")] {
        let first = count(&world, &world.path(name));
        assert_eq!((first.code, first.out.as_str()), (0, expected), "{name}: {}", first.err);
        assert_eq!(first.err, "", "{name}");
    }
    let daemons = world.in_run(".sock");
    assert_eq!(daemons.len(), 3, "{daemons:?}");
    let unread = world.ok(["--mailbox", world.path("Maildir").to_str().unwrap(), "search", "is:unread"]);
    assert!(unread.contains("new") && unread.lines().count() == 1, "{unread}");
}

#[test]
fn the_same_mailbox_by_another_way_is_the_same_daemon() {
    let world = World::new();
    mbox(&world.path("home/box"), 2);
    symlink(world.path("home/box"), world.path("link")).unwrap();
    assert_eq!(count(&world, &world.path("home/box")).out, "2\n");
    assert_eq!(count(&world, Path::new("box")).out, "2\n");
    assert_eq!(count(&world, Path::new("../link")).out, "2\n");
    let by_variable = run(world.mail(["count"]).env("HALLWAY_MAILBOX", world.path("link")));
    assert_eq!((by_variable.out.as_str(), by_variable.err.as_str()), ("2\n", ""));
    assert_eq!(world.in_run(".sock").len(), 1);
}

#[test]
fn what_is_no_mailbox_is_refused_each_time() {
    let world = World::new();
    fs::create_dir(world.path("empty")).unwrap();
    fs::write(world.path("notes.txt"), "just: some text\n").unwrap();
    let nothing = count(&world, &world.path("nothing"));
    assert_eq!(nothing.code, 2);
    assert!(nothing.err.starts_with("error: there is no mailbox at "), "{}", nothing.err);
    for name in ["empty", "notes.txt"] {
        for _ in 0..2 {
            let ran = count(&world, &world.path(name));
            assert_eq!((ran.code, ran.out.as_str()), (1, ""));
            assert!(ran.err.contains(" is not a mailbox: give an mbox file"), "{}", ran.err);
        }
    }
    // Once it is one, it is read.
    fs::write(world.path("empty/a.eml"), letter("a")).unwrap();
    assert_eq!(count(&world, &world.path("empty")).out, "1\n");
}

#[test]
fn a_mailbox_that_may_not_be_read_is_refused_with_advice() {
    let world = World::new();
    let mailbox = world.path("secret.mbox");
    mbox(&mailbox, 1);
    fs::set_permissions(&mailbox, fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read anything, unless it gives that up.
    let mut command = world.program("setpriv");
    command.args(["--bounding-set", "-dac_override,-dac_read_search", BINARY]);
    if fs::read(&mailbox).is_err() {
        command = world.program(BINARY);
    }
    let ran = run(command.arg("--mailbox").arg(&mailbox).arg("count"));
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "setpriv is needed: sudo apt-get install util-linux");
    assert!(ran.err.starts_with("error: this user may not read "), "{}", ran.err);
}

#[test]
fn mail_that_comes_is_found_and_flags_of_other_programs_are_taken_over() {
    let world = World::new();
    let mailbox = world.path("Maildir");
    maildir(&mailbox, &[("new/1.h", &letter("first"))]);
    let at = |arguments: &[&str]| {
        let ran = world.run([&["--mailbox", mailbox.to_str().unwrap()], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran
    };
    assert_eq!(at(&["count"]).out, "1\n");
    deliver(&mailbox, "2.h", &letter("second"));
    at(&["sync"]);
    assert_eq!(at(&["count", "is:unread"]).out, "2\n");

    // Another program reads the first and answers it; here the second is marked.
    at(&["mark", "2", "--flagged"]);
    fs::rename(mailbox.join("new/1.h"), mailbox.join("cur/1.h:2,RS")).unwrap();
    at(&["sync"]);
    assert_eq!(at(&["search", "is:read is:replied", "--format", "ids"]).out, "1\n");
    assert_eq!(at(&["search", "is:unread is:flagged", "--format", "ids"]).out, "2\n");

    // What was marked here stays until the other program changes it again.
    at(&["mark", "1", "--unread"]);
    fs::rename(mailbox.join("cur/1.h:2,RS"), mailbox.join("cur/1.h:2,FRS")).unwrap();
    at(&["sync"]);
    assert_eq!(at(&["search", "is:unread is:flagged", "--format", "ids"]).out, "2\n1\n");
    assert!(at(&["sync"]).out.starts_with("2 messages read: 0 new, 2 known, 0 broken"));
}
