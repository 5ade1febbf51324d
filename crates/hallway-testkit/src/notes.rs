//! The pad of notes: the service that the conversations in `spec/vectors` and the examples of `spec/wire.md` are held
//! with. `spec/vectors/README.md` describes it.

use std::future::pending;

use futures_core::Stream;
use hallway::service::Method;
use hallway::{Bytes, CallError, Client, Context, Progress, Subscription, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// A pad of notes.
#[hallway::service(name = "notes", version = "1.2")]
pub trait Notes {
    /// Adds a note, and returns its number.
    async fn add(&self, text: String) -> Result<u64, NotesError>;

    /// The notes that hold a word.
    #[idempotent]
    async fn find(
        &self,
        /// The word.
        word: String,
        /// How many at most.
        #[default(50)]
        limit: u32,
    ) -> Vec<Note>;

    /// The numbers from 1 on.
    fn numbers(&self, to: u64) -> impl Stream<Item = u64>;

    /// Notes as they are added.
    fn watch(&self, since: Option<u64>) -> Subscription<Note>;

    /// Adds many notes at once, and tells how far it is.
    #[bulk]
    #[params_max = 4096]
    async fn import(&self, cx: &Context, count: u64) -> u64;

    /// Gives binary data back.
    #[params_max = hallway::limits::FRAME_MAX]
    async fn echo(&self, data: Bytes) -> Bytes;

    /// Asks the caller's own `editor.confirm` first.
    async fn clear(&self, cx: &Context) -> bool;

    /// Never answers.
    async fn sleep(&self);

    /// Panics.
    async fn crash(&self);

    /// Text of this length.
    async fn long(&self, bytes: u64) -> String;

    /// A value that no encoding can write.
    async fn odd(&self) -> Odd;
}

/// One note.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    number: u64,
    text: String,
}

/// How the pad says no.
#[derive(Debug, Clone, PartialEq, hallway::Error)]
pub enum NotesError {
    /// A note needs text.
    #[error("a note of {length} characters is no note")]
    Empty {
        /// How many characters it had.
        length: u64,
    },
    /// Somebody else writes.
    #[error("the pad is locked; try again", retryable)]
    Locked,
}

/// A value that cannot be written.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Odd {}

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("there are no words for it"))
    }
}

/// A pad with five notes of which the last two are still told to subscribers.
#[derive(Debug)]
pub struct Pad {
    added: Topic<Note>,
}

impl Pad {
    /// The pad, as a server takes it.
    #[must_use]
    pub fn service() -> NotesService<Self> {
        let added = Topic::with_capacity(2);
        for number in 1..=5 {
            added.publish(note(number));
        }
        NotesService::new(Self { added })
    }
}

fn note(number: u64) -> Note {
    Note { number, text: format!("note {number}") }
}

impl Notes for Pad {
    async fn add(&self, text: String) -> Result<u64, NotesError> {
        match text.as_str() {
            "" => Err(NotesError::Empty { length: 0 }),
            "locked" => Err(NotesError::Locked),
            _ => Ok(self.added.publish(Note { number: 6, text })),
        }
    }

    async fn find(&self, word: String, limit: u32) -> Vec<Note> {
        (1..=5).map(note).filter(|note| note.text.contains(&word)).take(limit as usize).collect()
    }

    fn numbers(&self, to: u64) -> impl Stream<Item = u64> {
        futures_util::stream::iter(1..=to)
    }

    fn watch(&self, since: Option<u64>) -> Subscription<Note> {
        self.added.subscribe(since)
    }

    async fn import(&self, cx: &Context, count: u64) -> u64 {
        cx.progress(Progress::new(0, Some(count), "reading"));
        cx.progress(Progress::new(count, Some(count), ""));
        count
    }

    async fn echo(&self, data: Bytes) -> Bytes {
        data
    }

    async fn clear(&self, cx: &Context) -> bool {
        static CONFIRM: Method = Method { name: "editor.confirm", idempotent: false };
        let question = std::collections::BTreeMap::from([("question", "Throw all notes away?")]);
        let answer: Result<bool, CallError> = Client::to_caller(cx).call(&CONFIRM, &question).await;
        answer.unwrap_or(false)
    }

    async fn sleep(&self) {
        pending::<()>().await;
    }

    async fn crash(&self) {
        panic!("as asked");
    }

    async fn long(&self, bytes: u64) -> String {
        "x".repeat(usize::try_from(bytes).unwrap())
    }

    async fn odd(&self) -> Odd {
        Odd {}
    }
}

#[cfg(test)]
#[test]
fn the_errors_are_what_the_files_expect() {
    use hallway::service::ServiceError as _;
    let codes = [NotesError::Empty { length: 0 }.to_wire().code, NotesError::Locked.to_wire().code];
    assert_eq!(codes, ["empty", "locked"]);
}
