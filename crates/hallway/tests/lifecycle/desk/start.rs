//! Daemons that start slowly, or not at all, as their clients see it.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hallway::blocking::Client;
use hallway::client::CallError;

use super::service::DeskBlockingClient;
use super::{ended, run, world};
use crate::world::{World, world_path};

/// How soon a client hears that the daemon cannot start.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Calls, and returns what goes wrong, soon and with nothing left behind.
fn failure(world: &World) -> CallError {
    let begin = Instant::now();
    let error = Client::builder().connect(world.connector()).unwrap_err();
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    assert!(!world.published());
    error
}

#[test]
fn f18_a_client_hears_the_daemons_own_code_and_words() {
    let world = world().var("HALLWAY_TEST_START", "fails");
    let error = failure(&world);
    assert_eq!((error.code(), error.exit_code()), ("desk_locked", 3));
    assert!(error.to_string().contains("the desk is used by pid 12"), "{error}");
    assert!(world.log().contains("desk_locked"), "{}", world.log());
    let other =
        run(async { hallway::client::Client::builder().connect(world.connector()).await.unwrap_err() });
    assert_eq!(other.code(), "desk_locked");
}

#[test]
fn f18_a_client_hears_the_last_words_of_a_start_that_panics() {
    let world = world().var("HALLWAY_TEST_START", "panics");
    let error = failure(&world);
    assert_eq!(error.code(), "daemon_died");
    assert!(error.to_string().contains("the desk is on fire"), "{error}");
}

#[test]
fn f18_a_place_that_is_not_private_is_refused_by_name() {
    let world = world();
    crate::world::make_dir(&world.path("run"), 0o777);
    let error = failure(&world);
    assert!(error.to_string().contains(&*world.path("run").to_string_lossy()), "{error}");
    assert_eq!(error.code(), "dir_unsafe");
}

#[test]
fn f18_a_start_that_hangs_can_be_ended_by_a_signal() {
    let world = world().var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    let mut daemon = world.process("desk").spawn().unwrap();
    let (_keeper, _) = gate.accept().unwrap();
    super::terminate(daemon.id() as i32);
    // By the signal itself: there is nothing to drain yet.
    assert_eq!(ended(&mut daemon), None);
    assert!(!world.published());
}

#[test]
fn a_slow_start_tells_its_phases_and_serves_everyone_who_waits() {
    let world = world().var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    let phases = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&phases);
    let first = world.connector().on_phase(move |phase| heard.lock().unwrap().push(phase));
    std::thread::scope(|scope| {
        let call = |connector| {
            scope.spawn(|| {
                DeskBlockingClient::new(Client::builder().connect(connector).unwrap()).pid().unwrap()
            })
        };
        let first = call(first);
        let (mut keeper, _) = gate.accept().unwrap();
        let second = call(world.connector());
        // The first hears of the phase while the daemon is still in it.
        crate::world::eventually("the phase", || !phases.lock().unwrap().is_empty());
        assert!(!first.is_finished() && !second.is_finished());
        keeper.write_all(b"x").unwrap();
        assert_eq!(first.join().unwrap(), second.join().unwrap());
    });
    let phase = phases.lock().unwrap().remove(0);
    assert_eq!((phase.name.as_str(), phase.detail.as_deref()), ("opening", Some("the desk")));
    assert_eq!((phase.done, phase.total, world.count("start")), (Some(1), Some(2), 1));
}
