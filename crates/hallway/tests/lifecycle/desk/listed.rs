//! Instances as they are listed.

use hallway::lifecycle::{ServiceFile, State, instances, list, stop};

use super::{terminate, world};
use crate::world::{World, deadline, eventually, instance, world_path};

fn state(world: &World) -> State {
    let listed = list(&world.env()).unwrap();
    assert_eq!((listed.len(), &listed[0].instance), (1, &instance()));
    listed[0].state
}

#[test]
fn f12_every_state_of_an_instance_is_told_without_a_pid() {
    let world = world().var("HALLWAY_TEST_GATE", world_path("gate"));
    assert!(list(&world.env()).unwrap().is_empty());
    let gate = world.gate("gate");
    let hold = world.hold();
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| world.blocking());
        let (keeper, _) = gate.accept().unwrap();
        assert_eq!(state(&world), State::Starting);
        std::fs::remove_file(world.path("gate")).unwrap();
        drop(keeper);
        let client = starting.join().unwrap();
        let pid = client.pid().unwrap();
        assert_eq!(state(&world), State::Running);
        eventually("the word", || std::fs::read_to_string(world.run("fake.lock")).unwrap() == "served\n");
        let waiting = scope.spawn(move || client.wait("held".to_owned()));
        let (call, _) = hold.accept().unwrap();
        terminate(pid);
        eventually("the drain", || !world.published());
        assert_eq!(state(&world), State::Draining);
        drop(call);
        waiting.join().unwrap().unwrap();
        assert!(!stop(&world.env(), &instance(), deadline()).unwrap() || world.count("down") == 1);
    });
    // Its service file is left: it could be started.
    assert_eq!(state(&world), State::Stopped);
    let pid = world.blocking().pid().unwrap();
    world.kill(pid);
    assert_eq!(state(&world), State::Dead);
    // A process that has its number means nothing.
    std::fs::write(world.run("fake.json"), format!("{{\"pid\":{}}}", std::process::id())).unwrap();
    assert_eq!(state(&world), State::Dead);
}

#[test]
fn f12_what_is_installed_and_never_ran_is_listed() {
    let world = world();
    ServiceFile::this_program(instance()).unwrap().write(&world.env()).unwrap();
    let listed = list(&world.env()).unwrap();
    assert!(listed[0].installed && listed[0].state == State::Stopped && listed[0].record.is_none());
    assert_eq!(instances(&world.env()).unwrap().into_iter().collect::<Vec<_>>(), [instance()]);
    assert!(!world.path("run").exists(), "listing made a directory");
}

#[test]
fn f12_listing_over_and_over_disturbs_no_start() {
    let world = world();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let _listed = list(&world.env());
            }
        });
        for _ in 0..10 {
            world.blocking().pid().unwrap();
            assert!(stop(&world.env(), &instance(), deadline()).unwrap());
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!((world.count("start"), world.count("up")), (10, 10));
}
