//! Many clients at once.

use std::fs::read_to_string;
use std::os::unix::net::UnixListener;

use crate::world::{World, make_dir, world_path};

/// How many clients race; the full count is a gate of its own.
const CLIENTS: usize = 30;

/// Lets the clients go all at once and returns what each was answered.
fn race(world: &World) -> Vec<String> {
    let barrier = world.gate("barrier");
    let clients: Vec<_> = (0..CLIENTS).map(|_| world.process("client").spawn().unwrap()).collect();
    let ready: Vec<_> = (0..CLIENTS).map(|_| barrier.accept().unwrap()).collect();
    drop(ready);
    for mut client in clients {
        assert!(client.wait().unwrap().success());
    }
    read_to_string(world.path("answers")).unwrap().lines().map(str::to_owned).collect()
}

fn one_daemon_answers_all(world: &World) {
    let answers = race(world);
    assert_eq!(answers.len(), CLIENTS);
    assert!(
        answers.iter().all(|answer| *answer == answers[0] && answer.parse::<i32>().is_ok()),
        "{answers:?}"
    );
    assert_eq!((world.count("start"), world.count("serve")), (1, 1));
}

fn world() -> World {
    World::new("serves")
        .var("HALLWAY_TEST_ANSWERS", world_path("answers"))
        .var("HALLWAY_TEST_BARRIER", world_path("barrier"))
}

#[test]
fn f10_many_clients_and_nothing_there() {
    one_daemon_answers_all(&world());
}

#[test]
fn f10_many_clients_and_a_dead_daemons_leftovers() {
    let world = world();
    make_dir(&world.path("run"), 0o700);
    for name in ["fake.sock", "fake.new"] {
        drop(UnixListener::bind(world.run(name)).unwrap());
    }
    for name in ["fake.lock", "fake.spawn", "fake.json", "fake.tmp"] {
        std::fs::write(world.run(name), "4711").unwrap();
    }
    one_daemon_answers_all(&world);
    assert!(!world.run("fake.new").exists() && !world.run("fake.tmp").exists());
}
