//! `start`, `stop` and `restart`.

use crate::world::World;

#[test]
fn a_service_is_started_replaced_and_stopped_and_each_command_may_be_said_twice() {
    World::with_kitchen().snapshot(
        "life",
        &[
            "hallway start kitchen",
            "hallway start kitchen",
            "hallway restart kitchen",
            "hallway stop kitchen",
            "hallway stop kitchen",
            "hallway restart kitchen",
            "hallway start kitchn",
            "hallway stop kitchen --deadline soon",
        ],
    );
}

#[test]
fn nothing_but_call_watch_and_start_starts_a_service() {
    let world = World::with_kitchen();
    for command in [
        "ls",
        "where kitchen",
        "status kitchen",
        "describe kitchen",
        "describe kitchen.order",
        "logs kitchen",
        "stop kitchen",
        "restart kitchen",
        "completions bash -- hallway call kitchen.",
        "completions bash -- hallway call kitchen.order ''",
        "man call",
    ] {
        world.shell(&format!("hallway {command}"));
        // Whoever starts it makes it a log first.
        assert!(!world.path("state/hallway/kitchen.log").exists(), "{command}");
    }
    for command in ["call kitchen.hallway.ping", "watch kitchen.courses count=1", "start kitchen"] {
        assert_eq!(world.shell(&format!("hallway {command}")).code, 0, "{command}");
        assert_eq!(world.shell("hallway stop kitchen").err, "kitchen has stopped\n", "{command}");
    }
}
