//! `compat`: files and daemons, as a gate would call it. What each change means is in `commands/compat/cases.json`.

use std::fs;

use crate::world::World;

#[test]
fn two_versions_are_compared_as_files_or_as_they_run() {
    let world = World::with_open_kitchen();
    let old = world.ok(["describe", "kitchen", "--format", "json"]);
    fs::write(world.path("home/old.json"), &old).unwrap();
    let change = |file: &str, changes: &[(&str, &str)]| {
        let text = changes.iter().fold(old.clone(), |text, (from, to)| {
            assert!(text.contains(from), "{from} is not in {text}");
            text.replace(from, to)
        });
        fs::write(world.path("home").join(file), text).unwrap();
    };
    let breaking = [
        ("\"name\":\"menu\"", "\"name\":\"card\""),
        ("\"default\":1", "\"default\":2"),
        ("\"code\":\"closed\"", "\"code\":\"shut\""),
    ];
    change("breaking.json", &breaking);
    change(
        "announced.json",
        &[breaking.as_slice(), &[("\"version\":\"1.2\"", "\"version\":\"2.0\"")]].concat(),
    );
    change(
        "compatible.json",
        &[("\"retryable\":true", "\"retryable\":false"), ("\"version\":\"1.2\"", "\"version\":\"1.3\"")],
    );
    fs::write(world.path("home/empty.json"), "{}").unwrap();
    world.snapshot(
        "compat",
        &[
            "hallway compat old.json kitchen",
            "hallway compat old.json breaking.json",
            "hallway compat old.json announced.json | tail -n 1",
            "hallway compat - compatible.json --format json <old.json",
            "hallway compat old.json breaking.json -q changes.rule",
            "hallway compat old.json breaking.json --format json | wc -l",
            "hallway compat old.json empty.json",
            "hallway compat old.json ./none",
            "hallway compat old.json kitchn",
        ],
    );
}
