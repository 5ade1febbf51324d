//! Much to send, in both directions, and peers that do not read it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

use futures_util::{Stream, stream};
use hallway::Server;
use hallway::transport::unix;
use tokio::sync::watch;

use crate::world::{PATIENCE, World, soon};

/// More than a socket and the buffers of both ends hold.
const LONG: usize = 2 * 1024 * 1024;

#[hallway::service(name = "parrot", version = "1.0")]
trait Parrot {
    #[params_max = hallway::limits::FRAME_MAX]
    async fn repeat(&self, text: String) -> String;
    async fn fill(&self, length: usize) -> String;
    /// Texts without end.
    fn pour(&self, length: usize) -> impl Stream<Item = String>;
}

struct Bird;

impl Parrot for Bird {
    async fn repeat(&self, text: String) -> String {
        text
    }

    async fn fill(&self, length: usize) -> String {
        "x".repeat(length)
    }

    fn pour(&self, length: usize) -> impl Stream<Item = String> {
        stream::repeat_with(move || "x".repeat(length))
    }
}

/// Runs on a thread of its own: a server that turns in circles would not even let the test fail.
fn in_time(test: impl Future<Output = ()> + Send + 'static) {
    let (done, finished) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test);
        done.send(()).unwrap();
    });
    finished.recv_timeout(PATIENCE).expect("it holds, and it ends");
}

#[tokio::test]
async fn long_calls_and_long_answers_pass_each_other() {
    let world = World::serving(ParrotService::new(Bird));
    let text = "x".repeat(LONG);
    for client in world.clients().await {
        let parrot = ParrotClient::new(client);
        let calls = (0..8).map(|_| parrot.repeat(text.clone()));
        for answer in soon(futures_util::future::join_all(calls)).await {
            assert!(answer.unwrap() == text);
        }
    }
}

#[test]
fn a_thread_that_calls_between_the_items_of_a_full_stream_gets_its_answer() {
    in_time(async {
        let world = World::serving(ParrotService::new(Bird));
        let from_a_thread = world.blocking(move |client| {
            let parrot = ParrotBlockingClient::new(client);
            let mut open = parrot.pour(LONG / 16).unwrap();
            assert_eq!(open.next().unwrap().unwrap().len(), LONG / 16);
            assert_eq!(parrot.repeat("y".repeat(LONG)).unwrap().len(), LONG);
            assert_eq!(open.next().unwrap().unwrap().len(), LONG / 16);
        });
        from_a_thread.await;
    });
}

#[test]
fn a_peer_that_goes_away_in_the_middle_of_an_answer_harms_nobody() {
    in_time(async {
        let world = World::serving(ParrotService::new(Bird));
        let [_, client] = world.clients().await;
        let server = world.handle();
        let (mut raw, theirs) = UnixStream::pair().unwrap();
        world.serve_connection(unix::adopt(theirs).unwrap());
        say(&mut raw, &[&format!(r#"{{"v":1,"id":1,"call":"parrot.fill","params":[{LONG}]}}"#)]);
        let gone = tokio::task::spawn_blocking(move || raw.read_exact(&mut [0; 10]));
        soon(gone).await.unwrap().unwrap();
        while server.status().unwrap().connections.now > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(ParrotClient::new(client).fill(1).await.unwrap(), "x");
    });
}

/// Writes messages all at once.
fn say(raw: &mut UnixStream, messages: &[&str]) {
    let frames: Vec<u8> = messages
        .iter()
        .flat_map(|message| {
            [&u32::try_from(message.len()).unwrap().to_be_bytes(), message.as_bytes()].concat()
        })
        .collect();
    raw.write_all(&frames).unwrap();
}

#[hallway::service(name = "peek", version = "1.0")]
trait Peek {
    async fn look(&self);
}

/// Looks what has reached its caller by the time that it runs.
struct Peeker {
    caller: UnixStream,
    seen: watch::Sender<Option<String>>,
}

impl Peek for Peeker {
    async fn look(&self) {
        let mut bytes = [0; 1024];
        let length = (&self.caller).read(&mut bytes).unwrap_or_default();
        self.seen.send_replace(Some(String::from_utf8_lossy(&bytes[..length]).into_owned()));
    }
}

/// What a client concludes from having heard no `hello`: that nothing has run.
#[tokio::test]
async fn nothing_runs_before_the_hello_has_gone() {
    let (mut raw, theirs) = UnixStream::pair().unwrap();
    let caller = raw.try_clone().unwrap();
    caller.set_nonblocking(true).unwrap();
    let seen = watch::Sender::new(None);
    let mut found = seen.subscribe();
    let server = Server::builder().service(PeekService::new(Peeker { caller, seen })).build();
    say(&mut raw, &[r#"{"v":1,"hello":{}}"#, r#"{"v":1,"id":1,"call":"peek.look"}"#]);
    server.serve_connection(unix::adopt(theirs).unwrap());
    let found = soon(found.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
    assert!(found.contains("hello"), "{found:?}");
}
