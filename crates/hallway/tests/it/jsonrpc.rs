//! What holds of JSON-RPC whatever a peer does: lists and streams are bounded. `spec/vectors/jsonrpc.json` has the rest.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_core::Stream;
use hallway::server::AdminClient;
use hallway::transport::Address;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{PATIENCE, World};

#[hallway::service(name = "mill", version = "1.0")]
trait Mill {
    /// Text of this length.
    async fn text(&self, bytes: usize) -> String;

    /// Waits until somebody calls `go`.
    async fn wait(&self) -> bool;

    async fn go(&self);

    /// Long texts without end.
    fn flood(&self) -> impl Stream<Item = String>;
}

#[derive(Default)]
struct Miller {
    go: Notify,
    ground: AtomicU64,
}

impl Mill for Miller {
    async fn text(&self, bytes: usize) -> String {
        "x".repeat(bytes)
    }

    async fn wait(&self) -> bool {
        self.go.notified().await;
        true
    }

    async fn go(&self) {
        self.go.notify_waiters();
    }

    fn flood(&self) -> impl Stream<Item = String> {
        futures_util::stream::repeat_with(|| {
            let number = self.ground.fetch_add(1, Ordering::SeqCst);
            assert!(number < 10_000, "nobody stops it");
            "x".repeat(64 * 1024)
        })
    }
}

/// A client that knows lines and JSON.
struct Lines(BufReader<UnixStream>);

impl Lines {
    fn connect(world: &World) -> Self {
        let Address::Unix(path) = world.address() else { unreachable!("a world has a Unix socket") };
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.0.get_mut(), "{message}").unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:.200}"))
    }
}

fn call(id: &Value, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Does something that waits, beside the server.
async fn beside(miller: &Arc<Miller>, act: impl FnOnce(&World) + Send + 'static) {
    let world = World::serving(MillService::from_arc(Arc::clone(miller)));
    tokio::task::spawn_blocking(move || act(&world)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_under_way_share_the_room_of_one_message() {
    const MEBIBYTES: usize = 1024 * 1024;
    beside(&Arc::default(), |world| {
        let mut lines = Lines::connect(world);
        let list = |name: &str| {
            let (waits, text) = (format!("{name} waits"), format!("{name} text"));
            json!([
                call(&json!(waits), "mill.wait", &json!([])),
                call(&json!(text), "mill.text", &json!([9 * MEBIBYTES])),
            ])
        };
        lines.send(&list("one"));
        lines.send(&list("two"));
        // Answered after the texts: calls that are ready at once are, in order.
        lines.send(&call(&json!("go"), "mill.go", &json!([])));
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            match lines.receive() {
                Value::Array(answers) => outcomes.extend(answers.iter().map(|answer| {
                    let code = answer["error"]["data"]["code"].as_str().unwrap_or("well");
                    format!("{} {code}", answer["id"].as_str().unwrap())
                })),
                answer => assert_eq!(answer["id"], "go"),
            }
        }
        outcomes.sort();
        assert_eq!(
            outcomes,
            ["one text well", "one waits well", "two text result_too_long", "two waits well"]
        );
        // The room is given back.
        lines.send(&json!([call(&json!(1), "mill.text", &json!([15 * MEBIBYTES]))]));
        assert_eq!(lines.receive()[0]["result"].as_str().map(str::len), Some(15 * MEBIBYTES));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_beyond_the_calls_that_may_be_open_has_an_answer_for_each() {
    beside(&Arc::default(), |world| {
        let mut lines = Lines::connect(world);
        let waiting: Vec<Value> = (0..1000).map(|id| call(&json!(id), "mill.wait", &json!([]))).collect();
        lines.send(&json!(waiting));
        let more: Vec<Value> = (2000..2100).map(|id| call(&json!(id), "mill.wait", &json!([]))).collect();
        lines.send(&json!(more));
        let cancels = (0..3000)
            .map(|id| json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } }));
        for cancels in cancels.collect::<Vec<_>>().chunks(1000) {
            lines.send(&json!(cancels));
        }
        let (one, other) = (lines.receive(), lines.receive());
        let mut lists = [one.as_array().unwrap(), other.as_array().unwrap()];
        lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
        let count = |list: &[Value], code: &str| {
            list.iter().filter(|answer| answer["error"]["data"]["code"] == code).count()
        };
        assert_eq!((lists[0].len(), count(lists[0], "cancelled")), (1000, 1000));
        assert_eq!((lists[1].len(), count(lists[1], "cancelled"), count(lists[1], "busy")), (100, 24, 76));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_window_waits_for_its_reader() {
    let miller = Arc::new(Miller::default());
    let ground = Arc::clone(&miller);
    beside(&miller, move |world| {
        let mut lines = Lines::connect(world);
        lines.send(&call(&json!(1), "mill.flood", &json!([])));
        for _ in 0..100 {
            assert_eq!(lines.receive()["method"], "$/item");
        }
        // What the system and the connection hold, and what is being written: some 20 texts.
        let ahead = ground.ground.load(Ordering::SeqCst) - 100;
        assert!(ahead < 1000, "{ahead} texts that nobody has read");
        lines.send(&json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 1 } }));
        while lines.receive()["error"]["code"] != -32800 {}
    })
    .await;
}

#[tokio::test]
async fn what_one_dialect_is_asked_is_not_listed_in_the_others() {
    let world = World::serving(MillService::new(Miller::default()));
    for client in world.clients().await {
        let services = AdminClient::new(client).describe(None).await.unwrap();
        let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
        assert_eq!(names, ["hallway", "mill"]);
    }
}
