//! `watch`.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::World;

#[test]
fn events_are_followed_over_a_crash_and_until_the_service_is_stopped() {
    let world = World::with_open_kitchen();
    let order =
        |dish: &str| world.run(["call", "kitchen.order", &format!("dish={dish}"), "-q", "number"]).out;
    for _ in 0..3 {
        order("soup");
    }
    let mut watch = Watch::begin(&world, &["kitchen.served", "since=0"]);
    // Two are kept.
    assert_eq!(watch.notice(), "missed 1 events; the next one is number 2");
    assert!(watch.line().starts_with(r#"{"seq":2,"item":{"number":0,"dish":"soup","#));
    assert!(watch.line().starts_with(r#"{"seq":3,"#));
    assert_eq!(order("dumplings"), "4\n");
    assert!(watch.line().contains("dumplings"));
    world.run(["call", "kitchen.burn"]);
    assert_eq!(
        watch.notice(),
        "the connection to kitchen was lost: the connection ended before the answer came: the peer closed the \
         connection; going on after number 4"
    );
    assert_eq!(watch.notice(), "the numbers have begun anew; the next one is number 1");
    assert_eq!(order("plum cake"), "1\n");
    assert!(watch.line().starts_with(r#"{"seq":1,"#));
    world.run(["stop", "kitchen"]);
    // A daemon that leaves still takes connections, to tell them so.
    let told = watch.err.find(|line| !line.starts_with("kitchen has left; going on"));
    assert_eq!(told.as_deref(), Some("error: kitchen has stopped"));
    assert_eq!(watch.child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_replaced_daemon_is_followed() {
    let world = World::with_open_kitchen();
    let mut watch = Watch::begin(&world, &["kitchen.served", "since=0", "-q", "dish"]);
    world.run(["call", "kitchen.order", "dish=soup"]);
    assert_eq!(watch.line(), "soup");
    assert_eq!(world.run(["restart", "kitchen"]).code, 0);
    // Perhaps first by the one that leaves.
    let told = watch.err.find(|line| line != "kitchen has left; going on after number 1");
    assert_eq!(told.as_deref(), Some("the numbers have begun anew; the next one is number 1"));
    world.run(["call", "kitchen.order", "dish=dumplings"]);
    assert_eq!(watch.line(), "dumplings");
    kill(Pid::from_raw(i32::try_from(watch.child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(watch.child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_has_no_stream_cannot_be_watched() {
    World::with_open_kitchen().snapshot(
        "watch",
        &[
            "hallway watch kitchen.menu",
            "hallway watch kitchen.courses count=2",
            "hallway watch kitchen.served since=x",
        ],
    );
}

struct Watch {
    child: Child,
    out: Lines,
    err: Lines,
}

type Lines = Box<dyn Iterator<Item = String>>;

impl Watch {
    fn begin(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.hallway([&["watch"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, out, err }
    }

    fn line(&mut self) -> String {
        self.out.next().unwrap()
    }

    /// A line on standard error.
    fn notice(&mut self) -> String {
        self.err.next().unwrap()
    }
}

fn lines(stream: impl Read + 'static) -> Lines {
    Box::new(BufReader::new(stream).lines().map(Result::unwrap))
}

impl Drop for Watch {
    fn drop(&mut self) {
        // One that has ended is not to be killed.
        let _ended = self.child.kill();
        let _code = self.child.wait();
    }
}
