//! What the tool says of itself.

use crate::world::World;

#[test]
fn the_help_teaches_with_examples() {
    World::new().snapshot(
        "tool",
        &[
            "hallway --help",
            "hallway call --help",
            "hallway watch -h",
            "hallway describe -h",
            "hallway stop -h",
            "hallway cal",
            "hallway",
        ],
    );
}

#[test]
fn the_readme_has_every_command_and_every_exit_code() {
    let readme = include_str!("../../README.md");
    let help = World::new().ok(["--help"]);
    let section =
        |from: &str, to: &str| help.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let commands = section("Commands:\n", "\n\n");
    // Further lines of a command are indented further.
    let begins =
        commands.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let commands = begins.filter_map(|line| line.split(' ').next());
    for command in commands.filter(|command| *command != "help") {
        assert!(readme.contains(&format!("\n| `{command}` | ")), "{command}");
    }
    let codes: Vec<_> = help.split_once("Exit codes:\n").unwrap().1.lines().collect();
    assert!(codes.len() >= 7, "{help}");
    for (code, means) in codes.iter().map(|line| line.trim().split_once('\t').unwrap()) {
        assert!(readme.contains(&format!("\n| {code} | {means} |")), "{code}");
    }
}
