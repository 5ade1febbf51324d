//! Daemons that start slowly, or not at all, as their clients see it.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hallway::blocking::Client;
use hallway::client::CallError;
use hallway::lifecycle::Phase;

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
fn f18_a_slow_start_tells_its_phases_to_everyone_who_waits() {
    let world = world().var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    let heard: [_; 3] = std::array::from_fn(|_| Arc::new(Mutex::new(Vec::<Phase>::new())));
    std::thread::scope(|scope| {
        let call = |client: usize| {
            let heard = Arc::clone(&heard[client]);
            let connector = world.connector().on_phase(move |phase| heard.lock().unwrap().push(phase));
            scope.spawn(|| {
                DeskBlockingClient::new(Client::builder().connect(connector).unwrap()).pid().unwrap()
            })
        };
        let launcher = call(0);
        let (mut keeper, _) = gate.accept().unwrap();
        // They come while the daemon is in that phase, and hear of it in it.
        let others = [call(1), call(2)];
        for heard in &heard {
            crate::world::eventually("the phase", || !heard.lock().unwrap().is_empty());
        }
        assert!(!launcher.is_finished() && !others.iter().any(std::thread::ScopedJoinHandle::is_finished));
        keeper.write_all(b"x").unwrap();
        let pid = launcher.join().unwrap();
        assert!(others.into_iter().all(|other| other.join().unwrap() == pid));
    });
    for heard in heard {
        let phases = heard.lock().unwrap();
        assert_eq!((phases.len(), phases[0].name.as_str()), (1, "opening"));
        assert_eq!(
            (phases[0].detail.as_deref(), phases[0].done, phases[0].total),
            (Some("the desk"), Some(1), Some(2))
        );
    }
    assert_eq!(world.count("start"), 1);
}
