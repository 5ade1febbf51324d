//! Daemons that are killed, and clients that live through it.

use std::collections::HashMap;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hallway::blocking;
use hallway::client::Outcome;

use super::service::DeskBlockingClient;
use super::{bounded, run, world};
use crate::world::{PATIENCE, World};

/// What a client may take to hear that its daemon is dead.
const AT_ONCE: Duration = Duration::from_secs(2);

/// How often the daemon is killed under its clients.
const KILLS: usize = 20;

#[test]
fn f4_a_client_that_was_idle_when_its_daemon_was_killed_calls_the_next_one() {
    let world = world();
    let blocking = world.blocking();
    run(async {
        let client = world.client().await;
        for round in 0..5 {
            let pid = blocking.pid().unwrap();
            assert_eq!(client.pid().await.unwrap(), pid);
            world.kill(pid);
            // Not idempotent: it is known that these did not run.
            let next = if round % 2 == 0 {
                blocking.append(format!("blocking {round}")).unwrap()
            } else {
                client.append(format!("async {round}")).await.unwrap()
            };
            assert_ne!(next, pid);
            assert_eq!((blocking.pid().unwrap(), client.pid().await.unwrap()), (next, next));
        }
    });
    assert_eq!(world.journal(), ["blocking 0", "async 1", "blocking 2", "async 3", "blocking 4"]);
}

/// Kills the daemon as soon as the call has begun, and lets whatever calls come after it end.
fn kill_in_flight(world: &World, hold: &UnixListener) {
    let (call, _) = hold.accept().unwrap();
    std::fs::remove_file(world.path("hold")).unwrap();
    world.kill(world.blocking().pid().unwrap());
    drop(call);
}

#[test]
fn f45_a_call_in_flight_is_reported_as_unknown_and_not_repeated() {
    let world = world();
    let (blocking, sibling) = (world.blocking(), world.blocking());
    let first = sibling.pid().unwrap();
    let hold = world.hold();
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| blocking.wait("once".to_owned()).unwrap_err());
        kill_in_flight(&world, &hold);
        let begin = Instant::now();
        let error = calling.join().unwrap();
        assert_eq!((error.outcome(), error.exit_code()), (Outcome::Unknown, 3), "{error}");
        assert!(begin.elapsed() < AT_ONCE);
    });
    run(async {
        let client = world.client().await;
        let hold = world.hold();
        let calling = client.clone();
        let calling = tokio::spawn(async move { calling.wait("once more".to_owned()).await.unwrap_err() });
        tokio::task::block_in_place(|| kill_in_flight(&world, &hold));
        assert_eq!(calling.await.unwrap().outcome(), Outcome::Unknown);
        assert_ne!(client.pid().await.unwrap(), first);
    });
    assert_eq!(world.journal(), ["once", "once more"]);
}

#[test]
fn f45_an_idempotent_call_in_flight_is_made_again() {
    let world = world();
    let blocking = world.blocking();
    let first = blocking.pid().unwrap();
    let hold = world.hold();
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| blocking.wait_again("blocking".to_owned()).unwrap());
        kill_in_flight(&world, &hold);
        assert_ne!(calling.join().unwrap(), first);
    });
    run(async {
        let client = world.client().await;
        let first = client.pid().await.unwrap();
        let hold = world.hold();
        let calling = tokio::spawn(async move { client.wait_again("async".to_owned()).await.unwrap() });
        tokio::task::block_in_place(|| kill_in_flight(&world, &hold));
        assert_ne!(calling.await.unwrap(), first);
    });
    assert_eq!(world.journal(), ["blocking", "blocking", "async", "async"]);
}

#[test]
fn f45_a_call_that_cannot_be_made_again_may_have_run_all_the_same() {
    let world = world();
    let blocking = world.blocking();
    blocking.pid().unwrap();
    let hold = world.hold();
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| blocking.wait_again("blocking".to_owned()).unwrap_err());
        world.next_one("fails");
        kill_in_flight(&world, &hold);
        assert_eq!(calling.join().unwrap().outcome(), Outcome::Unknown);
    });
    run(async {
        let client = world.client().await;
        let hold = world.hold();
        let calling = tokio::spawn(async move { client.wait_again("async".to_owned()).await.unwrap_err() });
        world.next_one("fails");
        tokio::task::block_in_place(|| kill_in_flight(&world, &hold));
        assert_eq!(calling.await.unwrap().outcome(), Outcome::Unknown);
    });
    assert_eq!(world.journal(), ["blocking", "async"]);
}

#[test]
fn f45_killed_over_and_over_nothing_is_done_twice_or_lost() {
    let world = world();
    world.blocking().pid().unwrap();
    let stop = AtomicBool::new(false);
    let calls = AtomicUsize::new(0);
    // What each call was told, by the line that it wrote.
    let told: HashMap<String, Option<Outcome>> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let (world, stop, calls) = (&world, &stop, &calls);
                let work = move |append: &mut dyn FnMut(String) -> Option<Outcome>| {
                    let mut told = HashMap::new();
                    while !stop.load(Ordering::Relaxed) {
                        let line = format!("{caller} {}", told.len());
                        told.insert(line.clone(), append(line));
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                    told
                };
                scope.spawn(move || match caller % 2 {
                    0 => {
                        let client = world.blocking();
                        work(&mut |line| client.append(line).err().map(|error| error.outcome()))
                    }
                    _ => {
                        let runtime =
                            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                        let client = runtime.block_on(world.client());
                        work(&mut |line| {
                            let call = async { tokio::time::timeout(PATIENCE, client.append(line)).await };
                            let answer = runtime.block_on(call).unwrap();
                            answer.err().map(|error| error.outcome())
                        })
                    }
                })
            })
            .collect();
        for _ in 0..KILLS {
            let pid = world.blocking().pid().unwrap();
            let so_far = calls.load(Ordering::Relaxed);
            crate::world::eventually("calls", || calls.load(Ordering::Relaxed) > so_far + 20);
            world.kill(pid);
        }
        stop.store(true, Ordering::Relaxed);
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let mut written: HashMap<String, usize> = HashMap::new();
    for line in world.journal() {
        *written.entry(line).or_default() += 1;
    }
    for (line, told) in &told {
        let times = written.get(line).copied().unwrap_or(0);
        match told {
            None => assert_eq!(times, 1, "{line} was answered"),
            Some(Outcome::Unknown) => assert!(times <= 1, "{line} was written {times} times"),
            Some(outcome) => panic!("{line} ended as {outcome:?} although it could be made again"),
        }
    }
    let unknown = told.values().flatten().count();
    assert!(unknown <= KILLS * 4, "{unknown} of {} calls are unknown", told.len());
    println!("{} calls, {KILLS} kills, {unknown} unknown", told.len());
}

#[test]
fn f6_no_part_of_an_answer_is_taken_for_the_whole() {
    const LENGTH: usize = 4 * 1024 * 1024;
    let world = world();
    for _ in 0..5 {
        // Whoever is killed in its first moments has not been of use: the next is started all the same.
        let client = blocking::Client::builder().options(bounded()).connect(world.connector().at_once());
        let client = DeskBlockingClient::new(client.unwrap());
        let pid = client.pid().unwrap();
        std::thread::scope(|scope| {
            let calling = scope.spawn(|| client.blob(LENGTH));
            world.kill(pid);
            match calling.join().unwrap() {
                Ok(whole) => assert_eq!(whole.len(), LENGTH),
                Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error}"),
            }
        });
    }
}
