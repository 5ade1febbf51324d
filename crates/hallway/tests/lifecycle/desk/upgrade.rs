//! A daemon makes way for its successor, and nobody's call fails of it.

use std::fs::{Permissions, read_to_string};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hallway::lifecycle::{InstanceLock, Record, restart, stop};
use hallway::server::{AdminBlockingClient, ControlBlockingClient, RestartError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::service::DeskBlockingClient;
use super::{bounded, ended, rounds, terminate, world};
use crate::separation::descriptors;
use crate::world::{World, deadline, eventually, instance, world_path};

/// The two ways to be replaced.
const WAYS: [&str; 2] = ["after", "beside"];

fn replaceable(way: &str) -> World {
    world().var("HALLWAY_TEST_OVERLAP", way)
}

impl World {
    fn restart(&self) -> Result<bool, RestartError> {
        restart(&self.env(), &instance(), deadline()).unwrap()
    }

    /// A client that starts nothing: for it, a moment without a daemon is a failure.
    pub(super) fn guest(&self) -> DeskBlockingClient {
        let connector = hallway::lifecycle::Connector::new(instance()).in_env(self.env());
        let client = hallway::blocking::Client::builder().options(bounded()).connect(connector);
        DeskBlockingClient::new(client.unwrap())
    }

    pub(super) fn admin(&self) -> AdminBlockingClient {
        AdminBlockingClient::new(hallway::blocking::Client::builder().connect(self.connector()).unwrap())
    }

    /// What becomes of the next daemon that starts.
    pub(super) fn next_one(&self, how: &str) {
        std::fs::write(self.path("next"), how).unwrap();
    }
}

fn inode(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().unwrap().ino()
}

#[test]
fn f44_a_daemon_is_replaced_on_the_same_socket() {
    for way in WAYS {
        let world = replaceable(way);
        let client = world.blocking();
        let first = client.pid().unwrap();
        let socket = inode(&world.run("fake.sock"));
        assert_eq!(world.restart(), Ok(true), "{way}");
        let second = client.pid().unwrap();
        assert_ne!(first, second, "{way}");
        assert_eq!(inode(&world.run("fake.sock")), socket, "{way}: another socket was published");
        eventually("the first daemon to leave", || !Path::new(&format!("/proc/{first}")).exists());
        assert_eq!((world.count("up"), world.count("down")), (2, 1), "{way}");
        // And again, by what was handed over.
        assert_eq!(world.restart(), Ok(true), "{way}");
        assert_ne!(client.pid().unwrap(), second, "{way}");
        assert!(stop(&world.env(), &instance(), deadline()).unwrap());
        assert!(!world.published(), "{way}: something is left");
        InstanceLock::acquire(&world.dir(), &instance(), deadline()).unwrap();
    }
}

#[test]
fn f44_nobody_is_replaced_where_nobody_runs() {
    let world = world();
    assert_eq!(world.restart(), Ok(false));
    assert_eq!(world.count("start"), 0);
}

#[test]
fn f44_no_call_fails_while_daemons_are_replaced_over_and_over() {
    for way in WAYS {
        let world = replaceable(way);
        world.blocking().pid().unwrap();
        let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for guest in 0..4 {
                let (world, stop, calls) = (&world, &stop, &calls);
                scope.spawn(move || {
                    let mut client = world.guest();
                    for call in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        // Two keep their connection, two come anew each time.
                        if guest % 2 == 0 {
                            client = world.guest();
                        }
                        client.append(format!("{guest} {call}")).unwrap();
                        calls.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(2));
                    }
                });
            }
            let _stop = Stop(&stop);
            for round in 0..rounds(25) {
                assert_eq!(world.restart(), Ok(true), "{way}, round {round}");
            }
        });
        let journal = world.journal();
        assert_eq!(journal.len(), calls.load(Ordering::Relaxed), "{way}: a call was lost or made twice");
        assert_eq!(world.count("up") as u64, rounds(25) + 1, "{way}");
        println!("{way}: {} calls, {} replacements", journal.len(), rounds(25));
    }
}

