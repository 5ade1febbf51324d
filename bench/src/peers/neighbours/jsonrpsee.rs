//! jsonrpsee: JSON-RPC over a WebSocket, which it has over TCP only; its stream is a subscription.

use std::net::Ipv4Addr;
use std::sync::Arc;

use jsonrpsee::core::{RpcResult, SubscriptionResult, async_trait};
use jsonrpsee::proc_macros::rpc;
use jsonrpsee::server::{PendingSubscriptionSink, Server, ServerConfig};
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};

use super::driven::{Asynchronous, Caller};
use super::{Ready, expect};
use crate::Outcome;
use crate::message::{Item, Message, STREAM, bulk_text};
use crate::place::Site;

/// More connections than are measured.
const CONNECTIONS_MAX: u32 = 20_000;

#[rpc(server, client)]
trait Bench {
    #[method(name = "echo")]
    async fn echo(&self, message: Message) -> RpcResult<Message>;

    #[method(name = "large")]
    async fn large(&self, text: String) -> RpcResult<String>;

    #[subscription(name = "items" => "item", unsubscribe = "no_items", item = Item)]
    async fn items(&self, count: u32) -> SubscriptionResult;
}

struct Echo;

#[async_trait]
impl BenchServer for Echo {
    async fn echo(&self, message: Message) -> RpcResult<Message> {
        Ok(message)
    }

    async fn large(&self, text: String) -> RpcResult<String> {
        Ok(text)
    }

    async fn items(&self, pending: PendingSubscriptionSink, count: u32) -> SubscriptionResult {
        let sink = pending.accept().await?;
        for id in 0..u64::from(count) {
            sink.send(serde_json::value::to_raw_value(&Item { id })?).await?;
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct Jsonrpsee;

impl Asynchronous for Jsonrpsee {
    type Caller = Shared;

    fn name(&self) -> &'static str {
        "jsonrpsee"
    }

    fn about(&self) -> &'static str {
        "jsonrpsee 0.26.1, WebSocket over loopback TCP; 1 MiB as text, the stream as a subscription"
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        let config = ServerConfig::builder().max_connections(CONNECTIONS_MAX).build();
        let server = Server::builder().set_config(config).build((Ipv4Addr::LOCALHOST, 0)).await?;
        site.set_port(server.local_addr()?.port())?;
        let serving = server.start(Echo.into_rpc());
        ready.say();
        serving.stopped().await;
        Ok(())
    }

    async fn connect(&self, site: &Site) -> Outcome<Shared> {
        let client = WsClientBuilder::default()
            // A subscription that has more waiting is ended.
            .max_buffer_capacity_per_subscription(STREAM as usize + 1)
            .build(format!("ws://127.0.0.1:{}", site.port()?))
            .await?;
        Ok(Shared(Arc::new(client)))
    }
}

#[derive(Clone)]
pub struct Shared(Arc<WsClient>);

impl Caller for Shared {
    type Bulk = String;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        Ok(BenchClient::echo(&*self.0, message).await?)
    }

    fn payload(&self) -> String {
        bulk_text()
    }

    async fn bulk(&self, payload: String) -> Outcome<String> {
        Ok(self.0.large(payload).await?)
    }

    async fn stream(&self) -> Outcome<u64> {
        let mut items = self.0.items(STREAM).await?;
        let mut came = 0;
        while came < u64::from(STREAM) {
            let item = items.next().await.ok_or("the subscription has ended")??;
            expect(item.id == came)?;
            came += 1;
        }
        Ok(came)
    }
}
