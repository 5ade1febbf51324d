use futures_util::FutureExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hallway::connection::Wire;
use hallway::protocol::{Call, Goaway, Hello, Id, Message, Progress, Protocol, WireError};
use hallway::transport::{Duplex, WriteHalf};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::judge::Judge;
use super::pipe::Gauge;
use super::settle;
use crate::choices::Choices;

/// The other end of a connection, which does what the fuzzer chooses, and hears what comes of it.
pub(super) struct Stranger {
    wire: Wire,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn WriteHalf>,
    gauge: Arc<Gauge>,
    judge: Judge,
    /// Said, and not taken yet.
    unsent: Vec<u8>,
    /// The library has closed.
    ended: bool,
    /// Nothing more is said.
    finished: bool,
}

/// The token of a listener that asks for one.
pub(super) const TOKEN: &str = "open sesame";

impl Stranger {
    /// Speaks `wire`; `judge` knows what is spoken or waits for it.
    pub(super) fn new(wire: Wire, judge: Judge, connection: Duplex, gauge: Arc<Gauge>) -> Self {
        let (reader, writer) = connection.stream.into_halves();
        Self { wire, reader, writer, gauge, judge, unsent: Vec::new(), ended: false, finished: false }
    }

    pub(super) fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Speaks otherwise from now on.
    pub(super) fn speak(&mut self, wire: Wire) {
        self.wire = wire;
    }

