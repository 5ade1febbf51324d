//! `doctor`: each layer broken in turn.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use hallway::lifecycle::{Instance, InstanceLock, RuntimeDir, ServiceFile, SpawnLock};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::Pid;

use crate::world::{PATIENCE, World};

const DOCTOR: &[&str] = &["hallway doctor kitchen"];

fn kitchen() -> Instance {
    Instance::new("kitchen").unwrap()
}

/// Which files there are in the runtime directory.
fn files(world: &World) -> Vec<(PathBuf, u64)> {
    let of = |entry: fs::DirEntry| (entry.path(), entry.metadata().unwrap().ino());
    let mut files: Vec<_> =
        fs::read_dir(world.path("run")).unwrap().map(|entry| of(entry.unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_service_that_works_passes_running_or_not() {
    let world = World::with_kitchen();
    world.snapshot("doctor/installed", &["hallway doctor kitchen", "hallway doctor kitchen --format json"]);
    assert_eq!(files(&world), [], "it has made something");
    let world = World::with_open_kitchen();
    let before = files(&world);
    world.snapshot("doctor/running", &["hallway doctor kitchen"]);
    assert_eq!(files(&world), before, "it has changed something");
}

#[test]
fn a_service_that_nobody_knows_is_named_with_those_that_are_meant() {
    World::with_kitchen().snapshot("doctor/unknown", &["hallway doctor kitchn", "hallway doctor Kitchen"]);
}

#[test]
fn a_directory_that_cannot_be_used_is_told_with_the_command_that_puts_it_right() {
    let world = World::with_open_kitchen();
    fs::set_permissions(world.path("run"), Permissions::from_mode(0o755)).unwrap();
    world.snapshot("doctor/mode", &["hallway doctor kitchen", "hallway doctor kitchen -q failed"]);
    // What it says to do puts it right.
    let told = world.run(["doctor", "kitchen", "-q", "checks.2.remedy"]).out;
    assert_eq!(world.shell(told.trim().trim_matches('`')).code, 0);
    assert_eq!(world.run(["doctor", "kitchen"]).code, 0);

    let closed = World::with_kitchen();
    chown(closed.path("run"), Some(1001), None).unwrap_or_else(|error| panic!("run this as root: {error}"));
    closed.snapshot("doctor/owner", DOCTOR);
    let linked = World::with_kitchen();
    fs::rename(linked.path("run"), linked.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(linked.path("elsewhere"), linked.path("run")).unwrap();
    linked.snapshot("doctor/directory", DOCTOR);
}

#[test]
fn a_program_that_is_gone_is_told() {
    let world = World::new();
    let mut file = ServiceFile::new(kitchen(), world.path("gone"));
    "1.0.0".clone_into(&mut file.version);
    file.write(&world.env()).unwrap();
    world.snapshot("doctor/program", DOCTOR);
}

#[test]
fn a_daemon_that_was_killed_has_left_its_socket() {
    let world = World::with_open_kitchen();
    let pid: i32 = world.ok(["status", "kitchen", "-q", "pid"]).trim().parse().unwrap();
    let socket = fs::canonicalize(world.path("run")).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    // The kernel closes its socket and frees its lock in no order that is promised.
    let free = InstanceLock::acquire(
        &RuntimeDir::open(&world.env()).unwrap(),
        &kitchen(),
        Instant::now() + PATIENCE,
    );
    drop(free.unwrap());
    assert!(socket.join("kitchen.sock").exists());
    world.snapshot("doctor/killed", &["hallway doctor kitchen", "hallway ls -q 0.state"]);
}

#[test]
fn a_lock_that_is_held_without_a_socket_is_told() {
    let world = World::with_kitchen();
    let lock = InstanceLock::try_acquire(&RuntimeDir::open(&world.env()).unwrap(), &kitchen()).unwrap();
    lock.served();
    world.snapshot("doctor/held", DOCTOR);
}

#[test]
fn a_file_in_the_sockets_place_is_told() {
    let world = World::with_kitchen();
    fs::write(world.path("run/kitchen.sock"), "").unwrap();
    world.snapshot("doctor/file", DOCTOR);
}

#[test]
fn a_start_that_failed_is_told_in_the_daemons_words() {
    let world = World::with_kitchen();
    assert_ne!(world.shell("HALLWAY_TEST_NO_GAS=1 hallway start kitchen").code, 0);
    world.snapshot("doctor/failed", &["hallway doctor kitchen -q checks.11.says"]);
    let mute = World::new();
    ServiceFile::new(kitchen(), "/bin/false").write(&mute.env()).unwrap();
    assert_ne!(mute.run(["start", "kitchen"]).code, 0);
    // It is gone when its lock is free.
    let dir = RuntimeDir::open(&mute.env()).unwrap();
    drop(SpawnLock::acquire(&dir, &kitchen(), Instant::now() + PATIENCE).unwrap());
    assert_eq!(mute.run(["doctor", "kitchen"]).code, 21);
}

/// Has somebody else listen, who may hold the lock as a daemon does, while `then` runs.
fn in_place_of_the_daemon(world: &World, holds_lock: bool, says: Option<&'static [u8]>, then: impl FnOnce()) {
    let lock = InstanceLock::try_acquire(&RuntimeDir::open(&world.env()).unwrap(), &kitchen()).unwrap();
    let _lock = holds_lock.then_some(lock);
    let listener = UnixListener::bind(world.path("run/kitchen.sock")).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut kept = Vec::new();
            for mut stream in listener.incoming().map_while(Result::ok) {
                // Who only looks is gone already.
                let _gone = says.map(|says| stream.write_all(says));
                kept.push(stream);
            }
        });
        then();
        shutdown(listener.as_raw_fd(), Shutdown::Both).unwrap();
    });
}

#[test]
fn who_speaks_something_else_is_told() {
    let world = World::with_kitchen();
    let garbage = b"220 mail.example.org ESMTP ready\r\n";
    in_place_of_the_daemon(&world, true, Some(garbage), || world.snapshot("doctor/garbage", DOCTOR));
}

#[test]
fn who_listens_without_the_lock_is_told() {
    let world = World::with_kitchen();
    in_place_of_the_daemon(&world, false, Some(b"\x16\x03\x01"), || world.snapshot("doctor/lock", DOCTOR));
}

#[test]
fn a_daemon_that_hangs_is_told_and_not_waited_for() {
    let world = World::with_kitchen();
    in_place_of_the_daemon(&world, true, None, || world.snapshot("doctor/hung", DOCTOR));
}

#[test]
fn a_daemon_that_says_hello_and_nothing_else_is_told() {
    let world = World::with_kitchen();
    let hello = b"{\"v\":1,\"hello\":{\"program\":\"kitchen 1.2.3\"}}\n";
    in_place_of_the_daemon(&world, true, Some(hello), || world.snapshot("doctor/mute", DOCTOR));
}

#[test]
fn a_daemon_of_another_version_is_told() {
    let world = World::with_open_kitchen();
    let mut file = ServiceFile::read(&world.env(), &kitchen()).unwrap();
    "1.3.0".clone_into(&mut file.version);
    file.write(&world.env()).unwrap();
    world.snapshot("doctor/version", &["hallway doctor kitchen"]);
}
