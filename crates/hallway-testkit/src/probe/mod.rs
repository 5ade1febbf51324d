//! A service with one method for each thing that a call can do.

mod board;
mod values;

use std::sync::Arc;

use board::Board;
use futures_core::Stream;
use futures_util::stream;
use hallway::server::ServerBuilder;
use hallway::{Bytes, Client, Context, Progress, Subscription, Topic};

pub use board::Census;
pub use values::{Fuse, Odd};

/// Everything that a call can do. What waits does so at a gate that the test opens with another call.
#[hallway::service(name = "probe", version = "1.0")]
pub trait Probe {
    /// Gives the text back.
    #[params_max = hallway::limits::FRAME_MAX]
    async fn echo(&self, text: String) -> String;

    /// Adds two numbers.
    #[idempotent]
    async fn add(&self, a: i64, #[default(1)] b: i64) -> i64;

    /// Gives the bytes back.
    async fn blob(&self, bytes: Bytes) -> Bytes;

    /// Waits at a gate until it is opened.
    async fn hold(&self, gate: String);

    /// Waits at a gate, and then gives text of so many bytes.
    async fn hold_big(&self, gate: String, size: u32) -> String;

    /// Opens a gate for all who wait there and all who come.
    async fn open(&self, gate: String);

    /// What has happened so far.
    #[idempotent]
    async fn census(&self) -> Census;

    /// Waits until so many calls wait at gates.
    async fn until_held(&self, count: u64) -> Census;

    /// Waits until so many calls have been dropped before their end.
    async fn until_dropped(&self, count: u64) -> Census;

    /// Panics.
    async fn panic(&self);

    /// Says no, if asked to.
    async fn consent(&self, refuse: bool) -> Result<String, ProbeError>;

    /// Takes a value whose reading panics, gives one whose writing does.
    async fn fuse(&self, fuse: Option<Fuse>) -> Fuse;

    /// A value that JSON cannot hold: an object whose keys are not text.
    async fn odd(&self) -> Odd;

    /// Text of so many bytes.
    async fn big(&self, size: u32) -> String;

    /// The numbers from 1 on.
    fn count(&self, to: u64) -> impl Stream<Item = u64>;

    /// Numbers without end. Counts as dropped when the caller takes it back.
    fn endless(&self) -> impl Stream<Item = u64>;

    /// Texts of so many bytes, without end.
    fn flood(&self, size: u32) -> impl Stream<Item = String>;

    /// The numbers up to `after`, then a no.
    fn stumble(&self, after: u64) -> impl Stream<Item = Result<u64, ProbeError>>;

    /// What is published, from a number on. The topic keeps [`TOPIC_KEEPS`].
    fn events(&self, since: Option<u64>) -> Subscription<u64>;

    /// Publishes the next so many numbers, each the number that its event has, and returns the last.
    async fn publish(&self, count: u64) -> u64;

    /// Reports so many steps, waits at the gate `work`, and is done.
    async fn work(&self, cx: &Context, steps: u64) -> u64;

    /// Asks the caller so many questions at once, and returns how many answers were right.
    async fn ask(&self, cx: &Context, questions: u64) -> Result<u64, ProbeError>;

    /// Counts as run.
    #[notification]
    async fn note(&self);

    /// Waits until there have been so many notes.
    async fn until_noted(&self, count: u64);
}

/// What a caller serves to the server.
#[hallway::service(name = "guest", version = "1.0")]
pub trait Guest {
    /// Twice the number.
    async fn double(&self, number: u64) -> u64;
}

/// The service's own no.
#[derive(Debug, Clone, PartialEq, Eq, hallway::Error)]
pub enum ProbeError {
    /// It was asked to refuse.
    #[error("refused, because {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The caller did not answer.
    #[error("the caller did not answer: {code}")]
    Unanswered {
        /// The code of its failure.
        code: String,
    },
}

/// How many events the topic of [`Probe::events`] keeps: few, so that a subscriber is easily late.
pub const TOPIC_KEEPS: usize = 16;

/// Puts a [`Probe`] onto a server.
pub fn probe(server: ServerBuilder) -> ServerBuilder {
    let events = Topic::with_capacity(TOPIC_KEEPS);
    server.service(ProbeService::new(Prober { board: Arc::default(), events }))
}

struct Prober {
    board: Arc<Board>,
    events: Topic<u64>,
}

impl Probe for Prober {
    async fn echo(&self, text: String) -> String {
        self.board.ran();
        text
    }

