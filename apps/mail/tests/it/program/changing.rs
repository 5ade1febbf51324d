//! Marks and labels.

use super::world::World;

#[test]
fn every_mark_can_be_set_and_several_messages_at_once() {
    let world = World::new().with_sample();
    for (flag, query, opposite) in [
        ("--read", "is:read", "--unread"),
        ("--unread", "is:unread", "--read"),
        ("--flagged", "is:flagged", "--unflagged"),
        ("--replied", "is:replied", ""),
    ] {
        let found = |query: &str| world.ok(["search", query, "-n", "100", "--format", "ids"]);
        let others = found(&format!("NOT {query}"));
        let (one, rest) = others.split_once('\n').unwrap();
        let other = rest.lines().next().unwrap();
        let mark = |ids: &[&str], flag: &str| {
            let ran = world.run([&["mark"], ids, &[flag]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (0, ""));
            ran.err
        };
        let before = found(query).lines().count();
        assert_eq!(mark(&[one, other], flag), "2 changed\n", "{flag}");
        assert_eq!(mark(&[one, other], flag), "0 changed\n", "{flag}");
        assert_eq!(found(query).lines().count(), before + 2, "{flag}");
        if !opposite.is_empty() {
            assert_eq!(mark(&[other, one], opposite), "2 changed\n", "{opposite}");
            assert_eq!(found(query).lines().count(), before, "{opposite}");
        }
    }
}

#[test]
fn an_unknown_message_changes_nothing() {
    let world = World::new().with_sample();
    let flagged = world.ok(["count", "is:flagged"]);
    for command in [["mark", "1", "2", "99", "--flagged"], ["label", "1", "99", "--add", "odd"]] {
        let ran = world.run(command);
        assert_eq!((ran.code, ran.err.as_str()), (1, "error: there is no message 99\n"));
    }
    assert_eq!(world.ok(["count", "is:flagged"]), flagged);
    assert_eq!(world.ok(["count", "label:odd"]), "0\n");
}

#[test]
fn labels_come_and_go() {
    let world = World::new().with_sample();
    let label = |arguments: &[&str]| world.run([&["label"], arguments].concat());
    assert_eq!(label(&["1", "2", "--add", "Work", "--add", "two words"]).err, "2 changed\n");
    assert_eq!(world.ok(["search", "label:work label:\"two words\"", "--format", "ids"]), "2\n1\n");
    assert_eq!(label(&["1", "--remove", "work"]).err, "1 changed\n");
    assert_eq!(world.ok(["search", "label:work", "--format", "ids"]), "2\n");
    let bad = label(&["1", "--add", ""]);
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("cannot be a label"), "{}", bad.err);
    assert_eq!(label(&["1"]).code, 2);
}

#[test]
fn what_was_changed_is_there_after_a_restart_and_in_a_new_index() {
    let world = World::new().with_sample();
    world.run(["label", "5", "--add", "kept"]);
    assert_eq!(world.run(["stop"]).code, 0);
    let find = || world.ok(["search", "label:kept", "--format", "ids"]);
    assert_eq!(find(), "5\n");
    let ran = world.run(["reindex"]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.ends_with("the index has been built anew\n"), "{}", ran.err);
    assert_eq!(find(), "5\n");
}
