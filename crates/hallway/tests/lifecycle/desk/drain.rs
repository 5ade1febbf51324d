//! Daemons that are told to stop while they have work.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hallway::server::{AdminBlockingClient, Server};
use hallway::transport::unix::Listener;

use super::service::DeskBlockingClient;
use super::{ended, rounds, run, terminate, world};
use crate::world::{World, eventually};

/// How long a daemon that is told to stop may take at most: its drain deadline and a little.
const DRAINED: Duration = Duration::from_millis(5500);

/// A daemon whose exit code is seen.
fn foreground(world: &World) -> Child {
    let daemon = world.process("desk").spawn().unwrap();
    eventually("the daemon", || world.run("fake.json").exists());
    daemon
}

fn id(daemon: &Child) -> i32 {
    daemon.id() as i32
}

#[test]
fn f17_told_to_stop_under_load_it_answers_what_it_has_and_a_successor_the_rest() {
    let world = world();
    let mut daemon = foreground(&world);
    let (stop, lines) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (mut longest, mut terms) = (Duration::ZERO, 0);
    let next = || {
        let line = lines.fetch_add(1, Ordering::Relaxed).to_string();
        Some(line).filter(|_| !stop.load(Ordering::Relaxed))
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let client = world.blocking();
                while let Some(line) = next() {
                    client.append(line).unwrap();
                }
            });
        }
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                // Sixteen calls at once on one connection.
                let client = world.client().await;
                join_all((0..16).map(|_| async {
                    while let Some(line) = next() {
                        client.append(line).await.unwrap();
                        client.nap(2).await.unwrap();
                    }
                }))
                .await;
            });
        });
        for _ in 0..rounds(15) {
            let so_far = lines.load(Ordering::Relaxed);
            eventually("calls", || lines.load(Ordering::Relaxed) > so_far + 100);
            let begin = Instant::now();
            let pid = world.blocking().pid().unwrap();
            terminate(pid);
            eventually("the daemon to leave", || {
                let _reaped = daemon.try_wait().unwrap();
                !Path::new(&format!("/proc/{pid}")).exists()
            });
            longest = longest.max(begin.elapsed());
            terms += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(ended(&mut daemon), Some(0));
    assert!(longest < DRAINED, "{longest:?}");
    let journal = world.journal();
    let different: HashSet<_> = journal.iter().collect();
    assert_eq!(different.len(), journal.len(), "something was done twice");
    println!("{} calls, {terms} times told to stop, {longest:?} at most", journal.len());
}

#[test]
fn f17_calls_that_wait_for_a_place_to_run_are_answered_too() {
    const CALLS: usize = 300;
    let world = world();
    let hold = world.hold();
    run(async {
        let client = world.client().await;
        let pid = client.pid().await.unwrap();
        let calling = tokio::spawn(async move {
            join_all((0..CALLS).map(|call| {
                let client = &client;
                async move { client.wait(call.to_string()).await.unwrap() }
            }))
            .await
        });
        tokio::task::block_in_place(|| {
            // The first of them run, the others wait.
            let mut held: Vec<_> =
                (0..hallway::limits::CALLS_RUNNING_MAX).map(|_| hold.accept().unwrap()).collect();
            let status = AdminBlockingClient::new(
                hallway::blocking::Client::builder().connect(world.connector()).unwrap(),
            );
            eventually("the calls", || status.status().unwrap().calls_open as usize > CALLS);
            terminate(pid);
            eventually("the drain", || !world.published());
            held.clear();
            for _ in hallway::limits::CALLS_RUNNING_MAX..CALLS {
                drop(hold.accept().unwrap());
            }
        });
        assert_eq!(calling.await.unwrap(), vec![pid; CALLS]);
    });
}

