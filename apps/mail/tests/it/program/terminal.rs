//! What is on the screen, and what is not in a pipe.

use super::world::{BINARY, World, mbox, run};

#[test]
fn an_import_shows_its_progress_on_a_terminal_and_nothing_of_it_in_a_pipe() {
    let world = World::new().with_sample();
    mbox(&world.path("many.mbox"), 1600);
    let path = world.path("many.mbox");
    let command = format!("stty cols 100 rows 30; {BINARY} import {}", path.display());
    let shown = run(world.program("script").env("TERM", "xterm").args(["-qec", &command, "/dev/null"]));
    assert_eq!(shown.code, 0, "`script` is needed: sudo apt-get install util-linux bsdutils");
    assert!(shown.out.contains("Importing ["), "{}", shown.out);
    assert!(shown.out.contains("% ") && shown.out.contains(" messages read, "), "{}", shown.out);
    assert!(shown.out.contains("1600 messages read: 1600 new, 0 known, 0 broken"), "{}", shown.out);

    let piped = world.run(["import", path.to_str().unwrap()]);
    assert_eq!(piped.out, "1600 messages read: 0 new, 1600 known, 0 broken\n");
    assert_eq!(piped.err, "");
}

#[test]
fn a_table_fits_the_terminal_and_has_colours_only_where_they_are_wanted() {
    let world = World::new().with_sample();
    let shown = |setting: &str| {
        let command = format!("stty cols 80 rows 30; {setting} {BINARY} search 'from:alice is:unread'");
        let ran = run(world.program("script").env("TERM", "xterm").args(["-qec", &command, "/dev/null"]));
        assert_eq!(ran.code, 0, "`script` is needed: sudo apt-get install util-linux bsdutils");
        ran.out
    };
    assert!(shown("").contains("\u{1b}["));
    let plain = shown("NO_COLOR=1");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let widths = plain.lines().map(|line| console::measure_text_width(line.trim_end()));
    assert!(widths.max() <= Some(80) && plain.contains("…"), "{plain}");
}
