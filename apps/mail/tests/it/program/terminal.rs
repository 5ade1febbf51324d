//! What is on the screen, and what is not in a pipe.

use super::world::{BINARY, World, letter, maildir, mbox, run};

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

#[test]
fn what_others_wrote_cannot_act_on_the_terminal() {
    let world = World::new();
    let mailbox = world.path("Maildir");
    let hostile = "From: \"\u{202e}gro.live\" <e@example.org>\nSubject: a\u{1b}[2Jb \u{202e}c \u{9b}1m\n\nd\u{1b}]0;e\u{7}\n";
    maildir(&mailbox, &[("new/1.h", hostile.as_bytes()), ("new/2.h", &letter("two"))]);
    // No mail in it: it is named in the report, and not by what would clear the screen.
    std::fs::write(mailbox.join("new/3\u{1b}[2J.h"), "").unwrap();
    let shown = |command: &[&str]| {
        let ran = world.run([&["--mailbox", mailbox.to_str().unwrap()], command].concat());
        let acts = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!ran.out.contains(acts) && !ran.err.contains(acts), "{command:?} {ran:?}");
        ran.out
    };
    assert!(shown(&["sync"]).contains("/3\\x1b[2J.h: the message is empty"));
    assert!(shown(&["search"]).contains("gro.live                a [2Jb c"));
    assert!(shown(&["cat", "1"]).contains("From: gro.live <e@example.org>\n"));
    shown(&["search", "a\u{1b}[2J from:"]);
    shown(&["import", "/nowhere\u{1b}[2J"]);
}
