//! What a handler learns about its call, and does to its caller.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hallway::client::Outcome;
use hallway::service::Cancellation;
use hallway::{CallError, CallOptions, Client, Context, Progress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use super::sample::Alive;
use crate::world::{World, soon};

/// What a handler sees of its caller.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Seen {
    uid: Option<u32>,
    pid: Option<i32>,
    same_user: bool,
    left_ms: Option<u64>,
}

/// Shows what the context holds.
#[hallway::service(name = "probe", version = "1.0")]
trait Probe {
    async fn look(&self, cx: &Context) -> Seen;
    /// Never answers.
    async fn hang(&self, cx: &Context);
    async fn work(&self, cx: &Context, steps: u64) -> u64;
    /// Asks its caller for the answer.
    async fn ask_back(&self, question: String, cx: &Context) -> Result<String, NoAnswer>;
}

/// What a client serves to its server.
#[hallway::service(name = "asked", version = "1.0")]
trait Asked {
    async fn answer(&self, question: String) -> String;
}

#[derive(Debug, PartialEq, hallway::Error)]
enum NoAnswer {
    #[error("the caller does not answer: {code}")]
    Silent { code: String },
}

#[derive(Default)]
struct Prober {
    hanging: watch::Sender<usize>,
    /// What the last call that hangs left behind for work outside of it.
    left_behind: Mutex<Option<Cancellation>>,
}

impl Probe for Prober {
    async fn look(&self, cx: &Context) -> Seen {
        let left = cx.deadline().map(|at| at.saturating_duration_since(Instant::now()));
        Seen {
            uid: cx.peer().uid,
            pid: cx.peer().pid,
            same_user: cx.peer().is_same_user(),
            left_ms: left.map(|left| u64::try_from(left.as_millis()).unwrap()),
        }
    }

    async fn hang(&self, cx: &Context) {
        *self.left_behind.lock().unwrap() = Some(cx.cancellation());
        let _alive = Alive::new(&self.hanging);
        std::future::pending::<()>().await;
    }

    async fn work(&self, cx: &Context, steps: u64) -> u64 {
        for step in 1..=steps {
            cx.progress(Progress::new(step, Some(steps), "step"));
            tokio::task::yield_now().await;
        }
        steps
    }

    async fn ask_back(&self, question: String, cx: &Context) -> Result<String, NoAnswer> {
        let answer = AskedClient::new(Client::to_caller(cx)).answer(question).await;
        answer.map_err(|error| NoAnswer::Silent { code: error.code().to_owned() })
    }
}

