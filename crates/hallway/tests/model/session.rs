//! A real server and the bytes of its peer, next to the reference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use hallway::Server;
use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Raw;
use hallway::limits::Limits;
use hallway::protocol::{Id, Message};
use hallway::transport::{WriteHalf, memory};
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};

use crate::puppet::{ModelService, Puppet};
use crate::reference::{OPEN_MAX, PLACES, Reference, SUBSCRIPTIONS_MAX};
use crate::step::{Method, Step, Word};

/// How long a step takes: two ticks of the clock, so that what is due at the odd one is over at the end.
pub(crate) const TICK_MS: u64 = 2;

/// Something that the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Result(Option<u64>),
    Error(String),
    Item { seq: Option<u64>, value: u64 },
    Lagged { missed: u64, next: u64 },
    Goaway { code: String, last: u64 },
    End,
}

/// What is to be compared after a step: what was said, by the id of the call, and the handlers that are held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) said: BTreeMap<Option<u64>, Vec<Said>>,
    pub(crate) held: Vec<u64>,
}

impl Seen {
    pub(crate) fn say(&mut self, id: Option<u64>, said: Said) {
        self.said.entry(id).or_default().push(said);
    }
}

pub(crate) struct Session {
    server: Server,
    puppet: Puppet,
    reference: Reference,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn WriteHalf>,
    inbox: Inbox,
    /// The key of the next call, which names its handler.
    key: u64,
}

impl Session {
    /// A new server, whose budgets are so small that a few calls are at their ends.
    pub(crate) fn start() -> Self {
        let mut limits = Limits::default();
        limits.calls_running = PLACES;
        limits.subscriptions = SUBSCRIPTIONS_MAX;
        limits.calls_open_all = OPEN_MAX;
        let puppet = Puppet::new();
        let service = ModelService::new(puppet.clone());
        let server = Server::builder().wire(Wire::NATIVE).limits(limits).service(service).build();
        let (ours, theirs) = memory::pair();
        server.serve_connection(theirs);
        let (reader, writer) = ours.stream.into_halves();
        let inbox = Inbox::new(Wire::NATIVE);
        Self { server, puppet, reference: Reference::default(), reader, writer, inbox, key: 0 }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.reference.is_open()
    }

    /// Takes a step; what was seen, and what should have been.
    pub(crate) async fn take(&mut self, step: &Step) -> (Seen, Seen) {
        let mut time = TICK_MS;
        match step {
            Step::Say(words) => {
                let mut bytes = Vec::new();
                for word in words {
                    self.key += 1;
                    let body = body(word, self.key, self.reference.deadline(word));
                    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
                    bytes.extend(body.as_bytes());
                    self.reference.hear(word, self.key);
                }
                let written = self.writer.write_all(&bytes).now_or_never();
                written.expect("there is room for a few messages").expect("the connection is open");
            }
            Step::Finish { which, refuses } => {
                let held = self.puppet.held();
                if let Some(key) = held.get(usize::from(*which) % held.len().max(1)) {
                    self.puppet.finish(*key, *refuses);
                    self.reference.finish(*key, *refuses);
                }
            }
            Step::Publish(events) => {
                (0..*events).for_each(|_| self.puppet.publish());
                self.reference.publish((*events).into());
            }
            Step::Skip => (),
            Step::Wait(ms) => time = (*ms).into(),
            Step::Drain => {
                self.server.handle().drain("a step");
                self.reference.drain();
            }
        }
        let expected = self.reference.rest(time);
        // The clock stands still while anything has something to do: this is over when nothing has.
        tokio::time::sleep(Duration::from_millis(time)).await;
        (self.see(), expected)
    }

    /// Everything that has been said since the last time.
    fn see(&mut self) -> Seen {
        let mut seen = Seen { held: self.puppet.held(), ..Seen::default() };
        let mut buffer = [0; 4096];
        loop {
            let mut read = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.reader).poll_read(&mut Context::from_waker(Waker::noop()), &mut read) {
                Poll::Pending => return seen,
                Poll::Ready(outcome) => outcome.expect("a connection within the process does not fail"),
            }
            if read.filled().is_empty() {
                seen.say(None, Said::End);
                return seen;
            }
            let hear = |received: Received<'_>| match received {
                Received::Message(message) => hear(&mut seen, message),
                other => panic!("the server says what nobody understands: {other:?}"),
            };
            self.inbox.receive(read.filled(), hear).expect("the server sends whole frames");
        }
    }
}

fn hear(seen: &mut Seen, message: Message<'_, Raw<'_>>) {
    let number = |id: &Id| match id {
        Id::Number(number) => *number,
        other => panic!("an id that nobody has used: {other:?}"),
    };
    match message {
        Message::Result { id, value } => {
            let value = value.and_then(|value| value.decode().expect("a number or nothing"));
            seen.say(Some(number(&id)), Said::Result(value));
        }
        Message::Error { id, error } => seen.say(id.as_ref().map(number), Said::Error(error.code)),
        Message::Item { id, seq, value } => {
            let value = value.decode().expect("a number");
            seen.say(Some(number(&id)), Said::Item { seq, value });
        }
        Message::Lagged { id, missed, next } => seen.say(Some(number(&id)), Said::Lagged { missed, next }),
        Message::Goaway(goaway) => {
            seen.say(None, Said::Goaway { code: goaway.code.to_string(), last: goaway.last });
        }
        other => panic!("nobody has asked for {other:?}"),
    }
}

/// A word as it is written.
fn body(word: &Word, key: u64, deadline: Option<u64>) -> String {
    match word {
        Word::Call { id, method, .. } => {
            let mut body = String::from("{");
            if let Some(id) = id {
                write!(body, r#""id":{id},"#).unwrap();
            }
            if let Some(ms) = deadline {
                write!(body, r#""deadline_ms":{ms},"#).unwrap();
            }
            match method {
                Method::Answer => write!(body, r#""call":"model.answer","params":{{"key":{key}}}}}"#),
                Method::Hold => write!(body, r#""call":"model.hold","params":{{"key":{key}}}}}"#),
                Method::Bulk => write!(body, r#""call":"model.bulk","params":{{"key":{key}}}}}"#),
                Method::Numbers { to, window } => {
                    write!(body, r#""window":{window},"call":"model.numbers","params":{{"to":{to}}}}}"#)
                }
                Method::Watch { since: Some(since), window } => {
                    write!(body, r#""window":{window},"call":"model.watch","params":{{"since":{since}}}}}"#)
                }
                Method::Watch { since: None, window } => {
                    write!(body, r#""window":{window},"call":"model.watch"}}"#)
                }
                Method::Missing => write!(body, r#""call":"model.missing"}}"#),
                Method::Misfit => write!(body, r#""call":"model.hold","params":{{"key":"x"}}}}"#),
            }
            .unwrap();
            body
        }
        Word::Cancel(id) => format!(r#"{{"id":{id},"cancel":true}}"#),
        Word::Grant(id, items) => format!(r#"{{"id":{id},"grant":{items}}}"#),
        Word::Answer(id) => format!(r#"{{"id":{id},"result":1}}"#),
        Word::Strange(Some(id)) => format!(r#"{{"id":{id},"dance":1}}"#),
        Word::Strange(None) => r#"{"dance":1}"#.to_owned(),
        Word::Noise => "noise".to_owned(),
    }
}
