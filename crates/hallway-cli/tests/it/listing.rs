//! `ls`, `where` and `status`.

use crate::world::World;

#[test]
fn a_place_in_which_nothing_is_says_so() {
    World::new().snapshot(
        "nothing",
        &[
            "hallway ls",
            "hallway ls --format json",
            "hallway status mail",
            "hallway where",
            "hallway where mail",
        ],
    );
}

#[test]
fn what_is_installed_is_listed_and_not_started() {
    let world = World::with_kitchen();
    world.snapshot(
        "installed",
        &[
            "hallway ls",
            "hallway ls --format yaml",
            "hallway ls -q name",
            "hallway ls -q nam",
            "hallway status kitchen",
            "hallway status kitchn",
            "hallway status Kitchen",
            "hallway status kitchen --format json",
        ],
    );
    assert!(!world.path("run/kitchen.sock").exists());
}

#[test]
fn what_runs_is_listed_with_how_it_is() {
    let world = World::with_open_kitchen();
    // It has noticed that whoever started it has gone.
    while world.ok(["ls", "-q", "0.clients"]) != "0\n" {}
    world.snapshot(
        "running",
        &[
            "hallway ls",
            "hallway ls -q 0.state",
            // How many connections there were at a time is a matter of chance.
            "hallway status kitchen | grep -v -e connections -e clients",
            "hallway status kitchen -q services",
            "hallway status kitchen -q limits.calls_open_max",
        ],
    );
}

#[test]
fn a_place_that_others_can_enter_is_refused_with_what_to_do() {
    let world = World::with_kitchen();
    world.snapshot(
        "unsafe",
        &["chmod 755 $HALLWAY_RUNTIME_DIR; hallway ls", "chmod 700 $HALLWAY_RUNTIME_DIR; hallway ls"],
    );
}
