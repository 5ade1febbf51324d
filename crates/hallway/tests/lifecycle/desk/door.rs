//! Daemons whose files are taken away.

use std::fs::{create_dir, read_dir, remove_dir_all, remove_file, rename, write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::descriptors::processor_time;
use super::service::DeskBlockingClient;
use super::world;
use crate::separation::descriptors;
use crate::world::{World, eventually, instance, make_dir};

/// How long a daemon may be away from its place.
const SOON: Duration = Duration::from_secs(2);

/// How often each is tried here.
const ROUNDS: u64 = 20;

/// Waits until the daemon answers at the instance's path again.
fn answers_again(world: &World) -> i32 {
    let begin = Instant::now();
    eventually("the socket", || UnixStream::connect(world.run("fake.sock")).is_ok());
    assert!(begin.elapsed() < SOON, "it was away for {:?}", begin.elapsed());
    world.blocking().pid().unwrap()
}

fn gone(pid: i32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// A daemon that nothing but one connection is needed of.
fn daemon(world: &World) -> (DeskBlockingClient, i32) {
    let client = world.blocking();
    let pid = client.pid().unwrap();
    (client, pid)
}

#[test]
fn f14_a_deleted_socket_is_published_again() {
    let world = world();
    let (client, pid) = daemon(&world);
    let mut open = 0;
    for round in 0..super::rounds(ROUNDS) {
        remove_file(world.run("fake.sock")).unwrap();
        assert_eq!(answers_again(&world), pid);
        assert_eq!(client.pid().unwrap(), pid);
        if round == 2 {
            open = descriptors(pid).len();
        }
    }
    eventually("its descriptors", || descriptors(pid).len() <= open);
    assert_eq!(world.count("start"), 1);
    assert!(world.run("fake.json").exists());
}

#[test]
fn f14_whatever_stands_in_the_sockets_place_is_replaced() {
    let world = world();
    let (client, pid) = daemon(&world);
    rename(world.run("fake.sock"), world.path("elsewhere")).unwrap();
    assert_eq!(answers_again(&world), pid);
    write(world.path("file"), "garbage").unwrap();
    rename(world.path("file"), world.run("fake.sock")).unwrap();
    assert_eq!(answers_again(&world), pid);
    let stranger = UnixListener::bind(world.path("strange.sock")).unwrap();
    rename(world.path("strange.sock"), world.run("fake.sock")).unwrap();
    stranger.set_nonblocking(true).unwrap();
    eventually("its own socket", || {
        world.blocking_within(SOON).and_then(|desk| desk.pid()).is_ok_and(|by| by == pid)
    });
    assert_eq!((client.pid().unwrap(), world.count("start")), (pid, 1));
}

#[test]
fn f14_a_daemon_whose_lock_is_deleted_leaves_and_spares_its_successors_files() {
    let world = world();
    for round in 1..=super::rounds(ROUNDS).div_ceil(4) {
        let (client, pid) = daemon(&world);
        remove_file(world.run("fake.lock")).unwrap();
        // Its own client is served to the end, and then by the next one.
        client.append(round.to_string()).unwrap();
        eventually("the daemon to leave", || gone(pid));
        let next = world.blocking().pid().unwrap();
        assert_ne!(next, pid);
        assert!(world.published());
        assert_eq!(client.pid().unwrap(), next);
    }
}

#[test]
fn f14_a_daemon_whose_lock_a_successor_has_leaves_its_files_alone() {
    use hallway::lifecycle::{InstanceLock, publish};
    let world = world();
    let (client, pid) = daemon(&world);
    let old = hallway::lifecycle::RuntimeDir::open(&world.env()).unwrap();
    // All in one go, as quick as a successor can be.
    remove_file(world.run("fake.lock")).unwrap();
    let successor = InstanceLock::try_acquire(&old, &instance()).unwrap();
    let (_listener, published) = publish(&successor).unwrap();
    drop(client);
    eventually("the daemon to leave", || gone(pid));
    assert!(published.is_current().unwrap() && successor.is_current().unwrap());
}

#[test]
fn f14_a_daemon_whose_directory_is_deleted_or_replaced_leaves() {
    let world = world();
    for replaced in [false, true, false] {
        let (client, pid) = daemon(&world);
        if replaced {
            rename(world.path("run"), world.path("moved")).unwrap();
            make_dir(&world.path("run"), 0o700);
        } else {
            remove_dir_all(world.path("run")).unwrap();
        }
        eventually("the daemon to leave", || gone(pid));
        assert_ne!(client.pid().unwrap(), pid);
        assert!(world.published());
    }
    let _left = read_dir(world.path("moved")).unwrap();
    create_dir(world.path("run/sub")).unwrap();
    // Other names in the directory are none of its business.
    let (client, pid) = daemon(&world);
    remove_dir_all(world.path("run/sub")).unwrap();
    assert_eq!(client.pid().unwrap(), pid);
}

#[test]
fn f14_where_a_socket_cannot_be_published_a_daemon_tries_again_and_does_not_spin() {
    let world = world();
    let (client, pid) = daemon(&world);
    // Nothing can be renamed over a directory. The daemon may be there first, once or twice.
    let in_its_place = || {
        remove_file(world.run("fake.sock")).unwrap();
        create_dir(world.run("fake.sock")).is_ok()
    };
    eventually("the directory in its place", || {
        let placed = in_its_place();
        placed || {
            answers_again(&world);
            false
        }
    });
    let before = processor_time(pid);
    let begin = Instant::now();
    while begin.elapsed() < SOON {
        assert_eq!(client.pid().unwrap(), pid);
        std::thread::sleep(Duration::from_millis(20));
    }
    let used = processor_time(pid) - before;
    assert!(used < SOON / 4, "it spins: {used:?}");
    remove_dir_all(world.run("fake.sock")).unwrap();
    assert_eq!(answers_again(&world), pid);
}
