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
    World::with_open_kitchen().snapshot(
        "running",
        &[
            "hallway ls",
            "hallway ls -q 0.state",
            // How many connections there were at a time is a matter of chance.
            "hallway status kitchen | grep -v connections",
            "hallway status kitchen -q services",
            "hallway status kitchen -q limits.calls_open_max",
        ],
    );
}
