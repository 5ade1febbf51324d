//! More clients than descriptors.

use std::fs::read_to_string;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use hallway::blocking::Client;

use super::service::DeskBlockingClient;
use super::world;
use crate::world::{PATIENCE, World, eventually};

/// The daemon's limit; its clients have more.
const DESCRIPTORS: usize = 96;

/// How many want to be served at once.
const CLIENTS: usize = 200;

/// The processor time that a process has used, of all its threads.
pub(super) fn processor_time(pid: i32) -> Duration {
    let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// For how many descriptors the kernel has room for a process.
fn room(pid: i32) -> usize {
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
    line.unwrap().trim().parse().unwrap()
}

fn crowd(world: &World) -> Vec<UnixStream> {
    let connect = |_| UnixStream::connect(world.run("fake.sock")).unwrap();
    (0..CLIENTS).map(connect).collect()
}

#[test]
fn f49_more_clients_than_descriptors_stop_nobody_who_is_served() {
    let world = world().var("HALLWAY_TEST_NOFILE", DESCRIPTORS.to_string());
    let client = world.blocking();
    let pid = client.pid().unwrap();
    let before = processor_time(pid);
    let crowd = crowd(&world);
    let begin = Instant::now();
    let mut calls = 0;
    while begin.elapsed() < Duration::from_secs(1) {
        assert_eq!(client.pid().unwrap(), pid);
        // What a handler opens is there for it.
        assert_eq!(client.open(8).unwrap(), 8);
        calls += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
    let used = processor_time(pid) - before;
    println!("{calls} calls, {used:?} of processor time in {:?}", begin.elapsed());
    assert!(used < Duration::from_millis(500), "it spins: {used:?} in a second");
    drop(crowd);
    let recovered = Instant::now();
    eventually("a new client", || {
        Client::builder()
            .connect(world.connector().within(PATIENCE))
            .and_then(|client| DeskBlockingClient::new(client).pid())
            .is_ok_and(|served_by| served_by == pid)
    });
    println!("a new client {:?} after", recovered.elapsed());
    assert_eq!(world.count("start"), 1);
}

#[test]
fn f49_without_any_descriptor_a_daemon_waits_until_there_are_some() {
    let world = world().var("HALLWAY_TEST_NOFILE", DESCRIPTORS.to_string());
    let (client, greedy, hold) = (world.blocking(), world.blocking(), world.hold());
    let pid = client.pid().unwrap();
    std::thread::scope(|scope| {
        let taking = scope.spawn(|| greedy.open(1000).unwrap());
        let (call, _) = hold.accept().unwrap();
        let before = processor_time(pid);
        let crowd = crowd(&world);
        eventually("the daemon to run out", || world.log().contains("was not accepted"));
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(500) {
            assert_eq!(client.pid().unwrap(), pid);
            std::thread::sleep(Duration::from_millis(10));
        }
        let used = processor_time(pid) - before;
        assert!(used < Duration::from_millis(250), "it spins: {used:?} in half a second");
        drop(call);
        assert!(taking.join().unwrap() > 0);
        drop(crowd);
        assert_eq!(world.blocking().pid().unwrap(), pid);
    });
}

#[test]
fn f49_a_client_too_many_is_told_so() {
    let world = world().var("HALLWAY_TEST_NOFILE", DESCRIPTORS.to_string());
    let client = world.blocking();
    client.pid().unwrap();
    let crowd = crowd(&world);
    let one_more = Client::builder().connect(world.connector()).unwrap();
    let error = DeskBlockingClient::new(one_more).append("too many".to_owned()).unwrap_err();
    assert!(error.to_string().contains("connections are open"), "{error}");
    assert_eq!(error.outcome(), hallway::client::Outcome::NotDispatched);
    assert!(world.journal().is_empty());
    drop(crowd);
}

#[test]
fn f49_a_daemon_has_room_for_its_descriptors_from_the_start() {
    let most = 2 * hallway::limits::CONNECTIONS_MAX;
    let (many, few) =
        [most, DESCRIPTORS].map(|limit| world().var("HALLWAY_TEST_NOFILE", limit.to_string())).into();
    assert_eq!(room(many.blocking().pid().unwrap()), most);
    // The kernel makes it in steps.
    let room = room(few.blocking().pid().unwrap());
    assert!((DESCRIPTORS..=256).contains(&room), "{room}");
}
