//! The hot path and nothing else, for whoever counts its instructions: `cargo xtask gate instructions`.
//!
//! `hot_path PART N` does a part of what a call consists of N times; what one time costs is the difference of two runs.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that does not do what it measures has no use"
)]

use std::hint::black_box;

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt as _};
use hallway::connection::{Inbox, Received, Wire};
use hallway::protocol::{Call, Id, Message};
use hallway::transport::memory;
use hallway::{Client, Server};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What goes there and back.
#[hallway::service(name = "echo", version = "1.0")]
trait Echo {
    /// The same again.
    async fn echo(&self, id: u64, text: String) -> Echoed;

    /// So many of them.
    fn count(&self, to: u64) -> impl Stream<Item = Echoed>;
}

/// A small message.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
struct Echoed {
    id: u64,
    text: String,
}

struct Echoes;

impl Echo for Echoes {
    async fn echo(&self, id: u64, text: String) -> Echoed {
        Echoed { id, text }
    }

    fn count(&self, to: u64) -> impl Stream<Item = Echoed> {
        futures_util::stream::iter((0..to).map(|id| Echoed { id, text: TEXT.to_owned() }))
    }
}

const TEXT: &str = "sixty-four bytes of text, none of which has to be escaped: 12345";

/// How many calls are under way at once where several are.
const AT_ONCE: u64 = 64;

fn encode(times: u64) {
    let mut out = Vec::new();
    for id in 1..=times {
        out.clear();
        let params = Echoed { id, text: TEXT.to_owned() };
        let call = Call::new(Some(Id::Number(id)), "echo.echo", Some(&params));
        Wire::NATIVE.write(&Message::Call(call), &mut out).expect("it can be written");
        black_box(&out);
    }
}

fn decode(times: u64) {
    let mut frame = Vec::new();
    let params = Echoed { id: 7, text: TEXT.to_owned() };
    let call = Call::new(Some(Id::Number(7)), "echo.echo", Some(&params));
    Wire::NATIVE.write(&Message::Call(call), &mut frame).expect("it can be written");
    let mut inbox = Inbox::new(Wire::NATIVE);
    for _ in 0..times {
        let each = |received: Received<'_>| {
            let Received::Message(Message::Call(call)) = received else { panic!("{received:?}") };
            let params: Echoed = call.params.expect("it has some").decode().expect("they can be read");
            black_box(params);
        };
        inbox.receive(&frame, each).expect("it is a frame");
    }
}

async fn client() -> EchoClient {
    let (ours, theirs) = memory::pair();
    Server::builder().service(EchoService::new(Echoes)).build().serve_connection(theirs);
    let client = EchoClient::new(Client::builder().over(ours));
    client.echo(0, String::new()).await.expect("it answers");
    client
}

/// A server alone: calls come as bytes, and the answers are only counted.
async fn dispatch(times: u64) {
    let (ours, theirs) = memory::pair();
    Server::builder().service(EchoService::new(Echoes)).build().serve_connection(theirs);
    let (mut reader, mut writer) = ours.stream.into_halves();
    let (mut inbox, mut read) = (Inbox::new(Wire::NATIVE), vec![0; 64 * 1024]);
    let mut id = 0;
    while id < times {
        let mut calls = Vec::new();
        let last = id + AT_ONCE.min(times - id);
        while id < last {
            id += 1;
            let params = Echoed { id, text: TEXT.to_owned() };
            let call = Call::new(Some(Id::Number(id)), "echo.echo", Some(&params));
            Wire::NATIVE.write(&Message::Call(call), &mut calls).expect("it can be written");
        }
        writer.write_all(&calls).await.expect("it is taken");
        let mut answered = 0;
        while answered < last {
            let size = reader.read(&mut read).await.expect("there are answers");
            let each = |received: Received<'_>| {
                let Received::Message(Message::Result { id: Id::Number(id), .. }) = received else {
                    panic!("{received:?}")
                };
                answered = id;
            };
            inbox.receive(read.get(..size).unwrap_or_default(), each).expect("it is a frame");
        }
    }
}

async fn one_by_one(times: u64) {
    let client = client().await;
    for id in 1..=times {
        black_box(client.echo(id, TEXT.to_owned()).await.expect("it answers"));
    }
}

async fn at_once(times: u64) {
    let client = client().await;
    let mut under_way: FuturesUnordered<_> = FuturesUnordered::new();
    for id in 1..=times {
        under_way.push(client.echo(id, TEXT.to_owned()));
        if under_way.len() as u64 == AT_ONCE {
            while let Some(answer) = under_way.next().await {
                black_box(answer.expect("it answers"));
            }
        }
    }
}

async fn stream(times: u64) {
    let client = client().await;
    let mut items = client.count(times).await.expect("it begins");
    while let Some(item) = items.next().await {
        black_box(item.expect("there is more"));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().ok_or("which part?")?;
    let times = arguments.next().ok_or("how often?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    match part.as_str() {
        "encode" => encode(times),
        "decode" => decode(times),
        "dispatch" => runtime.block_on(dispatch(times)),
        "call" => runtime.block_on(one_by_one(times)),
        "calls" => runtime.block_on(at_once(times)),
        "stream" => runtime.block_on(stream(times)),
        _ => return Err("the parts are encode, decode, dispatch, call, calls, stream".into()),
    }
    Ok(())
}
