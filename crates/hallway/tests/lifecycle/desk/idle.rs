//! Daemons that leave because nobody needs them.

use std::collections::HashSet;
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use hallway::blocking;
use hallway::client::{CallError, Client};

use super::service::{DeskBlockingClient, DeskClient};
use super::{ended, rounds, run, world};
use crate::world::{World, eventually};

fn leaving(ms: u64) -> World {
    world().var("HALLWAY_TEST_IDLE", ms.to_string())
}

fn gone(pid: i32) -> bool {
    !std::path::Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn f16_an_idle_daemon_leaves_and_takes_its_files_with_it() {
    let world = leaving(100);
    let client = world.blocking();
    let first = client.pid().unwrap();
    assert!(world.published());
    drop(client);
    let begin = Instant::now();
    eventually("the idle daemon to leave", || gone(first));
    assert!(begin.elapsed() >= Duration::from_millis(80), "it left after {:?}", begin.elapsed());
    assert!(!world.published());
    assert!(world.log().contains("idle"), "{}", world.log());
    assert_ne!(world.blocking().pid().unwrap(), first);
    assert_eq!(world.count("start"), 2);
}

#[test]
fn f16_a_daemon_that_was_just_started_waits_for_the_one_who_started_it() {
    let world = leaving(1);
    let mut daemon = world.process("desk").spawn().unwrap();
    eventually("the daemon", || world.run("fake.json").exists());
    // Its absence is what is looked for: a hundred times its patience.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(world.blocking().pid().unwrap(), daemon.id() as i32);
    assert_eq!(ended(&mut daemon), Some(0));
    assert!(!world.published());
    assert_eq!((world.count("start"), world.count("up"), world.count("down")), (1, 1, 1));
}

#[test]
fn a_call_or_a_stream_keeps_an_idle_daemon() {
    const IDLE: u64 = 40;
    let world = leaving(IDLE);
    let hold = world.hold();
    run(async {
        let client = world.client().await;
        let pid = client.pid().await.unwrap();
        let mut beats = client.beats().await.unwrap();
        assert_eq!(beats.next().await.unwrap().unwrap(), pid);
        drop(client);
        // Its absence is what is looked for: five times as long as it takes.
        tokio::time::sleep(Duration::from_millis(5 * IDLE)).await;
        let other = world.client().await;
        let calling = tokio::spawn(async move { other.wait("long".to_owned()).await.unwrap() });
        let (call, _) = tokio::task::block_in_place(|| hold.accept().unwrap());
        drop(beats);
        tokio::time::sleep(Duration::from_millis(5 * IDLE)).await;
        assert!(world.published());
        drop(call);
        assert_eq!(calling.await.unwrap(), pid);
        tokio::task::block_in_place(|| eventually("the daemon to leave", || gone(pid)));
    });
    assert_eq!(world.count("start"), 1);
}

#[test]
fn f16_work_that_holds_a_lease_keeps_an_idle_daemon() {
    const IDLE: u64 = 40;
    let world = leaving(IDLE);
    let pid = world.blocking().work(5 * IDLE).unwrap();
    eventually("the daemon to leave", || gone(pid));
    assert_eq!(world.journal(), ["worked"]);
    assert!(world.log().contains("idle"), "{}", world.log());
}

#[test]
fn f16_a_daemon_without_an_idle_time_stays() {
    let world = leaving(0);
    let pid = world.blocking().pid().unwrap();
    // Its absence is what is looked for: the time in which the others have left.
    std::thread::sleep(Duration::from_millis(300));
    assert!(!gone(pid) && world.published());
}

/// Steps through the daemons' trace: no two may be up at the same time.
fn one_at_a_time(world: &World) -> usize {
    let mut up = None;
    let mut lives = 0;
    for (step, pid) in world.trace() {
        match step.as_str() {
            "up" => {
                assert_eq!(up.replace(pid), None, "{pid} came up while another one served");
                lives += 1;
            }
            "down" => assert_eq!(up.take(), Some(pid)),
            _ => {}
        }
    }
    lives
}

/// One client's calls: the first of each pair blocks, the second does not.
fn call(world: &World, line: String) -> Result<i32, CallError> {
    if line.ends_with(['0', '2', '4', '6', '8']) {
        let client = blocking::Client::builder().connect(world.connector())?;
        return DeskBlockingClient::new(client).append(line);
    }
    // A runtime that nobody polls keeps its connections, so each call has its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder().connect(world.connector()).await?;
        DeskClient::new(client).append(line).await
    })
}

/// Has clients come at the moment when the daemon leaves, over and over; returns how many daemons there were.
fn race(idle: u64, clients: u64, rounds: u64) -> usize {
    let world = leaving(idle);
    let (failed, together) = (Mutex::new(Vec::new()), Barrier::new(clients as usize));
    std::thread::scope(|scope| {
        for client in 0..clients {
            let (world, failed, together) = (&world, &failed, &together);
            scope.spawn(move || {
                let mut random = client.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                for round in 0..rounds {
                    together.wait();
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    // Between none and a bit more than the daemon's patience, which is rounded up to the
                    // timer's next two milliseconds.
                    let pause = (idle + 2) * 300 * (round % 5) + random % 1000;
                    std::thread::sleep(Duration::from_micros(pause));
                    if let Err(error) = call(world, format!("{client} {round}")) {
                        failed.lock().unwrap().push(error.to_string());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} calls failed: {failed:?}", failed.len());
    let journal = world.journal();
    assert_eq!(journal.len() as u64, clients * rounds);
    assert_eq!(journal.iter().collect::<HashSet<_>>().len(), journal.len(), "something was done twice");
    one_at_a_time(&world)
}

#[test]
fn f16_clients_that_come_as_the_daemon_leaves_are_all_answered() {
    const CLIENTS: u64 = 8;
    for idle in [1, 2, 5] {
        let rounds = rounds(100);
        let begin = Instant::now();
        let lives = race(idle, CLIENTS, rounds);
        println!("idle {idle} ms: {} calls, {lives} daemons, {:?}", CLIENTS * rounds, begin.elapsed());
        assert!(lives as u64 > rounds / 10, "the daemon hardly ever left: {lives}");
    }
}
