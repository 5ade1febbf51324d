//! Services whose methods are messages with a type and a payload, and agents that speak nothing else.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use futures_util::Stream;
use hallway::connection::Wire;
use hallway::encoding::Encoding;
use hallway::framing::Framing;
use hallway::protocol::Protocol;
use hallway::server::ServerBuilder;
use hallway::transport::unix;
use hallway::{Server, Subscription, Topic};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::world::PATIENCE;

/// A tape that is written on.
#[hallway::service(name = "tape", version = "1.0", sidecar)]
trait Tape {
    /// Waits until the tape runs, then writes a number.
    async fn write(&self, number: u64);

    /// Lets it run.
    #[reply = "running"]
    async fn run(&self) -> bool;

    /// What is written on it.
    #[reply = "content"]
    async fn read(&self) -> Vec<u64>;

    /// How much is.
    async fn length(&self) -> usize;

    /// Does nothing.
    #[notification]
    async fn touch(&self);

    /// What is written on it, number by number.
    fn play(&self) -> impl Stream<Item = u64>;

    /// What is written, as it is.
    fn written(&self) -> Subscription<u64>;
}

struct Reel {
    runs: watch::Sender<bool>,
    content: Mutex<Vec<u64>>,
    written: Topic<u64>,
    /// How many have subscribed so far.
    subscribed: watch::Sender<usize>,
}

impl Reel {
    fn service() -> TapeService<Self> {
        Self::service_that_tells(watch::Sender::new(0))
    }

    fn service_that_tells(subscribed: watch::Sender<usize>) -> TapeService<Self> {
        let runs = watch::Sender::new(false);
        TapeService::new(Self { runs, content: Mutex::default(), written: Topic::new(), subscribed })
    }
}

impl Tape for Reel {
    async fn write(&self, number: u64) {
        let mut runs = self.runs.subscribe();
        runs.wait_for(|runs| *runs).await.unwrap();
        self.content.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        self.written.publish(number);
    }

    async fn run(&self) -> bool {
        !self.runs.send_replace(true)
    }

    async fn read(&self) -> Vec<u64> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn length(&self) -> usize {
        self.read().await.len()
    }

    async fn touch(&self) {}

    fn play(&self) -> impl Stream<Item = u64> {
        futures_util::stream::iter(self.content.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn written(&self) -> Subscription<u64> {
        let written = self.written.subscribe(None);
        self.subscribed.send_modify(|subscribed| *subscribed += 1);
        written
    }
}

/// An agent, and its sidecar.
struct Agent {
    reader: BufReader<UnixStream>,
    stream: UnixStream,
    server: Server,
}

impl Agent {
    fn of(server: ServerBuilder) -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let server = server.build();
        server.serve_connection(unix::adopt(theirs).unwrap());
        Self { reader: BufReader::new(stream.try_clone().unwrap()), stream, server }
    }

    fn say(&mut self, messages: impl IntoIterator<Item = Value>) {
        let lines: String = messages.into_iter().map(|message| format!("{message}\n")).collect();
        self.stream.write_all(lines.as_bytes()).unwrap();
    }

    /// The next messages of this type, whatever comes between them.
    fn hear(&mut self, kind: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(
                self.reader.read_line(&mut line).unwrap() > 0,
                "{kind} was due, and the connection ended"
            );
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["type"] == kind {
                return message;
            }
        }
    }
}

fn write(number: u64) -> Value {
    json!({ "type": "write", "payload": { "number": number } })
}

/// Runs something that waits beside a server.
fn beside(act: impl FnOnce() + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _entered = runtime.enter();
    act();
}

fn tape() -> Agent {
    Agent::of(Server::builder().service(Reel::service()))
}

#[test]
fn what_has_no_request_id_is_done_in_the_order_in_which_it_came() {
    beside(|| {
        for _ in 0..20 {
            let mut agent = tape();
            // More than run at the same time, and all of them wait.
            agent.say((1..=200).map(write).chain([json!({ "type": "read" })]));
            agent.say([json!({ "type": "run", "request_id": "go" })]);
            assert_eq!(
                agent.hear("running"),
                json!({ "type": "running", "request_id": "go", "payload": true })
            );
            let content: Vec<u64> = (1..=200).collect();
            assert_eq!(agent.hear("content"), json!({ "type": "content", "payload": content }));
        }
    });
}

