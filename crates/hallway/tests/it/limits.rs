//! What a peer may make a server bear, and what happens beyond it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hallway::connection::Wire;
use hallway::encoding::Encoding;
use hallway::framing::Framing;
use hallway::limits::{self, Limits};
use hallway::protocol::{Call, Id, Message, Protocol};
use hallway::service::Context;
use hallway::transport::{Duplex, memory, unix};
use hallway::{Server, ServerHandle, Subscription, Topic};
use hallway_testkit::{RawPeer, within};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, advance};

#[hallway::service(name = "bounded", version = "1.0")]
trait Bounded {
    async fn length(&self, text: String, #[default] numbers: Vec<u8>) -> usize;
    #[params_max = 4 * 1024 * 1024]
    async fn long(&self, text: String, #[default] numbers: Vec<u8>) -> usize;
    async fn fill(&self, length: usize) -> String;
    async fn hold(&self, text: String);
    #[bulk]
    async fn sweep(&self);
    async fn grind(&self, cx: &Context);
    async fn spin(&self, microseconds: u64);
    fn events(&self, since: Option<u64>) -> Subscription<u64>;
}

struct Bearer {
    gate: watch::Receiver<bool>,
    spun: Arc<AtomicUsize>,
    events: Topic<u64>,
}

impl Bearer {
    async fn gate(&self) {
        let mut gate = self.gate.clone();
        let _gone = gate.wait_for(|open| *open).await;
    }
}

impl Bounded for Bearer {
    async fn length(&self, text: String, numbers: Vec<u8>) -> usize {
        text.len() + numbers.len()
    }

    async fn long(&self, text: String, numbers: Vec<u8>) -> usize {
        text.len() + numbers.len()
    }

    async fn fill(&self, length: usize) -> String {
        "x".repeat(length)
    }

    async fn hold(&self, _text: String) {
        self.gate().await;
    }

    async fn sweep(&self) {
        self.gate().await;
    }

    async fn grind(&self, cx: &Context) {
        let (gate, begun) = (self.gate.clone(), Arc::clone(&self.spun));
        cx.blocking(move || {
            begun.fetch_add(1, Ordering::Relaxed);
            while !*gate.borrow() {
                std::thread::yield_now();
            }
        })
        .await;
    }

    async fn spin(&self, microseconds: u64) {
        let until = std::time::Instant::now() + Duration::from_micros(microseconds);
        while std::time::Instant::now() < until {}
        self.spun.fetch_add(1, Ordering::Relaxed);
    }

    fn events(&self, since: Option<u64>) -> Subscription<u64> {
        self.events.subscribe(since)
    }
}

/// A server with limits of its own, and the gate that its calls wait at.
struct Bearing {
    server: Server,
    gate: watch::Sender<bool>,
    /// How many calls have computed without waiting.
    spun: Arc<AtomicUsize>,
    events: Topic<u64>,
}

impl Bearing {
    fn with(set: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        set(&mut limits);
        let (gate, closed) = watch::channel(false);
        let (events, spun) = (Topic::new(), Arc::<AtomicUsize>::default());
        let bearer = Bearer { gate: closed, spun: Arc::clone(&spun), events: events.clone() };
        let server = Server::builder().service(BoundedService::new(bearer)).limits(limits).build();
        Self { server, gate, spun, events }
    }

    /// A connection that says nothing by itself.
    fn connects(&self) -> RawPeer {
        let (mine, theirs) = memory::pair();
        self.serves(mine, theirs)
    }

    fn serves(&self, mine: Duplex, theirs: Duplex) -> RawPeer {
        self.server.serve_connection(theirs);
        RawPeer::new(Wire::NATIVE, mine)
    }

    async fn greeted(&self) -> RawPeer {
        let mut peer = self.connects();
        peer.hello().await;
        peer
    }

    fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// So much of something is used now, and was at the most.
    fn usage(&self, name: &str) -> (u64, u64) {
        let usage = self.handle().status().unwrap().usage[name];
        (usage.now, usage.peak)
    }

    /// So many calls have begun to compute.
    async fn begun(&self, many: usize) {
        let all = async {
            while self.spun.load(Ordering::Relaxed) < many {
                tokio::task::yield_now().await;
            }
        };
        within("the calls begin", all).await;
    }

    async fn uses(&self, name: &str, much: u64) {
        let all = async {
            while self.usage(name).0 != much {
                tokio::task::yield_now().await;
            }
        };
        within("the usage is told", all).await;
    }
}

fn framed(id: u64, method: &str, params: Value) -> Vec<u8> {
    let mut out = Vec::new();
    Wire::NATIVE
        .write(&Message::Call(Call::new(Some(Id::Number(id)), method, Some(params))), &mut out)
        .unwrap();
    out
}

#[tokio::test(start_paused = true)]
async fn f33_a_message_that_does_not_end_is_told_and_ends_the_connection() {
    let bearing = Bearing::with(|_| ());
    let mut slow = bearing.greeted().await;
    let began = Instant::now();
    let call = framed(1, "bounded.length", json!({ "text": "slow" }));
    let (most, last) = call.split_at(call.len() - 1);
    // A byte at a time is no progress that counts.
    for byte in most.iter().take_while(|_| began.elapsed() < limits::FRAME_DEADLINE) {
        slow.send_bytes(&[*byte]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(slow.expect_complaint().await.code, "slow_writer");
    slow.expect_end().await;
    let after = began.elapsed();
    assert!(after >= limits::FRAME_DEADLINE && after < limits::FRAME_DEADLINE + Duration::from_secs(1));
    let mut whole = bearing.greeted().await;
    whole.send_bytes(most).await;
    advance(limits::FRAME_DEADLINE - Duration::from_secs(1)).await;
    whole.send_bytes(last).await;
    assert_eq!(whole.expect_answer(1).await.unwrap(), 4);
    advance(2 * limits::FRAME_DEADLINE).await;
    whole.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn f33_who_does_not_tell_what_is_spoken_is_shown_out() {
    let bearing = Bearing::with(|_| ());
    let mut silent = bearing.connects();
    advance(Duration::from_secs(3600)).await;
    let began = Instant::now();
    silent.send_bytes(&[0, 0]).await;
    assert_eq!(silent.expect_complaint().await.code, "slow_writer");
    silent.expect_end().await;
    assert!(began.elapsed() >= limits::HELLO_DEADLINE && began.elapsed() < 2 * limits::HELLO_DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn f32_who_reads_nothing_for_long_is_left_and_a_short_stall_is_not() {
    let bearing = Bearing::with(|_| ());
    for (stall, lives) in [(limits::WRITE_DEADLINE / 2, true), (limits::WRITE_DEADLINE * 2, false)] {
        let mut peer = bearing.greeted().await;
        peer.call(1, "bounded.fill", json!({ "length": 1_000_000 })).await;
        bearing.uses("calls_open", 0).await;
        tokio::time::sleep(stall).await;
        if lives {
            assert_eq!(peer.expect_answer(1).await.unwrap().as_str().unwrap().len(), 1_000_000);
            peer.expect_alive().await;
        } else {
            bearing.uses("connections", 0).await;
        }
    }
    bearing.uses("outbound_bytes", 0).await;
}

#[tokio::test]
async fn f21_parameters_are_as_long_as_their_method_says() {
    let bearing = Bearing::with(|_| ());
    let mut peer = bearing.greeted().await;
    let text = |length: usize| json!({ "text": "x".repeat(length) });
    // With the braces, the name and the quotes.
    let around = r#"{"text":""}"#.len();
    peer.call(1, "bounded.length", text(limits::PARAMS_MAX - around)).await;
    assert_eq!(peer.expect_answer(1).await.unwrap(), limits::PARAMS_MAX - around);
    peer.call(2, "bounded.length", text(limits::PARAMS_MAX - around + 1)).await;
    let error = peer.expect_answer(2).await.unwrap_err();
    let details = json!({ "size": limits::PARAMS_MAX + 1, "max": limits::PARAMS_MAX });
    assert_eq!((error.code.as_str(), error.details), ("frame_too_long", Some(details)));
    peer.call(3, "bounded.long", text(3_000_000)).await;
    assert_eq!(peer.expect_answer(3).await.unwrap(), 3_000_000);
    let (_, peak) = bearing.usage("inbound_bytes");
    // Longer than any method takes.
    peer.call(4, "bounded.long", text(5_000_000)).await;
    assert_eq!(peer.expect_answer(4).await.unwrap_err().code, "frame_too_long");
    let (now, still) = bearing.usage("inbound_bytes");
    assert_eq!((now, still), (0, peak), "and not held");
    peer.expect_alive().await;
}

#[tokio::test]
async fn f51_what_finds_no_room_is_refused_by_its_id() {
    let bearing = Bearing::with(|limits| limits.inbound_all = 1_000_000);
    let mut holder = bearing.greeted().await;
    holder.call(1, "bounded.hold", json!({ "text": "x".repeat(400_000) })).await;
    holder.call(2, "bounded.hold", json!({ "text": "x".repeat(400_000) })).await;
    // One connection has half.
    let refused = holder.expect_answer(2).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.retryable), ("busy", true));
    let mut other = bearing.greeted().await;
    let call = framed(7, "bounded.hold", json!({ "text": "x".repeat(700_000) }));
    other.send_bytes(&call).await;
    assert_eq!(other.expect_answer(7).await.unwrap_err().code, "busy");
    // What is small is taken, also now.
    other.call(8, "bounded.length", json!({ "text": "small" })).await;
    assert_eq!(other.expect_answer(8).await.unwrap(), 5);
    bearing.gate.send_replace(true);
    holder.expect_answer(1).await.unwrap();
    bearing.uses("inbound_bytes", 0).await;
    other.send_bytes(&call).await;
    assert_eq!(other.expect_answer(7).await.unwrap_err().code, "busy", "more than one connection has");
    assert!(bearing.usage("inbound_bytes").1 <= 1_000_000);
}

#[tokio::test]
async fn f51_short_calls_that_wait_for_their_turn_are_not_dropped_where_no_room_is_left() {
    const CALLS: u64 = 60;
    let bearing = Bearing::with(|limits| limits.inbound_all = 1_000_000);
    let mut halves = [bearing.greeted().await, bearing.greeted().await];
    let long = framed(1, "bounded.length", json!({ "text": "x".repeat(500_000) }));
    for half in &mut halves {
        half.send_bytes(&long[..490_000]).await;
    }
    bearing.uses("inbound_bytes", 980_000).await;
    let mut other = bearing.greeted().await;
    let call = |id| framed(id, "bounded.length", json!({ "text": "x".repeat(900) }));
    other.send_bytes(&(1..=CALLS).flat_map(call).collect::<Vec<_>>()).await;
    for id in 1..=CALLS {
        assert_eq!(other.expect_answer(id).await.unwrap(), 900);
    }
    drop(halves);
    bearing.uses("inbound_bytes", 0).await;
}

#[tokio::test]
async fn half_a_message_is_given_back_with_its_connection() {
    let bearing = Bearing::with(|_| ());
    let mut peer = bearing.greeted().await;
    let call = framed(1, "bounded.length", json!({ "text": "x".repeat(500_000) }));
    peer.send_bytes(&call[..300_000]).await;
    bearing.uses("inbound_bytes", 300_000).await;
    drop(peer);
    bearing.uses("inbound_bytes", 0).await;
}

#[tokio::test]
async fn bulk_calls_leave_places_to_short_ones() {
    let bearing = Bearing::with(|limits| limits.calls_running_all = 8);
    let (mut one, mut other) = (bearing.greeted().await, bearing.greeted().await);
    for id in 1..=20 {
        one.call(id, "bounded.sweep", json!({})).await;
    }
    bearing.uses("calls_running", 6).await;
    other.call(1, "bounded.fill", json!({ "length": 1 })).await;
    assert_eq!(other.expect_answer(1).await.unwrap(), "x");
    one.call(21, "bounded.length", json!({ "text": "beside its own" })).await;
    assert_eq!(one.expect_answer(21).await.unwrap(), 14);
    bearing.gate.send_replace(true);
    for _ in 1..=20 {
        one.expect().await;
    }
    bearing.uses("calls_running", 0).await;
}

#[tokio::test]
async fn calls_that_do_not_end_leave_everybody_places_of_their_own() {
    let bearing = Bearing::with(|limits| limits.calls_running_all = 2);
    let (mut one, mut other) = (bearing.greeted().await, bearing.greeted().await);
    for id in 1..=20 {
        one.call(id, "bounded.hold", json!({ "text": "" })).await;
    }
    bearing.uses("calls_running", 2).await;
    for id in 1..=10 {
        other.call(id, "bounded.fill", json!({ "length": 1 })).await;
        assert_eq!(other.expect_answer(id).await.unwrap(), "x");
    }
    // Also while some of its own do not end.
    for id in 11..=12 {
        other.call(id, "bounded.hold", json!({ "text": "" })).await;
    }
    other.call(13, "bounded.fill", json!({ "length": 1 })).await;
    assert_eq!(other.expect_answer(13).await.unwrap(), "x");
    bearing.gate.send_replace(true);
    for _ in 1..=20 {
        one.expect().await;
    }
    bearing.uses("calls_running", 0).await;
}

#[tokio::test]
async fn subscriptions_are_counted_and_take_no_place_of_the_calls() {
    let bearing = Bearing::with(|limits| {
        limits.subscriptions = 3;
        limits.calls_running = 1;
    });
    let mut peer = bearing.greeted().await;
    for id in 1..=4 {
        peer.call(id, "bounded.events", json!({})).await;
    }
    assert_eq!(peer.expect_answer(4).await.unwrap_err().code, "busy");
    assert_eq!(bearing.usage("subscriptions"), (3, 3));
    peer.call(5, "bounded.length", json!({ "text": "goes on" })).await;
    assert_eq!(peer.expect_answer(5).await.unwrap(), 7);
    peer.send(&Message::Cancel::<()> { id: Id::Number(1) }).await;
    peer.expect_answer(1).await.unwrap_err();
    peer.call(6, "bounded.events", json!({})).await;
    bearing.uses("subscriptions", 3).await;
    bearing.events.publish(1);
    peer.expect().await;
    drop(peer);
    bearing.uses("subscriptions", 0).await;
}

#[tokio::test]
async fn a13_work_that_was_taken_back_counts_until_it_has_ended() {
    let bearing = Bearing::with(|limits| limits.calls_running = 2);
    let mut peer = bearing.greeted().await;
    for id in 1..=5 {
        peer.call(id, "bounded.grind", json!({})).await;
        peer.send(&Message::Cancel::<()> { id: Id::Number(id) }).await;
        assert_eq!(peer.expect_answer(id).await.unwrap_err().code, "cancelled");
    }
    assert_eq!(bearing.usage("calls_open").0, 0, "nobody waits any more");
    bearing.begun(2).await;
    tokio::task::yield_now().await;
    assert_eq!(bearing.spun.load(Ordering::Relaxed), 2, "two threads work, and no third has begun");
    bearing.gate.send_replace(true);
    peer.call(6, "bounded.grind", json!({})).await;
    peer.expect_answer(6).await.unwrap();
}

#[tokio::test]
async fn f24_a_value_holds_as_much_as_the_method_is_long() {
    let bearing = Bearing::with(|_| ());
    let mut peer = bearing.greeted().await;
    let wide = |values: usize| json!({ "text": "", "numbers": vec![0; values] });
    peer.call(1, "bounded.length", wide(100_001)).await;
    let error = peer.expect_answer(1).await.unwrap_err();
    assert_eq!(error.code, "bad_params");
    assert!(error.message.contains("100000 values"), "{}", error.message);
    peer.call(2, "bounded.long", wide(150_000)).await;
    assert_eq!(peer.expect_answer(2).await.unwrap(), 150_000);
    peer.expect_alive().await;
}

#[tokio::test]
async fn one_process_has_so_many_connections() {
    let bearing = Bearing::with(|limits| limits.connections_of_peer = 2);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("bounded.sock");
    let listener = unix::Listener::bind(&socket).unwrap();
    let server = bearing.server.clone();
    tokio::spawn(async move { server.serve(listener).await });
    let connect = async || RawPeer::new(Wire::NATIVE, unix::connect(&socket).await.unwrap());
    let (mut one, mut other) = (connect().await, connect().await);
    one.hello().await;
    other.hello().await;
    let mut third = connect().await;
    let Some(Message::Goaway(goaway)) = within("an answer", third.next()).await else { panic!("no goaway") };
    assert_eq!(goaway.code, "busy");
    third.expect_end().await;
    drop(one);
    bearing.uses("connections_of_peer", 1).await;
    connect().await.hello().await;
    assert_eq!(bearing.usage("connections_of_peer").1, 2);
}

/// On one thread, which whoever has it could keep.
#[tokio::test]
async fn who_sends_much_at_once_does_not_keep_the_others_waiting() {
    let bearing = Bearing::with(|_| ());
    let (mut much, mut little) = (bearing.greeted().await, bearing.greeted().await);
    let mut calls = Vec::new();
    for id in 1..=600 {
        calls.extend(framed(id, "bounded.spin", json!({ "microseconds": 100 })));
    }
    much.send_bytes(&calls).await;
    let spun = Arc::clone(&bearing.spun);
    // As a task among tasks: the runtime looks at what it was started with less often.
    let short = tokio::spawn(async move {
        for id in 1..=10 {
            little.call(id, "bounded.length", json!({ "text": "" })).await;
            little.expect_answer(id).await.unwrap();
        }
        spun.load(Ordering::Relaxed)
    });
    // All of it takes 60 ms, a turn 1 ms.
    let spun = within("the short calls", short).await.unwrap();
    assert!((1..600).contains(&spun), "{spun} of 600 calls were answered before 10 others");
}

#[tokio::test]
async fn a_long_list_does_not_keep_the_others_waiting() {
    const CALLS: usize = 100;
    let bearing = Bearing::with(|_| ());
    let mut little = bearing.greeted().await;
    let (mine, theirs) = memory::pair();
    bearing.server.serve_connection(theirs);
    let wire = Wire::new(Framing::Lines, Encoding::Json, Protocol::JsonRpc).unwrap();
    let mut much = RawPeer::new(wire, mine);
    // Of calls that are answered, and of notifications.
    let call = |id: usize| {
        let params = json!({ "microseconds": 2000 });
        let mut call = json!({ "jsonrpc": "2.0", "method": "bounded.spin", "params": params });
        if id.is_multiple_of(2) {
            call["id"] = id.into();
        }
        call
    };
    for first in [0, 1] {
        let list = Value::Array((first..2 * CALLS).step_by(2).map(call).collect());
        let before = bearing.spun.load(Ordering::Relaxed);
        much.send_bytes(format!("{list}\n").as_bytes()).await;
        bearing.begun(before + 1).await;
        let spun = Arc::clone(&bearing.spun);
        little.call(1, "bounded.length", json!({ "text": "" })).await;
        little.expect_answer(1).await.unwrap();
        let spun = spun.load(Ordering::Relaxed) - before;
        assert!((1..CALLS / 2).contains(&spun), "{spun} of {CALLS} in a list were done before one other");
        bearing.begun(before + CALLS).await;
    }
}

#[tokio::test]
async fn the_room_of_messages_that_are_neither_short_nor_long_is_counted_and_given_back() {
    let bearing = Bearing::with(|_| ());
    let (mine, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let [mine, theirs] = [mine, theirs].map(|stream| unix::adopt(stream).unwrap());
    let mut peer = bearing.serves(mine, theirs);
    peer.hello().await;
    let kept = async |what| {
        let counted = async {
            while bearing.usage("spare_bytes").0 < 64 * 1024 {
                tokio::task::yield_now().await;
            }
        };
        within(what, counted).await;
        bearing.uses("spare_bytes", 0).await;
    };
    // All of it goes in one write.
    peer.call(1, "bounded.fill", json!({ "length": 100_000 })).await;
    peer.expect_answer(1).await.unwrap();
    kept("what an answer leaves is counted").await;
    // It comes in two pieces, of which none is long.
    let call = framed(2, "bounded.length", json!({ "text": "x".repeat(60_000) }));
    peer.send_bytes(&call[..40_000]).await;
    bearing.uses("inbound_bytes", 40_000).await;
    peer.send_bytes(&call[40_000..]).await;
    peer.expect_answer(2).await.unwrap();
    kept("what a call leaves is counted").await;
}
