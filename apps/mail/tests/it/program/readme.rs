//! The commands that the README shows, run in its order, print what it shows.

use std::fs;
use std::path::Path;

use super::world::{BINARY, World, run};

#[test]
fn the_readme_shows_what_happens() {
    let shown = shows_what_happens("README.md", &World::new());
    assert!(shown > 15, "{shown}");
}

#[test]
fn the_first_readme_shows_what_happens() {
    let shown = shows_what_happens("../../README.md", &World::new().with_sample());
    assert!(shown > 3, "{shown}");
}

/// Runs the commands of a README, and says how many there were.
fn shows_what_happens(readme: &str, world: &World) -> usize {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(readme)).unwrap();
    std::os::unix::fs::symlink(BINARY, world.path("hallway-mail")).unwrap();
    let path = format!("{}:{}", world.path("").display(), std::env::var("PATH").unwrap());
    let mut shown = 0;
    for example in readme.split("```console\n").skip(1) {
        let (example, _) = example.split_once("```").unwrap();
        for step in example.split("$ ").skip(1) {
            let (command, expected) = step.split_once('\n').unwrap();
            let command = format!("{{ {command}; }} 2>&1");
            let ran = run(world.program("sh").env("PATH", &path).args(["-c", &command]));
            assert!(matches(&ran.out, expected), "{command}\n{}\nis not what is shown:\n{expected}", ran.out);
            shown += 1;
        }
    }
    shown
}

/// Whether a text is as it is shown, where `…` stands for anything.
fn matches(text: &str, shown: &str) -> bool {
    let (text, shown) = (text.trim_end(), shown.trim_end());
    let parts: Vec<&str> = shown.split('…').collect();
    let [first, between @ .., last] = parts.as_slice() else { return text == shown };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in between {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn every_query_of_the_readme_is_one_and_finds_what_it_says() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, after) = readme.split_once("| written | finds |\n|---|---|\n").unwrap();
    let (table, _) = after.split_once("\n\n").unwrap();
    let world = World::new().with_sample();
    let mut tried = 0;
    for row in table.lines() {
        let written = row.split(" | ").next().unwrap();
        for query in written.split('`').skip(1).step_by(2) {
            let count: u32 = world.ok(["count", query]).trim().parse().unwrap();
            // The sample knows no boat and nothing of the last two weeks.
            assert!(
                count > 0 && count < 57 || query.contains("boat") || query.contains("er:"),
                "{query}: {count}"
            );
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}