/// Has a call hang, and the daemon told to stop.
fn hang(how: &str) {
    let world = world();
    let mut daemon = foreground(&world);
    let client = world.blocking();
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| DeskBlockingClient::hang(&client, how.to_owned()).unwrap_err());
        eventually("the call", || world.written(how) == 1);
        let begin = Instant::now();
        terminate(id(&daemon));
        assert_eq!(ended(&mut daemon), Some(0), "a daemon in which a call {how}");
        assert!(begin.elapsed() < DRAINED, "a call that {how}: {:?}", begin.elapsed());
        hanging.join().unwrap();
    });
    // One that blocks its thread keeps the daemon from withdrawing: that is what a crash leaves.
    assert_ne!(world.blocking().pid().unwrap(), id(&daemon));
    assert_eq!(world.written(how), 1, "a call was made again");
}

#[test]
fn f17_a_handler_that_never_ends_does_not_keep_its_daemon() {
    std::thread::scope(|scope| {
        scope.spawn(|| hang("waits"));
        scope.spawn(|| hang("blocks"));
        // On the thread that would have heard of what comes next.
        scope.spawn(|| hang("spins"));
    });
}

#[test]
fn f17_told_twice_it_leaves_at_once_and_the_next_call_works() {
    let world = world();
    let mut daemon = foreground(&world);
    let (client, hold) = (world.blocking(), world.hold());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.wait("held".to_owned()).unwrap_err());
        let _call = hold.accept().unwrap();
        let begin = Instant::now();
        terminate(id(&daemon));
        eventually("the drain", || !world.published());
        terminate(id(&daemon));
        assert_eq!(ended(&mut daemon), Some(1));
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        waiting.join().unwrap();
    });
    assert_eq!(world.written("held"), 1);
    assert_ne!(world.blocking().pid().unwrap(), id(&daemon));
}

#[test]
fn f17_a_peer_that_does_not_read_does_not_keep_a_daemon() {
    let world = world();
    let mut daemon = foreground(&world);
    // As an own program would: a call each of which is answered by a megabyte, and nothing is read.
    let mut deaf = std::os::unix::net::UnixStream::connect(world.run("fake.sock")).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    for id in 1..5 {
        let call = format!(r#"{{"id":{id},"call":"desk.blob","params":{{"bytes":1000000}}}}"#);
        let _full = deaf.write_all(&[&(call.len() as u32).to_be_bytes(), call.as_bytes()].concat());
    }
    let admin =
        AdminBlockingClient::new(hallway::blocking::Client::builder().connect(world.connector()).unwrap());
    // Who is connected may not have been read from yet, and would be told that nothing of it was begun.
    eventually("answers that are held for it", || {
        admin.status().unwrap().usage["outbound_bytes"].now > 1_000_000
    });
    let begin = Instant::now();
    terminate(id(&daemon));
    eventually("the drain", || !world.published());
    let pid = world.blocking().pid().unwrap();
    assert_eq!(ended(&mut daemon), Some(0));
    assert!(begin.elapsed() < DRAINED, "{:?}", begin.elapsed());
    assert_ne!(pid, id(&daemon));
    let mut heard = Vec::new();
    let _reset = deaf.read_to_end(&mut heard);
    let words = String::from_utf8_lossy(&heard[..heard.len().min(1000)]);
    assert!(heard.len() > 1000, "the peer did not even have the beginning of an answer: {words}");
}

#[test]
fn f16_who_has_connected_when_a_server_begins_to_drain_is_told() {
    const WAITING: usize = 300;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sock");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = Listener::bind(&path).unwrap();
        let waiting: Vec<_> =
            (0..WAITING).map(|_| std::os::unix::net::UnixStream::connect(&path).unwrap()).collect();
        let server = Server::builder().build();
        server.handle().drain("a test");
        server.serve(listener).await.unwrap();
        server.drained().await;
        let told = |mut client: std::os::unix::net::UnixStream| {
            let mut words = String::new();
            client.read_to_string(&mut words).is_ok() && words.contains("a test")
        };
        assert_eq!(waiting.into_iter().map(told).filter(|told| *told).count(), WAITING);
    });
}
