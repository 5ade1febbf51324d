//! `call`.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::{PATIENCE, World, run};

#[test]
fn a_method_is_called_and_what_it_answers_is_printed() {
    World::with_kitchen().snapshot(
        "call",
        &[
            "hallway call kitchen.menu",
            "hallway call kitchen menu --format yaml",
            "hallway call kitchen.menu --format table",
            "hallway call kitchen.menu --format jsonl",
            "hallway call --field name kitchen.menu",
            "hallway call kitchen.menu -q 1.contains",
            "hallway call kitchen.menu -q nmae",
            "hallway call kitchen.order dish=soup",
            "hallway call kitchen.hallway.ping",
            "hallway call kitchen.bake loaves=3",
        ],
    );
}

#[test]
fn parameters_are_given_in_several_ways() {
    World::with_open_kitchen().snapshot(
        "parameters",
        &[
            "hallway call kitchen.order dish=soup portions=2 spice=hot extras=bread extras=cheese",
            "hallway call kitchen.order --dish soup --portions 2 --spice=hot --extras bread --extras cheese",
            r#"hallway call kitchen.order dish=soup extras='["bread","cheese"]' table:='{"number":4}'"#,
            r#"hallway call kitchen.order --json '{"dish":"soup","portions":3}' portions=4"#,
            r#"echo '{"dish":"soup"}' | hallway call kitchen.order --json - -q dish"#,
            r#"echo '{"dish":"plum cake"}' > order.json; hallway call kitchen.order --json @order.json -q dish"#,
        ],
    );
}

#[test]
fn what_is_wrong_with_parameters_is_told_before_anything_is_sent() {
    World::with_open_kitchen().snapshot(
        "wrong",
        &[
            "hallway call kitchen.order",
            "hallway call kitchen.order dish=soup portions=many",
            "hallway call kitchen.order dish=soup portions=256",
            "hallway call kitchen.order dish=soup spice=hott",
            "hallway call kitchen.order dish=soup --spice hott",
            "hallway call kitchen.order dish=soup portion=2",
            "hallway call kitchen.order dish=soup --portion 2",
            "hallway call kitchen.order dish=soup dish=soup",
            "hallway call kitchen.order dish:=soup",
            "hallway call kitchen.order soup",
            r#"hallway call kitchen.order dish=soup table:='{"number":"four"}'"#,
            r#"hallway call kitchen.order dish=soup table:='{}'"#,
            "hallway call kitchen.order --json '[]'",
            "hallway call kitchen.order --json @nowhere.json",
            "hallway call kitchen.ordr dish=soup",
            "hallway call kitchn.order dish=soup",
            "hallway call kitchen",
            "hallway call --dish soup kitchen.order",
            "hallway call kitchen.order --format json portions=x",
        ],
    );
}

#[test]
fn the_help_of_a_method_is_its_own() {
    World::with_open_kitchen().snapshot(
        "help",
        &[
            "hallway call kitchen order --help",
            "hallway call kitchen.order -h | head -n 5",
            "hallway call kitchen --help",
        ],
    );
}

#[test]
fn the_service_says_no_in_its_own_words() {
    World::with_open_kitchen().snapshot(
        "refused",
        &[
            "hallway call kitchen.order dish=stew",
            "hallway call kitchen.order dish=stew --format json",
            "hallway call kitchen.order dish=soup portions=0",
            "hallway call kitchen.burn",
        ],
    );
}

#[test]
fn a_stream_is_lines_of_json() {
    let world = World::with_open_kitchen();
    world.snapshot(
        "stream",
        &[
            "hallway call kitchen.courses count=2",
            "hallway call kitchen.courses count=2 -q name",
            "hallway call kitchen.courses count=2 --format yaml",
            "hallway call kitchen.courses count=4",
            // Whoever reads has seen enough.
            "hallway call kitchen.courses count=3 | head -n 1",
        ],
    );
}

#[test]
fn a_deadline_ends_a_call() {
    let world = World::with_open_kitchen();
    world.snapshot("deadline", &["hallway call kitchen.simmer --deadline 1s"]);
    world.wait_for_journal("simmering\ntaken off\n");
}

#[test]
fn an_interrupt_takes_the_call_back() {
    let world = World::with_open_kitchen();
    let mut call = world.hallway(["call", "kitchen.simmer"]).stderr(Stdio::null()).spawn().unwrap();
    world.wait_for_journal("simmering\n");
    kill(Pid::from_raw(i32::try_from(call.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(call.wait().unwrap().code(), Some(130));
    // The daemon has read that it is taken back; the handler stops on a thread of its own.
    world.wait_for_journal("simmering\ntaken off\n");
}

#[test]
fn progress_is_shown_on_a_terminal_and_nothing_of_it_in_a_pipe() {
    let world = World::with_open_kitchen();
    assert_eq!(world.ok(["call", "kitchen.bake", "loaves=3"]), "3\n");
    let command = "stty cols 100 rows 30; hallway call kitchen.bake loaves=3";
    let shown = run(world.program("script").env("TERM", "xterm").args(["-qec", command, "/dev/null"]));
    assert_eq!(shown.code, 0, "`script` is needed: sudo apt-get install util-linux bsdutils");
    assert!(shown.out.contains("bake: 100% (3 of 3) loaves"), "{}", shown.out);
    assert!(shown.out.ends_with("3\r\n"), "{:?}", shown.out);
}

#[test]
fn on_a_terminal_json_has_indents_and_colours_only_where_they_are_wanted() {
    let world = World::with_open_kitchen();
    let shown = |setting: &str| {
        let command = format!("stty cols 80 rows 30; {setting} hallway call kitchen.menu");
        let ran = run(world.program("script").env("TERM", "xterm").args(["-qec", &command, "/dev/null"]));
        assert_eq!(ran.code, 0, "`script` is needed: sudo apt-get install util-linux bsdutils");
        ran.out.replace("\r\n", "\n")
    };
    assert!(shown("").contains("\u{1b}["));
    assert!(shown("NO_COLOR=1").starts_with("[\n  {\n    \"name\": \"soup\",\n    \"price\": 650,\n"));
}

#[test]
fn what_others_wrote_cannot_act_on_the_terminal() {
    let world = World::with_open_kitchen();
    let command = "hallway call kitchen.order dish=soup extras:='[\"\\u001b[2J\\u202e\\u009b1m\"]'";
    for format in ["", "-f yaml", "-f table", "-f jsonl", "-q extras.0"] {
        let command = format!("stty cols 200 rows 30; NO_COLOR=1 {command} {format}");
        let ran = run(world.program("script").env("TERM", "xterm").args(["-qec", &command, "/dev/null"]));
        assert_eq!(ran.code, 0, "{}", ran.out);
        let acts = |c: char| c.is_control() && !"\r\n".contains(c) || c == '\u{202e}';
        assert!(!ran.out.contains(acts), "{format} {:?}", ran.out);
    }
}

impl World {
    /// What the kitchen has written down.
    fn journal(&self) -> String {
        fs::read_to_string(self.path("journal")).unwrap_or_default()
    }

    /// Waits until the kitchen has written down exactly this.
    fn wait_for_journal(&self, wanted: &str) {
        let start = Instant::now();
        while self.journal() != wanted {
            assert!(start.elapsed() < PATIENCE, "{:?} instead of {wanted:?}", self.journal());
            std::thread::yield_now();
        }
    }
}
