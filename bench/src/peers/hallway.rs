//! Hallway: what everything else is compared with. Its public interface, with the budgets that it has by itself.

use std::time::{Duration, Instant};

use futures_util::Stream;
use hallway::connection::Wire;
use hallway::encoding::Encoding;
use hallway::framing::Framing;
use hallway::limits::Limits;
use hallway::protocol::Protocol;
use hallway::transport::{Address, unix};
use hallway::{Bytes, Server};

use super::driven::{Asynchronous, Caller};
use super::{Client, Peer, Ready, expect, laps};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{BULK, Item, Message, STREAM, bulk_text};
use crate::place::Site;
use crate::runtime::Runtime;

/// What is measured.
#[hallway::service(name = "bench", version = "1.0")]
pub trait Bench {
    /// The message.
    async fn echo(&self, id: u64, text: String) -> Message;

    /// The text.
    #[params_max = 4 * 1024 * 1024]
    async fn text(&self, text: String) -> String;

    /// The data.
    #[params_max = 4 * 1024 * 1024]
    async fn data(&self, data: Bytes) -> Bytes;

    /// So many items.
    fn items(&self, count: u32) -> impl Stream<Item = Item>;
}

struct Echo;

impl Bench for Echo {
    async fn echo(&self, id: u64, text: String) -> Message {
        Message { id, text }
    }

    async fn text(&self, text: String) -> String {
        text
    }

    async fn data(&self, data: Bytes) -> Bytes {
        data
    }

    fn items(&self, count: u32) -> impl Stream<Item = Item> + Send {
        futures_util::stream::iter((0..u64::from(count)).map(|id| Item { id }))
    }
}

/// How values are written; the large payload is text in JSON.
#[derive(Debug, Clone, Copy)]
enum Values {
    Json,
    Msgpack,
}

impl Values {
    fn wire(self) -> Outcome<Wire> {
        let encoding = match self {
            Self::Json => Encoding::Json,
            Self::Msgpack => Encoding::MsgPack,
        };
        Ok(Wire::new(Framing::Length, encoding, Protocol::Native).ok_or("no such wire")?)
    }
}

/// The large payload.
pub enum Payload {
    Text(String),
    Data(Bytes),
}

impl Payload {
    fn new(values: Values) -> Self {
        match values {
            Values::Json => Self::Text(bulk_text()),
            Values::Msgpack => Self::Data(Bytes(vec![7; BULK])),
        }
    }
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Data(data) => &data.0,
        }
    }
}

/// The asynchronous client.
#[derive(Debug)]
pub struct Hallway {
    name: &'static str,
    about: &'static str,
    values: Values,
    /// Both sides spin.
    spins: bool,
}

impl Hallway {
    pub const JSON: Self = Self {
        name: "hallway",
        about: "Hallway, JSON, length-framed; 1 MiB as text",
        values: Values::Json,
        spins: false,
    };

    pub const SPINNING: Self = Self {
        name: "hallway-spinning",
        about: "the same, both sides built with `spin(true)`",
        values: Values::Json,
        spins: true,
    };

    pub const MSGPACK: Self = Self {
        name: "hallway-msgpack",
        about: "Hallway, MessagePack, length-framed; 1 MiB as `hallway::Bytes`",
        values: Values::Msgpack,
        spins: false,
    };
}

impl Asynchronous for Hallway {
    type Caller = Calls;

    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        serve(site, ready, self.spins).await
    }

    async fn connect(&self, site: &Site) -> Outcome<Calls> {
        let client = hallway::Client::builder().wire(self.values.wire()?).spin(self.spins);
        let client = BenchClient::new(client.connect(Address::Unix(site.socket())).await?);
        Ok(Calls { client, values: self.values })
    }
}

/// The budgets are the usual ones, except that one client may have as many connections as `memory` makes.
async fn serve(site: &Site, ready: Ready, spins: bool) -> Outcome {
    let mut limits = Limits::default();
    limits.connections = usize::MAX;
    limits.connections_of_peer = usize::MAX;
    let server = Server::builder().service(BenchService::new(Echo)).limits(limits).spin(spins).build();
    let listener = unix::Listener::bind(site.socket())?;
    ready.say();
    Ok(server.serve(listener).await?)
}

