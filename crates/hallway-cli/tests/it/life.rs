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
