//! The service whose handlers do what the steps say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_core::Stream;
use futures_util::stream;
use hallway::{Subscription, Topic};
use tokio::sync::oneshot;

/// The events that are kept for subscribers: so few that everybody is late.
pub(crate) const KEPT: u64 = 4;

#[hallway::service(name = "model", version = "1.0")]
pub(crate) trait Model {
    async fn answer(&self, key: u64) -> u64;

    async fn hold(&self, key: u64) -> Result<u64, No>;

    #[bulk]
    async fn bulk(&self, key: u64) -> Result<u64, No>;

    fn numbers(&self, to: u64) -> impl Stream<Item = u64>;

    fn watch(&self, since: Option<u64>) -> Subscription<u64>;
}

#[derive(Debug, hallway::Error)]
pub(crate) enum No {
    #[error("as a step says")]
    Refused,
}

/// Holds handlers until it is told to let them go.
#[derive(Clone)]
pub(crate) struct Puppet {
    held: Arc<Mutex<BTreeMap<u64, oneshot::Sender<bool>>>>,
    topic: Topic<u64>,
}

impl Puppet {
    pub(crate) fn new() -> Self {
        let capacity = usize::try_from(KEPT).unwrap();
        Self { held: Arc::default(), topic: Topic::with_capacity(capacity) }
    }

    /// The handlers that are held, by their keys. One that was dropped is none.
    pub(crate) fn held(&self) -> Vec<u64> {
        let mut held = self.held.lock().unwrap();
        held.retain(|_, handler| !handler.is_closed());
        held.keys().copied().collect()
    }

    pub(crate) fn finish(&self, key: u64, refuses: bool) {
        let handler = self.held.lock().unwrap().remove(&key).expect("a handler that is held");
        handler.send(refuses).expect("a handler that has not been dropped");
    }

    pub(crate) fn publish(&self) {
        self.topic.publish(self.topic.last() + 1);
    }

    async fn hold_until_told(&self, key: u64) -> Result<u64, No> {
        let (handler, told) = oneshot::channel();
        self.held.lock().unwrap().insert(key, handler);
        if told.await.unwrap() { Err(No::Refused) } else { Ok(key) }
    }
}

impl Model for Puppet {
    async fn answer(&self, key: u64) -> u64 {
        key
    }

    async fn hold(&self, key: u64) -> Result<u64, No> {
        self.hold_until_told(key).await
    }

    async fn bulk(&self, key: u64) -> Result<u64, No> {
        self.hold_until_told(key).await
    }

    fn numbers(&self, to: u64) -> impl Stream<Item = u64> {
        stream::iter(1..=to)
    }

    fn watch(&self, since: Option<u64>) -> Subscription<u64> {
        self.topic.subscribe(since)
    }
}
