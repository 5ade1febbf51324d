//! The locks, and what may stand in their place.

use std::fs::{Permissions, create_dir, remove_file, set_permissions, write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use hallway::lifecycle::{InstanceLock, LifecycleError, SpawnLock};
use nix::sys::stat::Mode;

use crate::world::{World, deadline, eventually, instance, make_dir};

fn world() -> World {
    let world = World::new("serves");
    make_dir(&world.path("run"), 0o700);
    world
}

fn try_lock(world: &World) -> Result<InstanceLock, LifecycleError> {
    InstanceLock::try_acquire(&world.dir(), &instance())
}

#[test]
fn a_lock_has_one_holder_and_its_file_stays() {
    let world = world();
    let held = try_lock(&world).unwrap();
    assert_eq!(try_lock(&world).unwrap_err().code(), "lock_held");
    assert_eq!(std::fs::metadata(world.run("fake.lock")).unwrap().permissions().mode() & 0o777, 0o600);
    drop(held);
    assert!(world.run("fake.lock").exists());
    try_lock(&world).unwrap();
}

#[test]
fn the_two_locks_and_two_instances_do_not_meet() {
    let world = world();
    let _held = try_lock(&world).unwrap();
    SpawnLock::try_acquire(&world.dir(), &instance()).unwrap();
    InstanceLock::try_acquire(&world.dir(), &"fake@other".parse().unwrap()).unwrap();
}

#[test]
fn a_lock_is_waited_for_until_the_deadline() {
    let world = world();
    let held = try_lock(&world).unwrap();
    let soon = Instant::now() + Duration::from_millis(20);
    let error = InstanceLock::acquire(&world.dir(), &instance(), soon).unwrap_err();
    assert!(error.code() == "deadline_passed" && Instant::now() >= soon);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| InstanceLock::acquire(&world.dir(), &instance(), deadline()));
        drop(held);
        waiting.join().unwrap().unwrap();
    });
    // The one that gave up does not keep it either.
    InstanceLock::acquire(&world.dir(), &instance(), deadline()).unwrap();
}

#[test]
fn f13_a_file_alone_means_nothing() {
    let world = world();
    for (content, mode) in [("", 0o600), ("4711\n", 0o600), ("\0garbage", 0o644), ("", 0o400)] {
        write(world.run("fake.lock"), content).unwrap();
        set_permissions(world.run("fake.lock"), Permissions::from_mode(mode)).unwrap();
        try_lock(&world).unwrap();
        remove_file(world.run("fake.lock")).unwrap();
    }
}

#[test]
fn f13_what_cannot_be_a_lock_is_refused() {
    let world = world();
    let refused = |reason: &str| {
        let error = try_lock(&world).unwrap_err();
        let text = error.to_string();
        assert!(
            error.code() == "lock_unusable" && text.contains(reason) && text.contains("fake.lock"),
            "{text}"
        );
    };
    create_dir(world.run("fake.lock")).unwrap();
    refused("it is a directory");
    std::fs::remove_dir(world.run("fake.lock")).unwrap();
    symlink(world.path("elsewhere"), world.run("fake.lock")).unwrap();
    refused("it is a link");
    assert!(!world.path("elsewhere").exists());
    remove_file(world.run("fake.lock")).unwrap();
    nix::unistd::mkfifo(&world.run("fake.lock"), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    refused("not a regular file");
}

#[test]
fn f14_a_replaced_file_is_noticed_by_holder_and_waiter() {
    let world = world();
    let old = try_lock(&world).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| InstanceLock::acquire(&world.dir(), &instance(), deadline()).unwrap());
        let inode = std::fs::metadata(world.run("fake.lock")).unwrap().ino();
        eventually("the waiter", || waits_for(inode));
        remove_file(world.run("fake.lock")).unwrap();
        assert!(!old.is_current().unwrap());
        drop(old);
        assert!(waiting.join().unwrap().is_current().unwrap());
    });
}

/// Tells whether a process is blocked on the lock of a file, as the kernel lists it.
fn waits_for(inode: u64) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| line.contains("-> FLOCK") && line.contains(&format!(":{inode} ")))
}
