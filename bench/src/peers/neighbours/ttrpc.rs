//! ttrpc over Unix sockets: its asynchronous server and client.

use std::sync::Arc;

use async_trait::async_trait;
use ttrpc::asynchronous::{Client, Server, ServerStreamSender, TtrpcContext};
use ttrpc::context;

use super::driven::{Asynchronous, Caller};
use super::{Ready, expect};
use crate::Outcome;
use crate::message::{BULK, Message, STREAM};
use crate::place::Site;

use wire::bench::{Bulk, Count, Item, Message as Wire};
use wire::bench_ttrpc::{self, BenchClient};

/// Written by `build.rs`.
mod wire {
    include!(concat!(env!("OUT_DIR"), "/ttrpc/mod.rs"));
}

struct Echo;

#[async_trait]
impl bench_ttrpc::Bench for Echo {
    async fn echo(&self, _: &TtrpcContext, message: Wire) -> ttrpc::Result<Wire> {
        Ok(message)
    }

    async fn large(&self, _: &TtrpcContext, bulk: Bulk) -> ttrpc::Result<Bulk> {
        Ok(bulk)
    }

    async fn items(
        &self,
        _: &TtrpcContext,
        count: Count,
        items: ServerStreamSender<Item>,
    ) -> ttrpc::Result<()> {
        for id in 0..u64::from(count.count) {
            items.send(&Item { id, ..Item::default() }).await?;
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct Ttrpc;

fn address(site: &Site) -> String {
    format!("unix://{}", site.socket().display())
}

impl Asynchronous for Ttrpc {
    type Caller = BenchClient;

    fn name(&self) -> &'static str {
        "ttrpc"
    }

    fn about(&self) -> &'static str {
        "ttrpc 0.10.0, asynchronous; 1 MiB as `bytes`"
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        let server = Server::new().bind(&address(site))?;
        let mut server = server.register_service(bench_ttrpc::create_bench(Arc::new(Echo)));
        server.start().await?;
        ready.say();
        std::future::pending().await
    }

    async fn connect(&self, site: &Site) -> Outcome<BenchClient> {
        Ok(BenchClient::new(Client::connect(&address(site)).await?))
    }
}

impl Caller for BenchClient {
    type Bulk = Vec<u8>;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        let message = Wire { id: message.id, text: message.text, ..Wire::default() };
        let answer = Self::echo(self, context::with_timeout(0), &message).await?;
        Ok(Message { id: answer.id, text: answer.text })
    }

    fn payload(&self) -> Vec<u8> {
        vec![7; BULK]
    }

    async fn bulk(&self, payload: Vec<u8>) -> Outcome<Vec<u8>> {
        let bulk = Bulk { data: payload, ..Bulk::default() };
        Ok(self.large(context::with_timeout(0), &bulk).await?.data)
    }

    async fn stream(&self) -> Outcome<u64> {
        let count = Count { count: STREAM, ..Count::default() };
        let mut items = self.items(context::with_timeout(0), &count).await?;
        let mut came = 0;
        while let Some(item) = items.recv().await? {
            expect(item.id == came)?;
            came += 1;
        }
        Ok(came)
    }
}