/// Lets the other threads end when the one that has it does, by a failure too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn f44_a_call_in_flight_is_answered_by_the_daemon_that_has_it() {
    for way in WAYS {
        let world = replaceable(way);
        let (client, hold) = (world.blocking(), world.hold());
        let first = world.blocking().pid().unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| client.wait("held".to_owned()).unwrap());
            let (call, _) = hold.accept().unwrap();
            let replacing = scope.spawn(|| world.restart());
            if way == "beside" {
                // The successor serves while the call goes on.
                assert_eq!(replacing.join().unwrap(), Ok(true));
                assert_ne!(world.guest().pid().unwrap(), first);
                drop(call);
            } else {
                // Who comes now waits for the successor, which waits for the call.
                eventually("the drain", || world.log().contains("draining"));
                let queued = scope.spawn(|| world.guest().pid().unwrap());
                assert_eq!(world.count("up"), 1);
                drop(call);
                assert_ne!(queued.join().unwrap(), first);
                assert_eq!(replacing.join().unwrap(), Ok(true));
            }
            assert_eq!(waiting.join().unwrap(), first, "{way}");
        });
        assert_eq!(world.written("held"), 1);
    }
}

#[test]
fn f8_a_successor_that_cannot_serve_changes_nothing_for_anybody() {
    for way in WAYS {
        for (how, words) in [("fails", "the desk is used by pid 12"), ("panics", "the desk is on fire")] {
            let world = replaceable(way);
            let guest = world.blocking();
            let first = guest.pid().unwrap();
            world.next_one(how);
            let error = world.restart().unwrap_err();
            let RestartError::SuccessorFailed { reason } = &error else { panic!("{way}, {how}: {error}") };
            assert!(reason.contains(words), "{way}, {how}: {reason}");
            assert_eq!(guest.pid().unwrap(), first, "{way}, {how}");
            let status = world.admin().status().unwrap();
            assert!(status.restart_failed.unwrap().contains(words), "{way}, {how}");
            // Nothing stands in the way of the next one.
            assert_eq!(world.restart(), Ok(true), "{way}, {how}");
            assert_ne!(guest.pid().unwrap(), first, "{way}, {how}");
            assert_eq!(world.admin().status().unwrap().restart_failed, None);
        }
    }
}