#[test]
fn who_gives_up_waiting_does_not_let_others_overtake() {
    beside(|| {
        let mut agent = tape();
        let hasty = json!({ "type": "tape.write", "payload": { "number": 2 }, "deadline_ms": 1 });
        agent.say([write(1), hasty, write(3)]);
        assert_eq!(agent.hear("error")["payload"]["code"], "deadline_exceeded");
        agent.say([json!({ "type": "read", "request_id": 1 })]);
        assert_eq!(agent.hear("content")["payload"], json!([]), "the third still waits for the first");
        agent.say([json!({ "type": "run", "request_id": 2 }), json!({ "type": "read" })]);
        assert_eq!(agent.hear("content")["payload"], json!([1, 3]));
    });
}

#[test]
fn events_are_no_open_calls_and_take_no_place() {
    beside(|| {
        let mut agent = tape();
        agent.say([json!({ "type": "hello" }), json!({ "type": "hallway.status", "request_id": 1 })]);
        assert_eq!(agent.hear("result")["payload"]["calls_open"], 1, "the question itself");
        // Everything that has a place waits; events come all the same.
        agent.say((1..=63).map(|number| {
            json!({ "type": "write", "request_id": format!("w{number}"), "payload": { "number": number } })
        }));
        agent.say([json!({ "type": "run" })]);
        let mut numbers: Vec<u64> =
            (1..=63).map(|_| agent.hear("written")["payload"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=63).collect::<Vec<u64>>());
    });
}

#[test]
fn a_result_without_a_type_of_its_own_is_a_result_and_nothing_is_nothing() {
    beside(|| {
        let mut agent = tape();
        agent.say([
            json!({ "type": "run" }),
            write(1),
            json!({ "type": "touch" }),
            json!({ "type": "length" }),
        ]);
        assert_eq!(agent.hear("result"), json!({ "type": "result", "payload": 1 }));
        agent.say([json!({ "type": "play" })]);
        assert_eq!(agent.hear("item"), json!({ "type": "item", "payload": 1 }));
        assert_eq!(agent.hear("result"), json!({ "type": "result", "payload": null }));
        agent.say([json!({ "type": "touch", "request_id": 0 })]);
        assert_eq!(agent.hear("result"), json!({ "type": "result", "request_id": 0, "payload": null }));
    });
}

#[test]
fn a_server_for_agents_alone_sends_events_to_one_that_says_nothing() {
    beside(|| {
        let wire = Wire::new(Framing::Lines, Encoding::Json, Protocol::Sidecar).unwrap();
        let subscribed = watch::Sender::new(0);
        let mut silent_is = subscribed.subscribe();
        let service = Reel::service_that_tells(subscribed);
        let mut silent = Agent::of(Server::builder().service(service).wire(wire));
        Handle::current().block_on(silent_is.wait_for(|subscribed| *subscribed == 1)).unwrap();
        let (mut busy, theirs) = UnixStream::pair().unwrap();
        silent.server.serve_connection(unix::adopt(theirs).unwrap());
        for line in [json!({ "type": "run" }), write(5)] {
            writeln!(busy, "{line}").unwrap();
        }
        assert_eq!(silent.hear("written")["payload"], 5);
    });
}

#[test]
fn the_description_tells_the_types() {
    let description = serde_json::to_value(tape_description()).unwrap();
    assert_eq!(description["sidecar"], true);
    let replies: Vec<&Value> =
        description["methods"].as_array().unwrap().iter().map(|method| &method["reply"]).collect();
    assert_eq!(json!(replies), json!([null, "running", "content", "result", null, "result", null]));
}

#[hallway::service(name = "reel", version = "1.0", sidecar)]
trait Other {
    async fn read(&self) -> u64;
}

struct Nothing;

impl Other for Nothing {
    async fn read(&self) -> u64 {
        0
    }
}

#[test]
#[should_panic(expected = "`tape.read` and `reel.read` are both messages of the type `read`")]
fn two_services_with_one_message_are_refused() {
    let _refused = Server::builder().service(Reel::service()).service(OtherService::new(Nothing));
}
