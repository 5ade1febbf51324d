//! Stopping from outside.

use std::time::{Duration, Instant};

use hallway::lifecycle::stop;

use super::world;
use crate::world::{deadline, eventually, instance, world_path};

#[test]
fn f17_stop_returns_when_the_next_daemon_can_start() {
    let world = world();
    let mut last = 0;
    for round in 1..=10 {
        let client = world.blocking();
        let pid = client.pid().unwrap();
        assert_ne!(pid, last);
        assert!(stop(&world.env(), &instance(), deadline()).unwrap());
        assert!(!world.published());
        // Everything of it has gone, down to the service's last word.
        assert_eq!((world.count("up"), world.count("down")), (round, round));
        last = pid;
    }
}

#[test]
fn f17_a_daemon_that_would_leave_by_itself_stops_when_it_is_told() {
    let world = world().var("HALLWAY_TEST_IDLE", "600000");
    let pid = world.blocking().pid().unwrap();
    let begin = Instant::now();
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    eventually("its end", || !std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn stop_starts_nothing() {
    let world = world();
    assert!(!stop(&world.env(), &instance(), deadline()).unwrap());
    assert!(!world.path("run").exists(), "it made a directory");
    world.blocking().pid().unwrap();
    assert!(stop(&world.env(), &instance(), deadline()).unwrap());
    assert!(!stop(&world.env(), &instance(), deadline()).unwrap());
    assert_eq!(world.count("start"), 1);
}

#[test]
fn stop_waits_for_a_daemon_that_is_leaving_already() {
    let world = world();
    let (client, hold) = (world.blocking(), world.hold());
    let pid = world.blocking().pid().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.wait("held".to_owned()).unwrap());
        let (call, _) = hold.accept().unwrap();
        super::terminate(pid);
        eventually("the drain", || !world.published());
        let soon = Instant::now() + Duration::from_millis(100);
        let early = stop(&world.env(), &instance(), soon).unwrap_err();
        assert_eq!(early.code(), "deadline_passed", "{early}");
        let stopping = scope.spawn(|| stop(&world.env(), &instance(), deadline()).unwrap());
        drop(call);
        // Whether there was one to stop depends on who was first.
        let _stopped = stopping.join().unwrap();
        assert_eq!(world.count("down"), 1);
        assert_eq!(waiting.join().unwrap(), pid);
    });
}

#[test]
fn stop_stops_a_daemon_that_is_starting() {
    let world = world().var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| world.blocking().pid());
        let (keeper, _) = gate.accept().unwrap();
        std::fs::remove_file(world.path("gate")).unwrap();
        let stopping = scope.spawn(|| stop(&world.env(), &instance(), deadline()).unwrap());
        drop(keeper);
        assert!(stopping.join().unwrap());
        // Whoever had it started was served, by it or by its successor.
        starting.join().unwrap().unwrap();
    });
    assert!(world.count("down") >= 1);
}

#[test]
fn stop_is_not_held_up_by_a_daemon_that_does_not_answer() {
    use nix::sys::signal::{Signal, kill};
    let world = world();
    let pid = nix::unistd::Pid::from_raw(world.blocking().pid().unwrap());
    kill(pid, Signal::SIGSTOP).unwrap();
    let begin = Instant::now();
    let error = stop(&world.env(), &instance(), begin + Duration::from_millis(200)).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(5), "{error}");
    // The second if it answered just before it stopped.
    assert!(["deadline_exceeded", "deadline_passed"].contains(&error.code()), "{error}");
    kill(pid, Signal::SIGCONT).unwrap();
}
