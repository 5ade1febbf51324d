//! Sides that spin: they say the same as others, and sleep when nothing comes. By itself in a process, whose time is measured.

use std::thread;
use std::time::Duration;

use hallway::transport::{Address, unix};
use hallway::{Client, Server, blocking};
use hallway_testkit::{ProbeBlockingClient, ProbeClient, probe};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

#[test]
fn who_spins_answers_and_sleeps_when_nothing_comes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spin.sock");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = probe(Server::builder()).spin(true).build();
    let (to, listener) =
        (Address::Unix(path.clone()), runtime.block_on(async { unix::Listener::bind(path) }));
    runtime.spawn(async move { server.serve(listener.unwrap()).await });
    let client = runtime.block_on(Client::builder().spin(true).connect(to.clone())).unwrap();
    let client = ProbeClient::new(client);
    let waiting = ProbeBlockingClient::new(blocking::Client::builder().spin(true).connect(to).unwrap());
    for number in 0..200 {
        assert_eq!(runtime.block_on(client.add(number, 0)).unwrap(), number);
        assert_eq!(waiting.add(number, 0).unwrap(), number);
    }
    // How long this process has computed, in microseconds.
    let worked = || {
        let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    };
    // Not to wait for anything: this is the time that is measured.
    let (before, idle) = (worked(), Duration::from_secs(1));
    thread::sleep(idle);
    let share = u128::try_from(worked() - before).unwrap() * 100 / idle.as_micros();
    assert!(share < 5, "{share} % of a processor while nobody calls");
    assert_eq!(waiting.add(7, 0).unwrap(), 7);
}
