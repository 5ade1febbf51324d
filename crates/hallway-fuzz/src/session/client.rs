use std::collections::VecDeque;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use hallway::client::Connect;
use hallway::connection::Wire;
use hallway::limits::CALLS_RUNNING_MAX;
use hallway::service::Method;
use hallway::transport::{Address, Duplex, TransportError};
use hallway::{CallError, CallOptions, Client, Event, Events, Items};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::desk::Clerk;
use super::judge::Judge;
use super::pipe::{self, Gauge};
use super::stranger::Stranger;
use super::{converse, in_time, settle};
use crate::choices::Choices;

/// The choices: what is spoken, how often the client may connect, and the sizes of pieces; the rest is what the
/// client's user and the stranger who serves do.
///
/// - What `Judge` says of every call of the stranger's, and of what the client says.
/// - In the end, every call of the client's has an end, and nothing is left of any connection.
pub fn client(data: &[u8]) {
    let mut choices = Choices::new(data);
    let wire = choices.wire();
    let connections = usize::from(choices.within(1..=4));
    let sizes = choices.sizes();
    converse(async move {
        let door =
            Arc::new(Door { sizes, state: Mutex::new(State { left: connections, ..State::default() }) });
        let running = Arc::<AtomicUsize>::default();
        let client = Client::builder().wire(wire).serve(Clerk::service(&running));
        let client = client.connect(Knock(Arc::clone(&door))).await.expect("the first connection is there");
        let mut user = User { client: Some(client), ..User::default() };
        let mut stranger = door.next(wire);
        let mut gauges = Vec::new();
        while !choices.is_over() {
            match choices.byte() % 4 {
                0 => user.act(&mut choices),
                1 if choices.byte().is_multiple_of(16) => {
                    gauges.extend(std::mem::replace(&mut stranger, door.next(wire)).map(Stranger::go));
                }
                _ => match &mut stranger {
                    Some(stranger) => stranger.act(&mut choices).await,
                    None => {
                        settle().await;
                        stranger = door.next(wire);
                    }
                },
            }
        }
        door.close();
        gauges.extend(stranger.map(Stranger::go));
        while let Some(stranger) = door.next(wire) {
            gauges.push(stranger.go());
        }
        user.every_call_ends().await;
        for gauge in gauges {
            in_time("nothing is left of the connection", async {
                while Arc::strong_count(&gauge) > 1 {
                    settle().await;
                }
            })
            .await;
            gauge.check();
        }
    });
}

/// Whoever calls.
#[derive(Default)]
struct User {
    client: Option<Client>,
    calls: Vec<JoinHandle<()>>,
    streams: Vec<Items<Value>>,
    subscriptions: Vec<Events<Value>>,
}

impl User {
    /// More would only wait for each other.
    const CALLS_MAX: usize = 2 * CALLS_RUNNING_MAX;

    fn act(&mut self, choices: &mut Choices<'_>) {
        let Some(client) = self.client.clone() else { return };
        let client = match choices.number() {
            0..=100 => client,
            ms => client.with(CallOptions::new().deadline(Duration::from_millis(ms)).window(3)),
        };
        match choices.within(0..=8) {
            0..=2 if self.calls.len() < Self::CALLS_MAX => {
                let method = choices.one_of(METHODS);
                let params = json!({ "number": choices.number() });
                self.calls.push(tokio::spawn(async move {
                    let _outcome: Result<Value, CallError> = client.call(method, &params).await;
                }));
            }
            3 if self.calls.len() < Self::CALLS_MAX => self.calls.push(tokio::spawn(async move {
                let Ok(mut items) = client.stream::<_, Value>(&STREAM, &json!({})).await else { return };
                while items.next().await.is_some() {}
            })),
            4 => {
                let items = client.stream(&STREAM, &json!({})).now_or_never();
                self.streams.extend(items.and_then(Result::ok));
            }
            5 => {
                let events = client.subscribe(&STREAM, &json!({ "since": choices.number() })).now_or_never();
                self.subscriptions.extend(events.and_then(Result::ok));
            }
            6 => {
                self.streams.iter_mut().for_each(|items| drop(items.next().now_or_never()));
                self.subscriptions.iter_mut().for_each(|events| drop(events.next().now_or_never()));
                let _said = client.notify(&NOTE, &json!({})).now_or_never();
            }
            7 => {
                if let Some(call) = self.calls.pop() {
                    call.abort();
                }
                self.streams.pop();
            }
            _ if choices.byte().is_multiple_of(32) => self.client = None,
            _ => (),
        }
    }

    async fn every_call_ends(self) {
        for call in self.calls {
            match in_time("a call ends with its connection", call).await {
                Ok(()) => (),
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            }
        }
        for mut items in self.streams {
            in_time("a stream ends with its connection", async { while items.next().await.is_some() {} })
                .await;
        }
        for mut events in self.subscriptions {
            in_time("a subscription ends with its connection", async {
                while let Some(event) = events.next().await {
                    assert!(matches!(event, Ok(Event::Item { .. } | Event::Lagged { .. }) | Err(_)));
                }
            })
            .await;
        }
    }
}

pub(super) const METHODS: &[&Method] = &[
    &Method { name: "desk.later", idempotent: true },
    &Method { name: "desk.tell", idempotent: false },
    &Method { name: "desk.echo", idempotent: false },
];
pub(super) static STREAM: Method = Method { name: "desk.told", idempotent: true };
pub(super) static NOTE: Method = Method { name: "desk.note", idempotent: false };

/// Where the client connects, so often and no more.
struct Door {
    sizes: Vec<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: usize,
    waiting: VecDeque<(Duplex, Arc<Gauge>)>,
}

impl Door {
    /// The stranger's end of the next connection, if the client has made it.
    fn next(&self, wire: Wire) -> Option<Stranger> {
        let (connection, gauge) = self.state().waiting.pop_front()?;
        Some(Stranger::new(wire, Judge::new(Some(wire)), connection, gauge))
    }

    fn close(&self) {
        self.state().left = 0;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Knock(Arc<Door>);

impl Connect for Knock {
    async fn connect(&self) -> Result<Duplex, CallError> {
        let mut state = self.0.state();
        let Some(left) = state.left.checked_sub(1) else {
            let source = io::ErrorKind::ConnectionRefused.into();
            return Err(TransportError::Connect { address: Address::Memory, source }.into());
        };
        state.left = left;
        let (ours, theirs, gauge) = pipe::pair(&self.0.sizes);
        state.waiting.push_back((theirs, gauge));
        Ok(ours)
    }
}
