//! New mail, for whoever wants to hear of it.

use std::sync::{Mutex, PoisonError};

use hallway::{Subscription, Topic};

use crate::model::{Envelope, MessageId};
use crate::{Engine, EngineError};

/// How many messages are read from the database at a time.
const BATCH: usize = 256;

/// Publishes each message once, in the order in which they came.
pub(super) struct Arrivals {
    topic: Topic<Envelope>,
    /// The last message that has been published, or that was there before.
    last: Mutex<MessageId>,
}

impl Arrivals {
    /// What is there already has arrived.
    pub(super) fn new(engine: &Engine) -> Result<Self, EngineError> {
        let last = engine.newest()?.unwrap_or(MessageId(0));
        Ok(Self { topic: Topic::new(), last: Mutex::new(last) })
    }

    pub(super) fn subscribe(&self, since: Option<u64>) -> Subscription<Envelope> {
        self.topic.subscribe(since)
    }

    /// Lets what has come since the last time pass for known: the first look into a mailbox brings no news.
    pub(super) fn pass_over(&self, engine: &Engine) {
        if let Ok(Some(newest)) = engine.newest() {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        }
    }

    /// Publishes what has come since the last time.
    pub(super) fn publish_new(&self, engine: &Engine) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match engine.after(*last, BATCH) {
                Ok(new) if new.is_empty() => return,
                Ok(new) => {
                    for envelope in new {
                        *last = envelope.id;
                        self.topic.publish(envelope);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "new mail cannot be told of yet");
                    return;
                }
            }
        }
    }
}
