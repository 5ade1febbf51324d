//! A system that refuses new connections, as `strace` makes it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::descriptors::processor_time;
use super::{ended, terminate, world};
use crate::world::{World, eventually};

/// How long the system refuses.
const REFUSED: Duration = Duration::from_secs(1);

/// A daemon below `strace`, whose system calls end as `inject` says.
pub(super) fn injected(world: &World, inject: &str) -> std::process::Child {
    let daemon = world.process("desk");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", inject]);
    strace.arg(daemon.get_program()).args(daemon.get_args()).env_clear();
    strace.envs(daemon.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = strace.spawn();
    let daemon = started.unwrap_or_else(|_| panic!("strace is missing: sudo apt-get install strace"));
    eventually("the daemon", || world.run("fake.json").exists());
    daemon
}

/// While `accept` fails in this way, over and over, a client that is served goes on, and the processor rests; then
/// the others are served too.
fn accept_fails_with(error: &str) {
    // The first is the client that is served; the others fail as often as a resting loop tries in a while.
    let (world, failures) = (world(), 8);
    let mut daemon = injected(&world, &format!("inject=accept4:error={error}:when=2..{}", 1 + failures));
    let client = world.blocking();
    let pid = client.pid().unwrap();
    let before = processor_time(pid);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..3).map(|_| scope.spawn(|| world.blocking().pid().unwrap())).collect();
        while begin.elapsed() < REFUSED {
            assert_eq!(client.pid().unwrap(), pid);
            std::thread::sleep(Duration::from_millis(10));
        }
        for other in others {
            assert_eq!(other.join().unwrap(), pid);
        }
    });
    let used = processor_time(pid) - before;
    println!("{error}: {used:?} of processor time in {:?}", begin.elapsed());
    assert!(used < REFUSED / 2, "{error}: it spins, {used:?}");
    terminate(pid);
    assert_eq!(ended(&mut daemon), Some(0), "{error}");
    assert_eq!(world.count("start"), 1, "{error}");
}

#[test]
fn f49_accept_lives_through_every_error_of_the_system() {
    for error in ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EPERM", "EINTR", "EPROTO"] {
        accept_fails_with(error);
    }
}

#[test]
fn f49_connections_that_fail_without_end_do_not_make_it_spin() {
    let world = world();
    let mut daemon = injected(&world, "inject=accept4:error=ECONNABORTED:when=2+");
    let client = world.blocking();
    let pid = client.pid().unwrap();
    let _waiting = std::os::unix::net::UnixStream::connect(world.run("fake.sock")).unwrap();
    let before = processor_time(pid);
    let begin = Instant::now();
    while begin.elapsed() < REFUSED {
        assert_eq!(client.pid().unwrap(), pid);
        std::thread::sleep(Duration::from_millis(10));
    }
    let used = processor_time(pid) - before;
    println!("{used:?} of processor time in {:?}", begin.elapsed());
    assert!(used < REFUSED / 2, "it spins: {used:?}");
    terminate(pid);
    assert_eq!(ended(&mut daemon), Some(0));
}

#[test]
fn f59_a_daemon_does_without_being_told_of_changes() {
    let world = world();
    let mut daemon = injected(&world, "inject=inotify_init1:error=EMFILE");
    let pid = world.blocking().pid().unwrap();
    terminate(pid);
    assert_eq!(ended(&mut daemon), Some(0));
    assert!(!world.published());
}