    async fn add(&self, a: i64, b: i64) -> i64 {
        self.board.ran();
        a.wrapping_add(b)
    }

    async fn blob(&self, bytes: Bytes) -> Bytes {
        bytes
    }

    async fn hold(&self, gate: String) {
        self.board.ran();
        let stay = self.board.stay();
        self.board.held();
        self.board.until(|census| census.open.contains(&gate)).await;
        stay.finish();
    }

    async fn hold_big(&self, gate: String, size: u32) -> String {
        self.hold(gate).await;
        self.big(size).await
    }

    async fn open(&self, gate: String) {
        self.board.open(gate);
    }

    async fn census(&self) -> Census {
        self.board.census()
    }

    async fn until_held(&self, count: u64) -> Census {
        self.board.until(|census| census.held >= count).await
    }

    async fn until_dropped(&self, count: u64) -> Census {
        self.board.until(|census| census.dropped >= count).await
    }

    async fn panic(&self) {
        panic!("as the test asked");
    }

    async fn consent(&self, refuse: bool) -> Result<String, ProbeError> {
        let reason = "the test asked for it".to_owned();
        if refuse { Err(ProbeError::Refused { reason }) } else { Ok("yes".to_owned()) }
    }

    async fn fuse(&self, _: Option<Fuse>) -> Fuse {
        Fuse
    }

    async fn odd(&self) -> Odd {
        Odd::default()
    }

    async fn big(&self, size: u32) -> String {
        "x".repeat(size as usize)
    }

    fn count(&self, to: u64) -> impl Stream<Item = u64> {
        stream::iter(1..=to)
    }

    fn endless(&self) -> impl Stream<Item = u64> {
        let stay = self.board.stay();
        stream::unfold((1, stay), |(number, stay)| async move { Some((number, (number + 1, stay))) })
    }

    fn flood(&self, size: u32) -> impl Stream<Item = String> {
        let stay = self.board.stay();
        stream::unfold(stay, move |stay| async move { Some(("x".repeat(size as usize), stay)) })
    }

    fn stumble(&self, after: u64) -> impl Stream<Item = Result<u64, ProbeError>> {
        let no = ProbeError::Refused { reason: "so far and no further".to_owned() };
        stream::iter((1..=after).map(Ok).chain([Err(no)]))
    }

    fn events(&self, since: Option<u64>) -> Subscription<u64> {
        self.events.subscribe(since)
    }

    async fn publish(&self, count: u64) -> u64 {
        (0..count).fold(self.events.last(), |last, _| self.events.publish(last + 1))
    }

    async fn work(&self, cx: &Context, steps: u64) -> u64 {
        for step in 1..=steps {
            cx.progress(Progress::new(step, Some(steps), "working"));
        }
        self.board.until(|census| census.open.contains("work")).await;
        steps
    }

    async fn ask(&self, cx: &Context, questions: u64) -> Result<u64, ProbeError> {
        let guest = GuestClient::new(Client::to_caller(cx));
        let answers = (1..=questions).map(|question| {
            let guest = guest.clone();
            async move { guest.double(question).await.map(|answer| u64::from(answer == 2 * question)) }
        });
        let answers = futures_util::future::try_join_all(answers).await;
        let right = answers.map_err(|error| ProbeError::Unanswered { code: error.code().to_owned() })?;
        Ok(right.into_iter().sum())
    }

    async fn note(&self) {
        self.board.noted();
    }

    async fn until_noted(&self, count: u64) {
        self.board.until(|census| census.noted >= count).await;
    }
}
