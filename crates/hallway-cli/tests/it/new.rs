//! `new`: what it writes is built, tested and used.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{World, run};

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Where this test was built, and so most of what a new program needs.
pub(crate) fn target() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_hallway"));
    program.ancestors().nth(2).unwrap().to_owned()
}

/// A world in which a program of this name has been made.
fn world_with(name: &str) -> (World, PathBuf) {
    let (world, library) = (World::new(), workspace().join("crates/hallway"));
    let made = world.run(["new", name, "--hallway-path", library.to_str().unwrap()]);
    assert_eq!((made.code, made.out.as_str()), (0, ""), "{}", made.err);
    let program = world.path("home").join(name);
    (world, program)
}

#[test]
fn a_program_is_made_and_told_what_to_do_with() {
    let world = World::new();
    fs::create_dir(world.path("home/empty")).unwrap();
    world.snapshot(
        "new",
        &[
            "hallway new greeter",
            "cd greeter && find . -type f | sort",
            "hallway new greeter",
            "hallway new empty",
            "hallway new Greeter",
            "hallway new fn",
            "hallway new other --hallway-path empty",
        ],
    );
    let manifest = fs::read_to_string(world.path("home/greeter/Cargo.toml")).unwrap();
    let library = workspace().join("crates/hallway").canonicalize().unwrap();
    // The clone that it was built in, without being told.
    assert!(manifest.contains(&format!("hallway = {{ path = {library:?} }}")), "{manifest}");
}

#[test]
fn the_readme_shows_what_is_made() {
    let (_world, program) = world_with("greeter");
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let shown = format!("```rust,no_run\n{}```\n", fs::read_to_string(program.join("src/main.rs")).unwrap());
    assert!(readme.contains(&shown), "README.md does not show template/src/main.rs");
}

#[test]
fn what_is_made_is_formatted_whatever_its_name() {
    for name in ["a", "todo_list", "abcdefghijklmnopqrstuvwx"] {
        let (_world, program) = world_with(name);
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--edition", "2024", "--check", "src/main.rs", "tests/it.rs"]).current_dir(program);
        let ran = run(&mut rustfmt);
        assert_eq!(ran.code, 0, "{}", ran.out);
    }
}

#[test]
fn what_is_made_builds_passes_its_tests_and_can_be_used() {
    let (world, program) = world_with("todo_list");
    // The versions that are here, built as those of this workspace are.
    fs::copy(workspace().join("Cargo.lock"), program.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([OsStr::new("test"), OsStr::new("--offline"), OsStr::new("--target-dir")])
        .arg(target())
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .current_dir(&program);
    let ran = run(&mut cargo);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("2 passed"), "{}", ran.out);

    let todo_list = target().join("debug/todo_list");
    let greeted = run(world.program(&todo_list).args(["greet", "Ada"]));
    assert_eq!((greeted.code, greeted.out.as_str()), (0, "Good day, Ada.\n"), "{}", greeted.err);
    assert_eq!(world.ok(["ls", "-q", "name"]), "todo_list\n");
    assert_eq!(world.run(["doctor", "todo_list"]).code, 0);
    assert_eq!(world.ok(["call", "todo_list.greet", "name=Grace"]), "\"Good day, Grace.\"\n");
    // Its service file is its own to make and to remove.
    world.run(["stop", "todo_list"]);
    assert_eq!(run(world.program(&todo_list).arg("uninstall")).code, 0);
    assert_eq!(world.ok(["ls", "-q", "name"]), "");
    assert_eq!(run(world.program(&todo_list).arg("install")).code, 0);
    assert_eq!(world.ok(["ls", "-q", "description"]), "Greets people.\n");
}
