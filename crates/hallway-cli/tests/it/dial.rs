//! `dial`: a service over a program's pipes.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::thread;

use hallway::blocking::Client;
use hallway::transport::stdio;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::kitchen::KitchenBlockingClient;
use crate::world::World;

/// More answers than all the buffers between two programs hold.
const MANY: usize = 20_000;

fn dial(world: &World) -> Child {
    let mut dial = world.hallway(["dial", "kitchen"]);
    dial.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How it ended, and what was left to read.
fn ended(dial: Child) -> (Option<i32>, String, String) {
    let output = dial.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_pipe_is_a_socket_and_starts_the_service() {
    let world = World::with_kitchen();
    let ping = r#"'{"id":1,"call":"hallway.ping"}\n'"#;
    world.snapshot(
        "dial",
        &[
            &format!("printf {ping} | hallway dial kitchen"),
            "hallway ls -q 0.state",
            &format!("printf {ping} | socat - EXEC:'hallway dial kitchen'"),
            // The length first, as a client of ours has it.
            r#"printf '\000\000\000\036{"id":2,"call":"hallway.ping"}' | hallway dial kitchen | tail -c +5"#,
            "hallway dial kitchen </dev/null",
            "hallway dial kitchn",
            "HALLWAY_RUNTIME_DIR=run hallway dial kitchen",
        ],
    );
}

#[test]
fn a_client_of_ours_speaks_over_it() {
    let world = World::with_kitchen();
    let pipes = || stdio::connect_blocking(&mut world.hallway(["dial", "kitchen"])).unwrap();
    let kitchen = KitchenBlockingClient::new(Client::builder().over(pipes()));
    let order = kitchen.order("soup".to_owned(), 2, crate::kitchen::Spice::Mild, vec![], None).unwrap();
    assert!(order.is_ok(), "{order:?}");
    assert_eq!(kitchen.courses(3).unwrap().count(), 3);
    // It is the same daemon for everybody.
    let other = KitchenBlockingClient::new(Client::builder().over(pipes()));
    assert_eq!(other.menu().unwrap().len(), 3);
    assert_eq!(world.ok(["status", "kitchen", "-q", "connections.now"]), "3\n");
}

#[test]
fn what_is_not_read_holds_back_what_is_written_and_nothing_is_lost() {
    let world = World::with_open_kitchen();
    let mut dial = dial(&world);
    let mut input = dial.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        for id in 1..=MANY {
            writeln!(input, r#"{{"id":{id},"call":"kitchen.menu"}}"#).unwrap();
        }
        // The end of this half, with answers still to come.
    });
    // Calls run beside each other, and are answered in any order.
    let lines = BufReader::new(dial.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut answered = BTreeSet::new();
    for line in lines {
        let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["result"].as_array().map(Vec::len), Some(3), "{line}");
        answered.insert(answer["id"].as_u64().unwrap());
    }
    writer.join().unwrap();
    assert_eq!(answered.len(), MANY);
    assert_eq!(ended(dial), (Some(0), String::new(), String::new()));
}

#[test]
fn a_service_that_is_killed_ends_it_and_is_told_on_standard_error() {
    let world = World::with_open_kitchen();
    let pid: i32 = world.ok(["status", "kitchen", "-q", "pid"]).trim().parse().unwrap();
    let mut dial = dial(&world);
    writeln!(dial.stdin.as_mut().unwrap(), r#"{{"id":1,"call":"hallway.ping"}}"#).unwrap();
    let mut answer = [0; 29];
    dial.stdout.as_mut().unwrap().read_exact(&mut answer).unwrap();
    // The other side goes on holding the pipe open.
    let input = dial.stdin.take();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let (code, out, err) = ended(dial);
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(err.starts_with("error: kitchen has closed the connection\nhint: "), "{err}");
    drop(input);
}

#[test]
fn a_reader_that_goes_ends_it() {
    let world = World::with_open_kitchen();
    let mut dial = dial(&world);
    let input = dial.stdin.take();
    drop(dial.stdout.take());
    assert_eq!(ended(dial), (Some(0), String::new(), String::new()));
    drop(input);
}

#[test]
fn a_service_may_end_its_half_and_go_on_reading() {
    let world = World::with_kitchen();
    let listener = UnixListener::bind(world.path("run/kitchen.sock")).unwrap();
    let mut dial = dial(&world);
    let (mut service, _) = listener.accept().unwrap();
    drop(listener);
    service.write_all(b"all there is").unwrap();
    service.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = String::new();
    dial.stdout.as_mut().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "all there is");
    let mut input = dial.stdin.take().unwrap();
    input.write_all(b"and more").unwrap();
    drop(input);
    let mut heard = String::new();
    service.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "and more");
    assert_eq!(ended(dial), (Some(0), String::new(), String::new()));
}