#[derive(Clone)]
pub struct Calls {
    client: BenchClient,
    values: Values,
}

impl Caller for Calls {
    type Bulk = Payload;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        Ok(self.client.echo(message.id, message.text).await?)
    }

    fn payload(&self) -> Payload {
        Payload::new(self.values)
    }

    async fn bulk(&self, payload: Payload) -> Outcome<Payload> {
        Ok(match payload {
            Payload::Text(text) => Payload::Text(self.client.text(text).await?),
            Payload::Data(data) => Payload::Data(self.client.data(data).await?),
        })
    }

    async fn stream(&self) -> Outcome<u64> {
        let mut items = self.client.items(STREAM).await?;
        let mut came = 0;
        while let Some(item) = items.next().await {
            expect(item?.id == came)?;
            came += 1;
        }
        Ok(came)
    }
}

/// The blocking client, to the same server on one thread.
#[derive(Debug)]
pub struct Blocking {
    name: &'static str,
    about: &'static str,
    values: Values,
    /// Both sides spin.
    spins: bool,
}

impl Blocking {
    pub const JSON: Self = Self {
        name: "hallway-blocking",
        about: "Hallway's blocking client to the same server, JSON",
        values: Values::Json,
        spins: false,
    };

    pub const SPINNING: Self = Self {
        name: "hallway-blocking-spinning",
        about: "the same, both sides built with `spin(true)`",
        values: Values::Json,
        spins: true,
    };

    pub const MSGPACK: Self = Self {
        name: "hallway-blocking-msgpack",
        about: "Hallway's blocking client to the same server, MessagePack",
        values: Values::Msgpack,
        spins: false,
    };
}

impl Peer for Blocking {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::CURRENT
    }

    /// It has one call under way at a time.
    fn does(&self, measure: Measure) -> bool {
        !matches!(measure, Measure::Pipelined | Measure::Many | Measure::Memory)
    }

    fn serve(&self, site: &Site, runtime: Runtime, ready: Ready) -> Outcome {
        runtime.build()?.block_on(serve(site, ready, self.spins))
    }

    fn connect(&self, site: &Site, _: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        expect(connections == 1)?;
        let client = hallway::blocking::Client::builder().wire(self.values.wire()?).spin(self.spins);
        let client = BenchBlockingClient::new(client.connect(Address::Unix(site.socket()))?);
        Ok(Box::new(Waiting { client, values: self.values }))
    }
}

struct Waiting {
    client: BenchBlockingClient,
    values: Values,
}

impl Client for Waiting {
    fn sequential(&mut self, until: Instant) -> Outcome<Vec<Duration>> {
        laps(until, |id| {
            let message = Message::new(id);
            expect(self.client.echo(message.id, message.text)?.answers(id))
        })
    }

    fn pipelined(&mut self, _: usize, _: Instant) -> Outcome<u64> {
        Err("a blocking client has one call under way".into())
    }

    fn bulk(&mut self, until: Instant) -> Outcome<u64> {
        let mut payload = Payload::new(self.values);
        let laps = laps(until, |_| {
            payload = match std::mem::replace(&mut payload, Payload::Text(String::new())) {
                Payload::Text(text) => Payload::Text(self.client.text(text)?),
                Payload::Data(data) => Payload::Data(self.client.data(data)?),
            };
            expect(payload.as_ref().len() == BULK)
        })?;
        Ok(laps.len() as u64)
    }

    fn stream(&mut self, until: Instant) -> Outcome<u64> {
        let mut done = 0;
        while Instant::now() < until {
            for (id, item) in (0..).zip(self.client.items(STREAM)?) {
                expect(item?.id == id)?;
                done += 1;
            }
        }
        Ok(done)
    }

    fn greet(&mut self) -> Outcome {
        let message = Message::new(0);
        expect(self.client.echo(message.id, message.text)?.answers(0))
    }
}
