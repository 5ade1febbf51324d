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
