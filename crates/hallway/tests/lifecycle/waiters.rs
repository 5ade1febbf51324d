//! Starts that fail while many wait, or over and over.

use std::fs::{Permissions, read_to_string, set_permissions, write};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use hallway::lifecycle::{Launcher, SpawnLock, StartError, ensure_running};

use crate::world::{World, deadline, eventually, instance, world_path};

/// What a daemon that dies at once may cost a client, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How many wait for one start.
const CLIENTS: usize = 20;

/// A place whose daemons do what the lines of a script say, and leave a line in `starts` each.
fn scripted(script: &str) -> (World, Launcher) {
    let world = World::new("serves");
    let starts = world.path("starts");
    rewrite(&world, &format!("echo start >>{}\n{script}", starts.display()));
    let launcher = Launcher::new(world.path("program"));
    (world, launcher)
}

fn rewrite(world: &World, script: &str) {
    // Another file, as an installer would: one that runs cannot be written to.
    let new = world.path("program.new");
    write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
    set_permissions(&new, Permissions::from_mode(0o700)).unwrap();
    std::fs::rename(new, world.path("program")).unwrap();
}

fn starts(world: &World) -> usize {
    read_to_string(world.path("starts")).unwrap_or_default().lines().count()
}

fn fail(world: &World, launcher: &Launcher) -> StartError {
    ensure_running(&world.env(), &instance(), launcher, deadline(), &mut |_| {}).unwrap_err()
}

/// How many processes are blocked on the start lock, as the kernel lists them.
fn waiting(path: &Path) -> usize {
    let Ok(file) = std::fs::metadata(path) else { return 0 };
    let inode = format!(":{} ", file.ino());
    let locks = read_to_string("/proc/locks").unwrap();
    locks.lines().filter(|line| line.contains("-> FLOCK") && line.contains(&inode)).count()
}

/// Has many clients wait for one start that fails, and returns what each was told.
fn all_wait_for_a_start_that(ends: &str) -> (World, Vec<String>) {
    let world = crate::desk::world()
        .var("HALLWAY_TEST_START", ends)
        .var("HALLWAY_TEST_GATE", world_path("gate"))
        .var("HALLWAY_TEST_CALLER", "blocking")
        .var("HALLWAY_TEST_ANSWERS", world_path("answers"));
    let gate = world.gate("gate");
    let clients: Vec<_> = (0..CLIENTS).map(|_| world.process("caller").spawn().unwrap()).collect();
    let (mut keeper, _) = gate.accept().unwrap();
    eventually("the others", || waiting(&world.run("fake.spawn")) == CLIENTS - 1);
    // Who comes in the millisecond in which a start fails has not waited through it: for the last of them, that one is over.
    let all = Instant::now();
    eventually("the next millisecond but one", || all.elapsed() > Duration::from_millis(2));
    // A second daemon would go straight on.
    std::fs::remove_file(world.path("gate")).unwrap();
    let begin = Instant::now();
    keeper.write_all(b"x").unwrap();
    for mut client in clients {
        client.wait().unwrap();
    }
    println!("{CLIENTS} heard of it within {:?}", begin.elapsed());
    let text = read_to_string(world.path("answers")).unwrap();
    let answers = text.split("error ").filter(|answer| !answer.is_empty()).map(str::to_owned).collect();
    (world, answers)
}

#[test]
fn f18_all_who_wait_hear_the_words_of_the_one_start_that_failed() {
    let (world, answers) = all_wait_for_a_start_that("fails");
    assert_eq!((answers.len(), world.count("start")), (CLIENTS, 1), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.contains("the desk is used by pid 12")), "{answers:?}");
}

#[test]
fn f18_all_who_wait_hear_the_last_words_of_the_one_start_that_died() {
    let (world, answers) = all_wait_for_a_start_that("panics");
    assert_eq!((answers.len(), world.count("start")), (CLIENTS, 1), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.contains("the desk is on fire")), "{answers:?}");
}

#[test]
fn f18_a_start_that_failed_is_no_reason_not_to_try_again() {
    let (world, launcher) = scripted("exit 1");
    for start in 1..=3 {
        let begin = Instant::now();
        assert!(matches!(fail(&world, &launcher), StartError::DaemonDied { .. }));
        println!("a daemon that dies at once cost {:?}", begin.elapsed());
        assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
        assert_eq!(starts(&world), start);
    }
}

#[test]
fn f18_a_crash_loop_backs_off_and_every_client_hears_why() {
    let (world, launcher) = scripted("echo the index is on fire >&2; exit 1");
    let begin = Instant::now();
    let mut told = 0;
    while begin.elapsed() < Duration::from_millis(1500) {
        let error = fail(&world, &launcher);
        assert!(
            error.to_string().contains("the index is on fire") && error.code() == "daemon_died",
            "{error}"
        );
        told += usize::from(matches!(error, StartError::HeldBack { .. }));
    }
    // Three at once, and then after a quarter, a half and a whole second more each.
    assert!((3..=6).contains(&starts(&world)), "{} starts", starts(&world));
    assert!(told > 20, "{told} clients were told without a start");
    let StartError::HeldBack { failures, pause, .. } = fail(&world, &launcher) else {
        panic!("started again")
    };
    assert!(failures as usize == starts(&world) && pause < Duration::from_secs(10));
    println!("{} starts, {told} told without one in {:?}", starts(&world), begin.elapsed());
}

#[test]
fn f18_a_person_or_another_program_waits_for_no_pause() {
    let (world, launcher) = scripted("exit 1");
    while !matches!(fail(&world, &launcher), StartError::HeldBack { .. }) {}
    let before = starts(&world);
    assert!(matches!(fail(&world, &launcher.clone().at_once()), StartError::DaemonDied { .. }));
    assert_eq!(starts(&world), before + 1);
    assert!(matches!(fail(&world, &launcher), StartError::HeldBack { .. }));
    rewrite(&world, "exit 2");
    assert!(matches!(fail(&world, &launcher), StartError::DaemonDied { .. }));
    assert!(matches!(fail(&world, &launcher.arg("other")), StartError::DaemonDied { .. }));
}

#[test]
fn f18_a_daemon_that_was_of_use_ends_a_crash_loop() {
    let world = crate::desk::world();
    let program = Launcher::new("/bin/false");
    for _ in 0..3 {
        fail(&world, &program);
    }
    // Another program, but one that works; and a failure after it is the first.
    let pid = world.blocking().pid().unwrap();
    eventually("the word", || read_to_string(world.run("fake.lock")).unwrap() == "served\n");
    world.kill(pid);
    assert_eq!(read_to_string(world.run("fake.lock")).unwrap(), "served\n", "it went with the daemon");
    for _ in 0..3 {
        assert!(matches!(fail(&world, &program), StartError::DaemonDied { .. }));
    }
    assert!(matches!(fail(&world, &program), StartError::HeldBack { failures: 3, .. }));
}

#[test]
fn f18_a_start_lock_that_cannot_be_written_to_starts_daemons_all_the_same() {
    let world = World::new("serves");
    world.dir();
    write(world.run("fake.spawn"), "").unwrap();
    // Also for root.
    let immutable = std::process::Command::new("chattr").arg("+i").arg(world.run("fake.spawn")).status();
    world.ask();
    if immutable.is_ok_and(|done| done.success()) {
        let _undone = std::process::Command::new("chattr").arg("-i").arg(world.run("fake.spawn")).status();
    }
    drop(SpawnLock::try_acquire(&world.dir(), &instance()).unwrap());
}