#[test]
fn f8_a_program_that_cannot_take_over_is_no_successor() {
    for way in WAYS {
        let world = replaceable(way);
        let guest = world.blocking();
        let first = guest.pid().unwrap();
        let service = world.service("fake.json");
        let say = |program: &str| {
            let file = format!(r#"{{"service":"fake","program":"{program}"}}"#);
            std::fs::write(&service, file).unwrap();
        };
        // It is found before anybody drains.
        say("/nowhere/fake");
        let error = world.restart().unwrap_err();
        let RestartError::CannotRestart { reason } = &error else { panic!("{way}: {error}") };
        assert!(reason.contains("/nowhere/fake"), "{reason}");
        assert!(!world.log().contains("draining"), "{way}: it had begun to leave");
        for program in ["/bin/true", "/bin/false"] {
            say(program);
            let error = world.restart().unwrap_err();
            assert!(matches!(error, RestartError::SuccessorFailed { .. }), "{way}, {program}: {error}");
            assert_eq!(guest.pid().unwrap(), first, "{way}, {program}");
        }
    }
}

#[test]
fn f8_what_a_successor_that_fails_late_has_left_is_put_right() {
    for way in WAYS {
        let world = replaceable(way);
        let first = world.blocking().pid().unwrap();
        let program = world.path("fails-late");
        let text = "#!/bin/sh\ncd \"$HALLWAY_RUNTIME_DIR\" && echo '{\"pid\":1}' >fake.json && : >fake.tmp && exit 1\n";
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
        let file = format!(r#"{{"service":"fake","program":"{}"}}"#, program.display());
        std::fs::write(world.service("fake.json"), file).unwrap();
        let error = world.restart().unwrap_err();
        assert!(matches!(error, RestartError::SuccessorFailed { .. }), "{way}: {error}");
        let record = Record::read(&world.dir(), &instance());
        assert_eq!(record.map(|record| record.pid), Some(first as u32), "{way}");
        assert!(!world.run("fake.tmp").exists(), "{way}: something is left");
    }
}

#[test]
fn f44_a_daemon_started_by_hand_is_not_replaced_behind_ones_back() {
    let world = world();
    let mut daemon = world.process("desk").spawn().unwrap();
    eventually("the daemon", || world.run("fake.json").exists());
    let error = world.restart().unwrap_err();
    assert!(error.to_string().contains("by hand"), "{error}");
    assert_eq!(world.blocking().pid().unwrap(), daemon.id() as i32);
    terminate(daemon.id() as i32);
    assert_eq!(ended(&mut daemon), Some(0));
}

#[test]
fn f44_told_to_stop_while_its_successor_starts_a_daemon_takes_it_along() {
    let world = replaceable("beside").var("HALLWAY_TEST_GATE", world_path("gate"));
    let first = world.blocking().pid().unwrap();
    let gate = world.gate("gate");
    std::thread::scope(|scope| {
        let replacing = scope.spawn(|| restart(&world.env(), &instance(), deadline()));
        let (_keeper, _) = gate.accept().unwrap();
        let second = world.trace().last().unwrap().1;
        assert_ne!(second, first);
        terminate(first);
        eventually("both to leave", || {
            [first, second].iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists())
        });
        // It was not replaced, or the answer was lost with the daemon.
        assert!(!matches!(replacing.join().unwrap(), Ok(Ok(true))));
    });
    assert!(!world.published());
}

#[test]
fn f8_whoever_is_killed_during_a_handover_the_next_call_is_answered() {
    for way in WAYS {
        let world = replaceable(way).var("HALLWAY_TEST_GATE", world_path("gate"));
        for victim in ["predecessor", "successor"] {
            let first = world.blocking().pid().unwrap();
            let gate = world.gate("gate");
            std::thread::scope(|scope| {
                let replacing = scope.spawn(|| restart(&world.env(), &instance(), deadline()));
                let (keeper, _) = gate.accept().unwrap();
                std::fs::remove_file(world.path("gate")).unwrap();
                let second = world.trace().last().unwrap().1;
                assert_ne!(first, second);
                world.kill(if victim == "predecessor" { first } else { second });
                drop(keeper);
                let begin = Instant::now();
                let serves = world.guest().pid().unwrap();
                println!("{way}, {victim} killed: answered after {:?}", begin.elapsed());
                assert_eq!(serves, if victim == "predecessor" { second } else { first }, "{way}, {victim}");
                let _either = replacing.join().unwrap();
            });
            assert_eq!(world.restart(), Ok(true), "{way}, {victim}");
            assert!(stop(&world.env(), &instance(), deadline()).unwrap());
            InstanceLock::acquire(&world.dir(), &instance(), deadline()).unwrap();
        }
    }
}

#[test]
fn f8_killed_at_any_moment_of_a_handover_the_next_call_is_answered_and_one_daemon_is_left() {
    for way in WAYS {
        let world = replaceable(way);
        let (mut longest, mut killed) = (Duration::ZERO, [0; 2]);
        for round in 0..rounds(20) {
            let first = world.blocking().pid().unwrap();
            std::thread::scope(|scope| {
                let replacing = scope.spawn(|| restart(&world.env(), &instance(), deadline()));
                // All moments of a replacement, which takes some tens of milliseconds, one after the other.
                std::thread::sleep(Duration::from_micros(round * 2963 % 60_000));
                let newest = world.trace().last().unwrap().1;
                let victim = if round % 2 == 0 { first } else { newest };
                // It may have left by itself, or be about to execute something else.
                if world.owns(victim) && kill(Pid::from_raw(victim), Signal::SIGKILL).is_ok() {
                    killed[usize::from(victim != first)] += 1;
                }
                let begin = Instant::now();
                world.blocking().append(format!("{round}")).unwrap();
                longest = longest.max(begin.elapsed());
                let _whatever_became_of_it = replacing.join().unwrap();
            });
        }
        let serves = world.blocking().pid().unwrap();
        let lives = |pid: i32| Path::new(&format!("/proc/{pid}/fd/0")).exists();
        eventually("one daemon", || world.trace().iter().all(|(_, pid)| *pid == serves || !lives(*pid)));
        assert_eq!(world.journal().len() as u64, rounds(20), "{way}: a call was lost or made twice");
        let [predecessors, successors] = killed;
        println!(
            "{way}: {predecessors} predecessors and {successors} successors killed, {longest:?} at most"
        );
    }
}

#[test]
fn f44_no_third_daemon_comes_up_in_between() {
    for way in WAYS {
        let world = replaceable(way).var("HALLWAY_TEST_GATE", world_path("gate"));
        let first = world.blocking().pid().unwrap();
        let gate = world.gate("gate");
        std::thread::scope(|scope| {
            let replacing = scope.spawn(|| world.restart());
            let (keeper, _) = gate.accept().unwrap();
            // Neither may be had: the lock is held, and there is somebody to come.
            assert_eq!(InstanceLock::try_acquire(&world.dir(), &instance()).unwrap_err().code(), "lock_held");
            assert!(world.process("desk").status().unwrap().success(), "a third one did not yield");
            drop(keeper);
            assert_eq!(replacing.join().unwrap(), Ok(true));
        });
        assert_ne!(world.guest().pid().unwrap(), first);
        assert_eq!(world.count("up"), 2, "{way}");
    }
}

#[test]
fn f44_asked_by_many_at_once_it_is_replaced_once_for_each_who_hears_so() {
    for way in WAYS {
        let world = replaceable(way);
        world.blocking().pid().unwrap();
        let replaced = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..6).map(|_| scope.spawn(|| world.restart())).collect();
            let outcomes = asking.into_iter().map(|asking| asking.join().unwrap());
            outcomes
                .filter(|outcome| match outcome {
                    Ok(replaced) => *replaced,
                    Err(error) => {
                        assert!(matches!(error, RestartError::CannotRestart { .. }), "{way}: {error}");
                        false
                    }
                })
                .count()
        });
        let serves = world.guest().pid().unwrap();
        assert!(
            replaced >= 1 && world.count("up") == replaced + 1,
            "{way}: {replaced} of 6, {:?}",
            world.trace()
        );
        eventually("all but one to leave", || {
            let lives = |pid: &i32| Path::new(&format!("/proc/{pid}")).exists();
            world.trace().iter().all(|(_, pid)| *pid == serves || !lives(pid))
        });
    }
}