struct Answerer(&'static str);

impl Asked for Answerer {
    async fn answer(&self, question: String) -> String {
        tokio::task::yield_now().await;
        format!("{question} {}", self.0)
    }
}

fn world() -> (World, Arc<Prober>) {
    let prober = Arc::new(Prober::default());
    (World::serving(ProbeService::from_arc(Arc::clone(&prober))), prober)
}

#[tokio::test]
async fn the_peer_is_who_the_system_says() {
    let (world, _) = world();
    let uid = Some(nix::unistd::geteuid().as_raw());
    let own = Some(i32::try_from(std::process::id()).unwrap());
    let [memory, socket] = world.clients().await.map(ProbeClient::new);
    let seen = memory.look().await.unwrap();
    assert_eq!((seen.uid, seen.pid, seen.same_user), (uid, None, true));
    let seen = socket.look().await.unwrap();
    assert_eq!((seen.uid, seen.pid, seen.same_user), (uid, own, true));
    let seen = world.blocking(|client| ProbeBlockingClient::new(client).look()).await.unwrap();
    assert_eq!((seen.uid, seen.pid, seen.same_user), (uid, own, true));
}

#[tokio::test]
async fn a_handler_knows_when_its_caller_stops_waiting() {
    let (world, _) = world();
    let minute = || CallOptions::new().deadline(Duration::from_secs(60));
    for client in world.clients().await {
        let probe = ProbeClient::new(client);
        assert_eq!(probe.look().await.unwrap().left_ms, None);
        let left = probe.with(minute()).look().await.unwrap().left_ms.unwrap();
        assert!((1..=60_000).contains(&left), "{left}");
    }
    let from_a_thread = world.blocking(move |client| ProbeBlockingClient::new(client).with(minute()).look());
    let left = from_a_thread.await.unwrap().left_ms.unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
}

#[tokio::test]
async fn when_the_deadline_passes_both_sides_let_go() {
    let (world, prober) = world();
    let mut hanging = prober.hanging.subscribe();
    let after = Duration::from_millis(50);
    let expect = |error: CallError| {
        assert!(matches!(error, CallError::Deadline { after: given } if given == after), "{error:?}");
        assert_eq!((error.code(), error.outcome()), ("deadline_exceeded", Outcome::Unknown));
    };
    for client in world.clients().await {
        let probe = ProbeClient::new(client).with(CallOptions::new().deadline(after));
        expect(soon(probe.hang()).await.unwrap_err());
        assert!(hanging.has_changed().unwrap(), "the handler has begun");
        soon(hanging.wait_for(|hanging| *hanging == 0)).await.unwrap();
    }
    let from_a_thread = world.blocking(move |client| {
        let probe = ProbeBlockingClient::new(client);
        let late = probe.with(CallOptions::new().deadline(after)).hang();
        (late, probe.look())
    });
    let (late, next) = from_a_thread.await;
    expect(late.unwrap_err());
    assert_eq!(next.unwrap().left_ms, None, "the connection lives");
    soon(hanging.wait_for(|hanging| *hanging == 0)).await.unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_is_taken_back() {
    let (world, prober) = world();
    let mut hanging = prober.hanging.subscribe();
    for client in world.clients().await {
        let probe = ProbeClient::new(client);
        let call = tokio::spawn({
            let probe = probe.clone();
            async move { probe.hang().await }
        });
        soon(hanging.wait_for(|hanging| *hanging == 1)).await.unwrap();
        let left_behind = prober.left_behind.lock().unwrap().take().unwrap();
        assert!(!left_behind.is_cancelled());
        call.abort();
        soon(hanging.wait_for(|hanging| *hanging == 0)).await.unwrap();
        soon(left_behind.cancelled()).await;
        assert!(left_behind.is_cancelled());
        assert!(probe.look().await.is_ok(), "the connection lives");
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_its_calls_back() {
    let (world, prober) = world();
    let mut hanging = prober.hanging.subscribe();
    for client in world.clients().await {
        let call = tokio::spawn(async move { ProbeClient::new(client).hang().await });
        soon(hanging.wait_for(|hanging| *hanging == 1)).await.unwrap();
        let left_behind = prober.left_behind.lock().unwrap().take().unwrap();
        // With the only user of the connection the connection goes, too.
        call.abort();
        soon(hanging.wait_for(|hanging| *hanging == 0)).await.unwrap();
        soon(left_behind.cancelled()).await;
    }
}

#[tokio::test]
async fn progress_is_told_before_the_answer() {
    let (world, _) = world();
    let told = Arc::new(Mutex::new(Vec::new()));
    let options = || {
        let told = Arc::clone(&told);
        CallOptions::new().on_progress(move |progress| told.lock().unwrap().push(progress))
    };
    let check = || {
        let told = std::mem::take(&mut *told.lock().unwrap());
        // Of those that arrive together the newest tells all.
        assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
        assert_eq!(told.last(), Some(&Progress::new(5, Some(5), "step")));
    };
    for client in world.clients().await {
        assert_eq!(ProbeClient::new(client).with(options()).work(5).await.unwrap(), 5);
        check();
    }
    let with = options();
    let worked = world.blocking(move |client| ProbeBlockingClient::new(client).with(with).work(5));
    assert_eq!(worked.await.unwrap(), 5);
    check();
}

#[tokio::test]
async fn a_handler_calls_its_caller_on_the_same_connection() {
    let (world, _) = world();
    let build = || Client::builder().serve(AskedService::new(Answerer("yes")));
    for client in world.clients_from(build).await {
        let probe = ProbeClient::new(client);
        let asked = (0..10).map(|number| probe.ask_back(format!("{number}?")));
        let answers = soon(futures_util::future::join_all(asked)).await;
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), Ok(format!("{number}? yes")));
        }
    }
}

#[tokio::test]
async fn a_caller_that_serves_nothing_says_so() {
    let (world, _) = world();
    let silent = || Err(NoAnswer::Silent { code: "unknown_method".to_owned() });
    for client in world.clients().await {
        assert_eq!(soon(ProbeClient::new(client).ask_back("?".into())).await.unwrap(), silent());
    }
    let from_a_thread = world.blocking(|client| ProbeBlockingClient::new(client).ask_back("?".into()));
    assert_eq!(from_a_thread.await.unwrap(), silent());
}
