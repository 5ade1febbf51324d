//! zlink, which speaks Varlink: its server and its proxy, as its documentation shows them; many calls are a chain.

use std::pin::pin;
use std::time::Instant;

use futures_util::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use zlink::introspect::{self, CustomType};
use zlink::tokio::unix;
use zlink::{Reply, Server, proxy, service};

use super::local::{Held, Local};
use super::{Client, Peer, Ready, Shift, expect};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{Message, STREAM, bulk_text};
use crate::place::Site;
use crate::runtime::Runtime;

#[derive(Debug, Clone, Serialize, Deserialize, CustomType)]
struct Echoed {
    id: u64,
    text: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, CustomType)]
struct Item {
    id: u64,
}

#[derive(Debug, Clone, PartialEq, zlink::ReplyError, introspect::ReplyError)]
#[zlink(interface = "org.example.Bench")]
enum BenchError {
    NotDone,
}

struct Echo;

#[service(
    interface = "org.example.Bench",
    vendor = "Neighbours",
    product = "Bench",
    version = "1",
    url = "https://example.org/",
    types = [Echoed, Item]
)]
impl Echo {
    async fn echo(&mut self, id: u64, text: String) -> Result<Echoed, BenchError> {
        Ok(Echoed { id, text })
    }

    #[zlink(more)]
    async fn items(&self, more: bool, count: u32) -> impl Stream<Item = Reply<Item>> + Unpin {
        let count = if more { u64::from(count) } else { 1 };
        futures_util::stream::iter(
            (0..count).map(move |id| Reply::new(Some(Item { id })).set_continues(Some(id + 1 < count))),
        )
    }
}

#[proxy("org.example.Bench")]
trait Bench {
    async fn echo(&mut self, id: u64, text: &str) -> zlink::Result<Result<Echoed, BenchError>>;

    #[zlink(more)]
    async fn items(
        &mut self,
        count: u32,
    ) -> zlink::Result<impl Stream<Item = zlink::Result<Result<Item, BenchError>>>>;
}

#[derive(Debug)]
pub struct Zlink;

impl Peer for Zlink {
    fn name(&self) -> &'static str {
        "zlink"
    }

    fn about(&self) -> &'static str {
        "zlink 0.8.0, Varlink; many calls as chains; 1 MiB as text"
    }

    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::TOKIO
    }

    fn does(&self, _: Measure) -> bool {
        true
    }

    fn serve(&self, site: &Site, runtime: Runtime, ready: Ready) -> Outcome {
        runtime.build()?.block_on(async {
            let listener = unix::bind(site.socket())?;
            ready.say();
            Ok(Server::new(listener, Echo).run().await?)
        })
    }

    fn connect(&self, site: &Site, runtime: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        let connect = async || {
            let connection = unix::connect(site.socket()).await?;
            Ok(Connection { connection, large: bulk_text() })
        };
        Held::connect(runtime, connections, connect)
    }
}

struct Connection {
    connection: unix::Connection,
    large: String,
}

impl Local for Connection {
    async fn echo(&mut self, message: Message) -> Outcome<Message> {
        let Echoed { id, text } =
            self.connection.echo(message.id, &message.text).await?.map_err(|no| format!("{no:?}"))?;
        Ok(Message { id, text })
    }

    async fn keep(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let mut shift = Shift::new(until);
        while !shift.is_over() {
            let message = Message::new(shift.done);
            let mut chain = self.connection.chain_echo(message.id, &message.text)?;
            for _ in 1..depth {
                chain = chain.echo(message.id, &message.text)?;
            }
            let mut answers = pin!(chain.send::<Echoed, BenchError>().await?);
            while let Some(answer) = answers.next().await {
                let (answer, _) = answer?;
                let answer = answer.map_err(|no| format!("{no:?}"))?;
                expect(answer.parameters().is_some_and(|echoed| echoed.id == message.id))?;
                shift.did(1);
            }
        }
        Ok(shift.done)
    }

    async fn bulk(&mut self) -> Outcome<usize> {
        let echoed = self.connection.echo(0, &self.large).await?.map_err(|no| format!("{no:?}"))?;
        Ok(echoed.text.len())
    }

    async fn stream(&mut self) -> Outcome<u64> {
        let mut items = pin!(self.connection.items(STREAM).await?);
        let mut came = 0;
        while let Some(item) = items.next().await {
            expect(item?.is_ok_and(|item| item.id == came))?;
            came += 1;
        }
        Ok(came)
    }
}
