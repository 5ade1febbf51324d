//! Starting, failing to start, and starting again.

use std::io::Write as _;
use std::time::{Duration, Instant};

use hallway::lifecycle::{
    Env, Launcher, LifecycleError, Record, SpawnLock, StartError, connect, ensure_running, list,
};

use crate::world::{World, answer, deadline, instance, world_path};

/// What a failing start may take, far below the deadline.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn the_first_call_starts_the_daemon_and_the_next_finds_it() {
    let world = World::new("serves");
    assert!(matches!(connect(&world.env(), &instance(), deadline()), Err(LifecycleError::NotRunning { .. })));
    assert!(!world.path("run").exists(), "looking made a directory");
    let mut phases = Vec::new();
    let pid = answer(
        world.ensure(deadline(), &mut |phase| phases.push((phase.name, phase.done, phase.total))).unwrap(),
    );
    assert_eq!(phases, [("opening".to_owned(), Some(1), Some(2))]);
    assert_eq!((world.ask(), world.count("start")), (pid, 1));
    assert_eq!(answer(connect(&world.env(), &instance(), deadline()).unwrap()), pid);
}

#[test]
fn a_daemon_says_who_it_is() {
    let world = World::new("serves");
    let pid = world.ask();
    let listed = list(&world.env()).unwrap();
    let record = listed[0].record.clone().unwrap();
    assert_eq!(
        (listed.len(), &listed[0].instance, &listed[0].socket),
        (1, &instance(), &world.run("fake.sock"))
    );
    assert_eq!((record.pid, record.version.as_str()), (pid as u32, "1.2.3"));
    assert!(record.started.ends_with('Z') && record.socket == world.run("fake.sock").to_string_lossy());
    std::fs::write(world.run("fake.json"), "{\"pid\":").unwrap();
    assert_eq!(Record::read(&world.dir(), &instance()), None);
    assert_eq!(world.ask(), pid, "a broken record changed something");
}

#[test]
fn a_killed_daemon_is_replaced() {
    let world = World::new("serves");
    let first = world.ask();
    // Gone from the process table although its launcher, this process, lives: it was reaped.
    world.kill(first);
    assert!(world.run("fake.sock").exists() && world.run("fake.json").exists());
    assert!(matches!(connect(&world.env(), &instance(), deadline()), Err(LifecycleError::NotRunning { .. })));
    let second = world.ask();
    assert_ne!(first, second);
    assert_eq!(world.ask(), second);
}

#[test]
fn f18_a_daemon_that_fails_is_quoted() {
    let world = World::new("fails");
    let begin = Instant::now();
    let error = world.ensure(deadline(), &mut |_| {}).unwrap_err();
    assert!(begin.elapsed() < AT_ONCE);
    assert_eq!(error.code(), "index_locked");
    let text = error.to_string();
    assert!(
        text.contains("the index is used by pid 12") && text.contains("state/hallway/fake.log"),
        "{text}"
    );
}

#[test]
fn f18_a_daemon_that_dies_leaves_its_last_words() {
    let world = World::new("panics");
    std::fs::create_dir_all(world.path("state/hallway")).unwrap();
    std::fs::write(world.path("state/hallway/fake.log"), "last week's words\n").unwrap();
    let begin = Instant::now();
    let error = world.ensure(deadline(), &mut |_| {}).unwrap_err();
    assert!(begin.elapsed() < AT_ONCE);
    let StartError::DaemonDied { status, tail, .. } = &error else { panic!("{error}") };
    assert_eq!(status.and_then(|status| status.code()), Some(101));
    assert!(tail.contains("the index is on fire") && !tail.contains("last week"), "{tail}");
    assert!(error.to_string().contains("the index is on fire"));
}

#[test]
fn a_daemon_that_only_says_that_it_is_ready_is_not_believed_for_ever() {
    let world = World::new("lies");
    let error = world.ensure(deadline(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, StartError::Unanswered { starts: 3, .. }), "{error}");
    assert_eq!(world.count("start"), 3);
}

