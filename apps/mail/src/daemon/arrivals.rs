//! New mail, for whoever wants to hear of it: the database is the list of events, and an id is a number in it.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream;
use hallway::{Event, Subscription};
use tokio::sync::watch;

use crate::Engine;
use crate::model::{Envelope, MessageId};

/// How many messages are read from the database at a time, for each subscriber.
const BATCH: usize = 64;

/// Tells of each message once, in the order in which they came.
pub(super) struct Arrivals {
    engine: Arc<Engine>,
    /// The last message that has been told of. None before the first look into a mailbox has ended: it
    /// brings no news.
    told: watch::Sender<Option<MessageId>>,
}

impl Arrivals {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, told: watch::Sender::new(None) }
    }

    /// Tells of what has come since the last time; the first time, that what is there has arrived already.
    pub(super) fn tell(&self) {
        match self.engine.newest() {
            Ok(newest) => _ = self.told.send_replace(Some(newest.unwrap_or(MessageId(0)))),
            Err(error) => tracing::warn!(%error, "new mail cannot be told of yet"),
        }
    }

    pub(super) fn subscribe(&self, since: Option<u64>) -> Subscription<Envelope> {
        let told = self.told.subscribe();
        let last = since.map(|number| MessageId(number.try_into().unwrap_or(i64::MAX)));
        let feed = Feed { engine: Arc::clone(&self.engine), told, last, ready: VecDeque::new() };
        Subscription::new(stream::unfold(feed, |mut feed| async move { Some((feed.next().await?, feed)) }))
    }
}

/// Where one subscriber is.
struct Feed {
    engine: Arc<Engine>,
    told: watch::Receiver<Option<MessageId>>,
    /// The last message that this subscriber knows; none before it is known where it begins.
    last: Option<MessageId>,
    ready: VecDeque<Envelope>,
}

impl Feed {
    /// Waits for the next event; none once the daemon goes.
    async fn next(&mut self) -> Option<Event<Envelope>> {
        loop {
            if let Some(value) = self.ready.pop_front() {
                self.last = Some(value.id);
                return Some(Event::Item { seq: value.id.0.unsigned_abs(), value });
            }
            let last = self.last;
            let told = self
                .told
                .wait_for(|told| told.is_some() && *told != last)
                .await
                .ok()
                .and_then(|told| *told)?;
            match last.filter(|&last| last <= told) {
                Some(last) => self.read(last, told).await?,
                // A subscriber that begins now, or with a number from another database, hears where it is.
                None => {
                    self.last = Some(told);
                    return Some(Event::Lagged { missed: 0, next: told.0.unsigned_abs() + 1 });
                }
            }
        }
    }

    /// Reads what follows `last`, up to `told`.
    async fn read(&mut self, last: MessageId, told: MessageId) -> Option<()> {
        let engine = Arc::clone(&self.engine);
        match tokio::task::spawn_blocking(move || engine.after(last, BATCH)).await {
            Ok(Ok(new)) if !new.is_empty() => {
                self.ready.extend(new.into_iter().take_while(|envelope| envelope.id <= told));
                Some(())
            }
            failed => {
                tracing::warn!(?failed, "new mail cannot be told of before more arrives");
                self.told.changed().await.ok()
            }
        }
    }
}
