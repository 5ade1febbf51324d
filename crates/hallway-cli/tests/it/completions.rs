//! `completions` and `man`.

use crate::world::{World, run};

#[test]
fn what_there_is_at_the_moment_completes() {
    let world = World::with_open_kitchen();
    world.snapshot(
        "completions",
        &[
            "hallway completions fish -- hallway l",
            "hallway completions fish -- hallway status ''",
            "hallway completions fish -- hallway call ''",
            "hallway completions fish -- hallway watch --format json kitchen ''",
            "hallway completions fish -- hallway watch ''",
            "hallway completions fish -- hallway call kitchen.or",
            "hallway completions fish -- hallway describe kitchen.o",
            "hallway completions fish -- hallway call kitchen.order ''",
            "hallway completions fish -- hallway call kitchen order s",
            "hallway completions fish -- hallway call kitchen.order dish=soup spice=",
            "hallway completions fish -- hallway call kitchen.order --s",
            "hallway completions fish -- hallway call kitchen.order --spice ''",
            "hallway completions zsh -- hallway call kitchen.order spice=m",
            "hallway completions bash -- hallway call kitchen.order spice=m",
            "hallway completions fish -- hallway call kitchen.nothing ''",
        ],
    );
    world.run(["stop", "kitchen"]);
    world.snapshot(
        "completions-stopped",
        &[
            "hallway completions fish -- hallway call ''",
            "hallway completions fish -- hallway call kitchen.order ''",
        ],
    );
    assert!(!world.path("run/kitchen.sock").exists());
}

/// Has bash complete a line, as it does when a key is pressed: it takes words apart at `=` and `@`.
fn bash(world: &World, pieces: &[&str], line: &str) -> String {
    let script = format!(
        "source <(hallway completions bash); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; \
         COMP_WORDS=({}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
         _hallway hallway \"$LAST\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        pieces.iter().map(|piece| format!("'{piece}'")).collect::<Vec<_>>().join(" ")
    );
    let last = pieces.last().copied().filter(|last| *last != "=").unwrap_or_default();
    let ran = run(world.program("bash").env("LAST", last).args(["-c", &script]));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran.out
}

#[test]
fn bash_replaces_only_the_piece_behind_its_breaks() {
    let world = World::with_open_kitchen();
    let typed = |pieces: &[&str], line: &str| bash(&world, &[&["hallway", "call"], pieces].concat(), line);
    assert_eq!(typed(&["kitchen.or"], "hallway call kitchen.or"), "kitchen.order\n");
    assert_eq!(typed(&["kitchen.order", "spi"], "hallway call  kitchen.order spi"), "spice=\n");
    let line = "hallway call kitchen.order spice=";
    assert_eq!(typed(&["kitchen.order", "spice", "="], line), "mild\nmedium\nhot\n");
    let line = "hallway call kitchen.order dish=soup spice=me";
    assert_eq!(typed(&["kitchen.order", "dish", "=", "soup", "spice", "=", "me"], line), "medium\n");
    assert_eq!(
        typed(&["kitchen.order", ""], "hallway call kitchen.order "),
        "dish=\nportions=\nspice=\nextras=\ntable=\n"
    );
}

#[test]
fn fish_and_zsh_read_their_scripts() {
    let world = World::with_open_kitchen();
    let script = "hallway completions fish | source; complete -C 'hallway call kitchen.order spice=m'";
    let completed = run(world.program("fish").args(["--no-config", "-c", script]));
    assert_eq!(completed.out, "spice=mild\tNot at all.\nspice=medium\tA little.\n", "{}", completed.err);
    // What zsh does with them shows on a terminal alone.
    let loaded =
        "autoload -U compinit; compinit -u -D; source <(hallway completions zsh); print $_comps[hallway]";
    let loaded = run(world.program("zsh").args(["-f", "-c", loaded]));
    assert_eq!(loaded.out, "_hallway\n", "{}", loaded.err);
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let world = World::new();
    let page = world.ok(["man", "call"]);
    assert!(page.contains(".TH hallway-call 1") && page.contains("hallway call mail search"), "{page}");
    assert!(world.ok(["man"]).contains("interrupted; a call was taken back"));
    world.snapshot("man", &["hallway man cal", "hallway man --dir . && ls"]);
}
