//! `units`.

use std::fs;

use hallway::lifecycle::{Instance, ServiceFile};

use crate::world::World;

#[test]
fn a_supervisors_files_are_printed_or_put_in_place() {
    let world = World::new();
    let mut file = ServiceFile::new(Instance::new("kitchen").unwrap(), "/opt/kitchen/bin/kitchen");
    file.args = vec!["daemon".to_owned(), "--menu=à la carte".to_owned()];
    "A kitchen that takes orders.".clone_into(&mut file.description);
    file.write(&world.env()).unwrap();
    world.snapshot(
        "units",
        &[
            "hallway units kitchen",
            "hallway units kitchen --for launchd",
            "hallway units kitchen -q name",
            "hallway units kitchen --write units/user",
            "hallway units kitchen --for launchd --write units",
            "hallway units kitchen --write units --format json",
            "hallway units kitchn",
        ],
    );
    let written = |name: &str| fs::read_to_string(world.path("home/units/user").join(name)).unwrap();
    assert!(world.ok(["units", "kitchen"]).contains(&written("hallway-kitchen.service")));
}
