//! The socket: when it appears, who may serve it, and when it goes.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hallway::lifecycle::{InstanceLock, connect, publish};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
use nix::unistd::Uid;

use crate::world::{World, deadline, eventually, instance, make_dir, world_path};

fn lock(world: &World) -> InstanceLock {
    InstanceLock::try_acquire(&world.dir(), &instance()).unwrap()
}

#[test]
fn f3_a_socket_is_private_and_answers_from_the_moment_it_appears() {
    let world = World::new("serves");
    let lock = lock(&world);
    let path = world.run("fake.sock");
    let (done, seen) = (Done::default(), AtomicBool::new(false));
    // The last hundred listeners live on, so whichever a prober has just looked up must take it.
    let mut alive = VecDeque::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _end = done.guard();
            while !done.is_set() {
                if let Ok(found) = std::fs::symlink_metadata(&path) {
                    seen.store(true, Ordering::Relaxed);
                    assert_eq!(found.mode() & 0o777, 0o600);
                }
            }
        });
        scope.spawn(|| {
            let _end = done.guard();
            while !done.is_set() {
                if let Err(error) = UnixStream::connect(&path) {
                    assert_eq!(error.kind(), ErrorKind::NotFound, "a published socket refused");
                }
            }
        });
        let _end = done.guard();
        for _ in 0..500 {
            alive.push_back(publish(&lock).unwrap());
            alive.drain(..alive.len().saturating_sub(100));
        }
        eventually("a look at the socket", || seen.load(Ordering::Relaxed));
    });
}

/// Ends all threads of a test when one of them ends, by a failure too.
#[derive(Default)]
struct Done(AtomicBool);

struct End<'a>(&'a AtomicBool);

impl Done {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn guard(&self) -> End<'_> {
        End(&self.0)
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn f2_leftovers_of_a_killed_predecessor_are_replaced() {
    let world = World::new("serves");
    let lock = lock(&world);
    drop(UnixListener::bind(world.run("fake.new")).unwrap());
    drop(UnixListener::bind(world.run("fake.sock")).unwrap());
    drop(UnixListener::bind(world.run("fake@work.new")).unwrap());
    let _published = publish(&lock).unwrap();
    connect(&world.env(), &instance(), deadline()).unwrap();
    assert!(!world.run("fake.new").exists());
    assert!(world.run("fake@work.new").exists(), "another instance's socket was removed");
    std::fs::write(world.run("fake.new"), "").unwrap();
    let _published = publish(&lock).unwrap();
    assert!(!world.run("fake.new").exists());
    assert!(std::fs::metadata(world.run("fake.sock")).unwrap().file_type().is_socket());
}

#[test]
fn f16_a_withdrawn_socket_still_serves_those_who_had_come() {
    let world = World::new("serves");
    let lock = lock(&world);
    let (listener, published) = publish(&lock).unwrap();
    let _waiting = connect(&world.env(), &instance(), deadline()).unwrap();
    published.withdraw(&lock).unwrap();
    assert_eq!(connect(&world.env(), &instance(), deadline()).unwrap_err().code(), "not_running");
    listener.accept().unwrap();
    assert!(!world.run("fake.sock").exists() && world.run("fake.lock").exists());
}

#[test]
fn only_our_own_socket_is_withdrawn() {
    let world = World::new("serves");
    let lock = lock(&world);
    let (_old, published) = publish(&lock).unwrap();
    let _successor = publish(&lock).unwrap();
    assert!(!published.is_current().unwrap());
    published.withdraw(&lock).unwrap();
    assert!(world.run("fake.sock").exists());
}

#[test]
fn a_socket_without_its_lock_is_not_withdrawn() {
    let world = World::new("serves");
    let lock = lock(&world);
    let (_listener, published) = publish(&lock).unwrap();
    std::fs::remove_file(world.run("fake.lock")).unwrap();
    published.withdraw(&lock).unwrap();
    assert!(world.run("fake.sock").exists(), "whoever has the new lock may own it");
}

#[test]
fn what_is_no_socket_is_not_running_and_is_replaced() {
    let world = World::new("serves");
    let lock = lock(&world);
    std::fs::write(world.run("fake.sock"), "garbage").unwrap();
    assert_eq!(connect(&world.env(), &instance(), deadline()).unwrap_err().code(), "not_running");
    let _published = publish(&lock).unwrap();
    connect(&world.env(), &instance(), deadline()).unwrap();
}

#[test]
fn f46_a_full_queue_is_waited_for() {
    let world = World::new("serves");
    world.dir();
    let server = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    let address = UnixAddr::new(&world.run("fake.sock")).unwrap();
    bind(std::os::fd::AsRawFd::as_raw_fd(&server), &address).unwrap();
    listen(&server, Backlog::new(0).unwrap()).unwrap();
    let server = UnixListener::from(server);
    let _queued = connect(&world.env(), &instance(), deadline()).unwrap();
    let soon = Instant::now() + Duration::from_millis(20);
    assert_eq!(connect(&world.env(), &instance(), soon).unwrap_err().code(), "deadline_passed");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| connect(&world.env(), &instance(), deadline()));
        server.accept().unwrap();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a4_another_users_server_is_sent_nothing() {
    if !Uid::effective().is_root() {
        // Nobody else can serve another user's socket for a test. The comparison itself is tested beside the code.
        return;
    }
    let world = World::new("serves")
        .var("HALLWAY_TEST_SQUAT", world_path("shared/squat"))
        .var("HALLWAY_TEST_GATE", world_path("shared/gate"))
        .var("HALLWAY_TEST_ANSWERS", world_path("shared/answers"));
    std::fs::set_permissions(world.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    make_dir(&world.path("shared"), 0o777);
    world.dir();
    let gate = world.gate("shared/gate");
    std::fs::set_permissions(world.path("shared/gate"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut intruder = world.process("intruder").uid(4242).gid(4242).spawn().unwrap();
    let (mut keeper, _) = gate.accept().unwrap();
    std::fs::rename(world.path("shared/squat"), world.run("fake.sock")).unwrap();
    keeper.write_all(b"x").unwrap();
    let error = connect(&world.env(), &instance(), deadline()).unwrap_err();
    assert!(error.code() == "server_uid" && error.to_string().contains("uid 4242"), "{error}");
    assert!(intruder.wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(world.path("shared/answers")).unwrap(), "0");
}
