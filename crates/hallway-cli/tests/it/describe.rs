//! `describe`.

use serde_json::Value;

use crate::world::World;

#[test]
fn a_service_and_a_method_are_described_for_people() {
    World::with_open_kitchen().snapshot(
        "describe",
        &[
            "hallway describe kitchen",
            "hallway describe kitchen.order",
            "hallway describe kitchen served",
            "hallway describe kitchen.hallway.status | head -n 4",
            "hallway describe kitchen.ordr",
            "hallway describe kitchen.pantry.order",
            "hallway describe kitchen.kitchen.ordr --format json",
        ],
    );
}

#[test]
fn a_method_is_described_in_other_formats() {
    World::with_open_kitchen().snapshot(
        "documents",
        &[
            "hallway describe kitchen.menu --format json",
            "hallway describe kitchen.menu --format openrpc",
            "hallway describe kitchen.menu --format openapi",
            "hallway describe kitchen.order --format markdown",
        ],
    );
}

#[test]
fn a_description_is_what_the_daemon_answers() {
    let world = World::with_open_kitchen();
    let described: Value = serde_json::from_str(&world.ok(["describe", "kitchen", "-f", "json"])).unwrap();
    let [kitchen] = described.as_array().unwrap().as_slice() else { panic!("{described}") };
    assert_eq!(kitchen["methods"].as_array().unwrap().len(), 7);
    assert_eq!(kitchen["$defs"]["Spice"]["oneOf"][0]["const"], "mild");
}

#[test]
fn a_service_that_does_not_run_is_not_started_to_be_described() {
    let world = World::with_kitchen();
    world.snapshot("describe-stopped", &["hallway describe kitchen", "hallway describe kitchn.order"]);
    assert!(!world.path("run/kitchen.sock").exists());
}