#[test]
fn a_program_that_is_not_there_or_no_daemon() {
    let world = World::new("serves");
    let start = |program: &str| {
        ensure_running(&world.env(), &instance(), &Launcher::new(program), deadline(), &mut |_| {})
            .unwrap_err()
    };
    assert!(matches!(start("/no/such/program"), StartError::CannotLaunch { .. }));
    let StartError::DaemonDied { status, .. } = start("/bin/false") else { panic!("no exit status") };
    assert_eq!(status.and_then(|status| status.code()), Some(1));
}

#[test]
fn a_deadline_names_the_phase_and_the_daemon_goes_on() {
    let world = World::new("serves").var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    let (reported, waiting) = std::sync::mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(|| reported.send(gate.accept().unwrap().0));
        let mut soon = Instant::now() + Duration::from_millis(1);
        let error = loop {
            match world.ensure(soon, &mut |_| {}).unwrap_err() {
                error @ StartError::DeadlinePassed { phase: Some(_), .. } => break error,
                // Too early even for the first phase; whoever starts has the lock, so wait for that one.
                _ if world.count("start") == 0 => soon = Instant::now() + Duration::from_millis(500),
                error => break error,
            }
        };
        assert!(error.to_string().contains("fake.log"), "{error}");
    });
    let mut keeper = waiting.recv().unwrap();
    keeper.write_all(b"x").unwrap();
    world.ask();
    assert_eq!(world.count("start"), 1, "the second call started another one");
}

#[test]
fn f11_a_killed_launcher_leaves_its_daemon_starting_and_others_wait_for_it() {
    let world = World::new("serves")
        .var("HALLWAY_TEST_GATE", world_path("gate"))
        .var("HALLWAY_TEST_ANSWERS", world_path("answers"));
    let gate = world.gate("gate");
    let mut launcher = world.process("client").spawn().unwrap();
    let (mut keeper, _) = gate.accept().unwrap();
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    let held = SpawnLock::try_acquire(&world.dir(), &instance()).unwrap_err();
    assert_eq!(held.code(), "lock_held", "the start lock went with the launcher");
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| world.ask());
        keeper.write_all(b"x").unwrap();
        asking.join().unwrap();
    });
    assert_eq!((world.count("start"), world.count("serve")), (1, 1));
}

#[test]
fn f11_a_launcher_killed_before_it_starts_anything_stops_nobody() {
    let world = World::new("serves").var("HALLWAY_TEST_GATE", world_path("gate"));
    let gate = world.gate("gate");
    let mut launcher = world.process("starter").spawn().unwrap();
    let keeper = gate.accept().unwrap();
    std::fs::remove_file(world.path("gate")).unwrap();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| world.ask());
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        asking.join().unwrap();
    });
    drop(keeper);
}

#[test]
fn f16_a_successor_waits_until_a_leaving_daemon_is_gone() {
    let world = World::new("leaves")
        .var("HALLWAY_TEST_LEAVE_GATE", world_path("leave"))
        .var("HALLWAY_TEST_DRAIN_GATE", world_path("drain"));
    let (leave, drain) = (world.gate("leave"), world.gate("drain"));
    let first = world.ask();
    drop(leave.accept().unwrap());
    // Its socket is withdrawn, and it holds its lock.
    let (mut draining, _) = drain.accept().unwrap();
    assert!(!world.run("fake.sock").exists() && !world.run("fake.json").exists());
    let mut asked = |_| draining.write_all(b"x").unwrap();
    let second = answer(world.ensure(deadline(), &mut asked).unwrap());
    assert_ne!(first, second);
    assert_eq!((world.count("start"), world.count("serve"), world.count("yield")), (2, 2, 0));
}

#[test]
fn a_start_needs_no_log() {
    let world = World::new("serves").var("XDG_STATE_HOME", world_path("state"));
    std::fs::write(world.path("state"), "a file where the directory belongs").unwrap();
    world.ask();
}

#[test]
fn an_unusable_environment_is_an_error() {
    let error = connect(&Env::of([("HALLWAY_RUNTIME_DIR", "run")]), &instance(), deadline()).unwrap_err();
    assert_eq!(error.code(), "dir_unsafe");
}
