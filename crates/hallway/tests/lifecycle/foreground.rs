//! Daemons that nobody launched: by hand, or under a supervisor.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Instant;

use crate::world::{PATIENCE, World, eventually, world_path};

#[test]
fn a_daemon_in_the_foreground_is_found_and_logs_to_its_own_output() {
    let world = World::new("serves");
    let mut daemon = world.process("daemon").spawn().unwrap();
    eventually("the daemon", || world.count("serve") == 1);
    assert_eq!(world.ask(), daemon.id() as i32);
    assert_eq!(world.count("start"), 1);
    assert!(!world.path("state").exists(), "it has a log of its own");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn a_mark_without_a_channel_is_no_launcher() {
    let world = World::new("serves");
    let mut daemon = world.process("daemon").env("HALLWAY_READY", "1").spawn().unwrap();
    eventually("the daemon", || world.count("serve") == 1);
    let session = nix::unistd::getsid(Some(nix::unistd::Pid::from_raw(daemon.id() as i32))).unwrap();
    assert_ne!(session.as_raw(), daemon.id() as i32, "it left the session of whoever started it");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn f16_a_second_daemon_yields_to_one_that_answers() {
    let world = World::new("serves");
    let first = world.ask();
    let begin = Instant::now();
    assert!(world.process("daemon").status().unwrap().success());
    assert_eq!((world.count("yield"), world.count("serve")), (1, 1));
    assert!(begin.elapsed() < PATIENCE / 4, "it waited for the lock of one that answers");
    assert_eq!(world.ask(), first);
}

#[test]
fn a_daemon_by_hand_waits_for_one_that_is_starting() {
    let world = World::new("serves").var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| world.ask());
        let (mut keeper, _) = gate.accept().unwrap();
        let mut second = world.process("daemon").stdout(Stdio::null()).spawn().unwrap();
        eventually("the second daemon", || world.count("start") == 2);
        keeper.write_all(b"x").unwrap();
        assert!(second.wait().unwrap().success());
        asking.join().unwrap();
    });
    assert_eq!((world.count("yield"), world.count("serve")), (1, 1));
}