    /// Whether it can still say something.
    pub(super) fn speaks_on(&self) -> bool {
        !self.finished && !self.ended
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Does one thing.
    pub(super) async fn act(&mut self, choices: &mut Choices<'_>) {
        match choices.within(0..=19) {
            0 => self.say(choices.some()),
            1..=4 => {
                let call = call(choices);
                self.send(&call);
            }
            5 => self.send(&Message::Cancel::<()> { id: self.id(choices) }),
            6 => {
                let items = u32::try_from(choices.number()).unwrap_or(u32::MAX);
                self.send(&Message::Grant::<()> { id: self.id(choices), items });
            }
            7 => {
                let token = [None, Some(TOKEN), Some("open barley")];
                let hello = Hello::new("stranger").with_token(choices.one_of(&token).map(str::to_owned));
                self.send(&Message::Hello::<()>(hello));
            }
            8 => {
                let frame = framed(self.wire, &call(choices));
                let kept = usize::from(choices.byte()) * frame.len() / 256;
                self.say(&frame[..kept]);
            }
            9 => {
                let most = usize::from(choices.byte()) * 64 + 1;
                self.listen(most);
            }
            10 => settle().await,
            kind @ 11..=16 => {
                let words = served(self.wire, kind - 11, self.judge.theirs().max(1), choices);
                self.say(&words);
            }
            17 => {
                let count = choices.within(1..=4);
                let list: Vec<Value> = (0..count).map(|_| in_list(choices)).collect();
                let frame = framed_body(self.wire, Value::from(list).to_string().as_bytes());
                self.say(&frame);
            }
            18 => {
                let time = Duration::from_millis(choices.number().min(TIME_MAX));
                // What has been said was in time, and whose time has passed says so before anything else is said.
                settle().await;
                tokio::time::advance(time).await;
                settle().await;
            }
            _ => {
                if choices.byte().is_multiple_of(8) {
                    self.finish().await;
                }
            }
        }
        self.push();
    }

    /// Says a message in the wire of this connection.
    pub(super) fn send<P: serde::Serialize>(&mut self, message: &Message<'_, P>) {
        let frame = framed(self.wire, message);
        self.say(&frame);
    }

    fn id(&self, choices: &mut Choices<'_>) -> Id {
        some_id(self.wire, self.judge.theirs().max(1), choices)
    }

    fn say(&mut self, bytes: &[u8]) {
        if !self.finished {
            self.unsent.extend_from_slice(bytes);
        }
    }

    /// Has the library given what it takes. Whether that was anything.
    fn push(&mut self) -> bool {
        // What it has said before it could know what is spoken is no message of what it is told now.
        while !self.unsent.is_empty() && !self.judge.knows_what_is_spoken() && self.listen(HEARD_AT_ONCE) {}
        let mut moved = false;
        while !self.unsent.is_empty() {
            let written = self.writer.write(&self.unsent).now_or_never();
            let Some(Ok(written @ 1..)) = written else {
                // It does not listen any more.
                if written.is_some() {
                    self.unsent.clear();
                }
                break;
            };
            self.judge.said(&self.unsent[..written]);
            self.unsent.drain(..written);
            moved = true;
        }
        moved
    }

    /// Hears so many bytes, if there are any.
    fn listen(&mut self, most: usize) -> bool {
        let mut buffer = vec![0; most];
        match self.reader.read(&mut buffer).now_or_never() {
            None => false,
            Some(Ok(length @ 1..)) => {
                self.judge.heard(&buffer[..length]);
                true
            }
            Some(_) => {
                self.ended = true;
                false
            }
        }
    }

    /// Says everything that is left and hears everything that comes, until nothing does.
    pub(super) async fn hear_out(&mut self) {
        loop {
            settle().await;
            let said = self.push();
            let mut heard = false;
            while self.listen(HEARD_AT_ONCE) {
                heard = true;
            }
            if !said && !heard {
                return;
            }
        }
    }

    /// Says nothing more, and still listens.
    pub(super) async fn finish(&mut self) {
        self.push();
        if self.unsent.is_empty() && !std::mem::replace(&mut self.finished, true) {
            self.judge.finished();
            let _gone = self.writer.shutdown().await;
        }
    }

    /// Goes, and leaves what has not been said or heard.
    pub(super) fn go(self) -> Arc<Gauge> {
        self.gauge.gone.store(true, Ordering::Relaxed);
        self.gauge
    }
}

/// How many kinds of things one can say who serves.
pub(super) const KINDS_SERVED: u8 = 6;

/// What somebody says who serves; the library's highest id is `theirs`.
pub(super) fn served(wire: Wire, kind: u8, theirs: u64, choices: &mut Choices<'_>) -> Vec<u8> {
    let id = |choices: &mut Choices<'_>| some_id(wire, theirs, choices);
    match kind {
        0 => framed(wire, &Message::Result { id: id(choices), value: Some(value(choices)) }),
        1 => {
            let code = choices.one_of(&["busy", "closing", "cancelled", "deadline_exceeded", "no"]);
            let id = choices.flag().then(|| id(choices));
            framed(wire, &Message::Error::<()> { id, error: WireError::new(code, "as chosen") })
        }
        2 => {
            let seq = choices.flag().then(|| choices.number());
            framed(wire, &Message::Item { id: id(choices), seq, value: value(choices) })
        }
        3 => {
            let (id, done, next) = (id(choices), choices.number(), choices.number());
            if choices.flag() {
                return framed(wire, &Message::Lagged::<()> { id, missed: done, next });
            }
            let progress = Progress::new(done, Some(next), "on the way");
            framed(wire, &Message::Progress::<()> { id, progress })
        }
        4 => framed(wire, &Message::Goaway::<()>(Goaway::new("closing", "as chosen", choices.number()))),
        _ => framed_body(wire, choices.some()),
    }
}

fn framed<P: serde::Serialize>(wire: Wire, message: &Message<'_, P>) -> Vec<u8> {
    let mut out = Vec::new();
    wire.write(message, &mut out).expect("a message that can be written");
    out
}

fn framed_body(wire: Wire, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let framed = wire.framing().frame(&mut out, |out| {
        out.extend_from_slice(body);
        Ok::<(), std::convert::Infallible>(())
    });
    match framed {
        Ok(()) => out,
    }
}

/// An id: of a call of the library's, of one of our own, or of none.
fn some_id(wire: Wire, theirs: u64, choices: &mut Choices<'_>) -> Id {
    match choices.within(0..=3) {
        0 => Id::Number(theirs),
        _ => id(choices, wire.protocol()),
    }
}

/// How much is heard in one go where everything is.
const HEARD_AT_ONCE: usize = 64 * 1024;

/// Longer than any deadline of the library's but the longest that a call may have.
const TIME_MAX: u64 = 60 * 60 * 1000;

const METHODS: &[&str] = &[
    "desk.echo",
    "desk.refuse",
    "desk.wait",
    "desk.later",
    "desk.long",
    "desk.count",
    "desk.told",
    "desk.tell",
    "desk.ask",
    "desk.work",
    "desk.note",
    "hallway.ping",
    "hallway.status",
    "hallway.describe",
    "hallway.stop",
    "desk.nothing",
    "nobody.home",
    "",
];

/// A call that is well written, of a method that may not be there.
fn call(choices: &mut Choices<'_>) -> Message<'static, Value> {
    let method = choices.one_of(METHODS);
    let id = choices.within(0..=15);
    let id = (id > 0).then(|| Id::Number(id.into()));
    let params = params(method, choices);
    let mut call = Call::new(id, method, Some(params));
    let more = choices.byte();
    if more & 1 > 0 {
        call.deadline_ms = Some(choices.number());
    }
    if more & 2 > 0 {
        call.window = Some(u32::try_from(choices.number()).unwrap_or(u32::MAX));
    }
    Message::Call(call)
}

fn params(method: &str, choices: &mut Choices<'_>) -> Value {
    let number = choices.number();
    match method {
        "desk.echo" => json!({ "text": String::from_utf8_lossy(choices.some()) }),
        "desk.later" => json!({ "turns": number }),
        "desk.long" => json!({ "kib": number }),
        "desk.count" => json!({ "to": number }),
        "desk.told" => json!({ "since": choices.flag().then_some(number) }),
        "desk.tell" => json!({ "count": number }),
        "desk.work" => json!({ "steps": number, "workDoneToken": number }),
        _ => json!({}),
    }
}

/// A member of a list of messages in JSON-RPC.
fn in_list(choices: &mut Choices<'_>) -> Value {
    let Message::Call(Call { id, method, params, .. }) = call(choices) else { unreachable!("it is a call") };
    match id {
        Some(Id::Number(id)) => json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }),
        _ => json!({ "jsonrpc": "2.0", "method": method, "params": params }),
    }
}

fn id(choices: &mut Choices<'_>, protocol: Protocol) -> Id {
    match choices.number() {
        _ if protocol != Protocol::Native && choices.flag() => Id::Text("a".into()),
        number => Id::Number(number.clamp(1, Id::NUMBER_MAX)),
    }
}

fn value(choices: &mut Choices<'_>) -> Value {
    match choices.within(0..=3) {
        0 => Value::Null,
        1 => choices.number().into(),
        2 => String::from_utf8_lossy(choices.some()).into(),
        _ => json!({ "numbers": [choices.byte(), choices.byte()] }),
    }
}