#[test]
fn f15_a_successor_has_nothing_of_its_predecessors() {
    for way in WAYS {
        let world = replaceable(way);
        let first = world.blocking().pid().unwrap();
        let before = descriptors(first).len();
        for _ in 0..5 {
            assert_eq!(world.restart(), Ok(true));
        }
        let pid = world.blocking().pid().unwrap();
        let log = world.path("state/hallway/fake.log");
        for (fd, target) in descriptors(pid) {
            let text = target.to_string_lossy();
            assert!(
                [world.path("run"), world.run("fake.lock"), log.clone(), PathBuf::from("/dev/null")]
                    .contains(&target)
                    || text.starts_with("socket:")
                    || text.starts_with("anon_inode:[event")
                    || text == "anon_inode:inotify",
                "{way}: descriptor {fd} is {text}"
            );
        }
        let after = descriptors(pid).len();
        assert!(after <= before + 2, "{way}: {before} descriptors at first, {after} now");
        assert_eq!(nix::unistd::getsid(Some(Pid::from_raw(pid))).unwrap().as_raw(), pid);
        assert!(!read_to_string(format!("/proc/{pid}/environ")).unwrap().contains("HALLWAY_TEST_SECRET"));
    }
}

#[test]
fn f44_only_if_idle_leaves_one_that_is_in_use() {
    let world = world();
    let (client, hold) = (world.blocking(), world.hold());
    let connected = hallway::blocking::Client::builder().options(bounded()).connect(world.connector());
    let control = ControlBlockingClient::new(connected.unwrap());
    let first = world.guest().pid().unwrap();
    // Who is connected and asks for nothing is no use.
    let _silent = UnixStream::connect(world.run("fake.sock")).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.wait("held".to_owned()).unwrap());
        let (call, _) = hold.accept().unwrap();
        assert_eq!(control.restart(true).unwrap(), Ok(false));
        drop(call);
        assert_eq!(waiting.join().unwrap(), first);
    });
    assert_eq!(control.restart(true).unwrap(), Ok(true));
    assert_ne!(world.guest().pid().unwrap(), first);
}
