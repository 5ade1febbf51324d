//! tonic over Unix sockets, as its example `uds` uses it.

use futures_util::Stream;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::bytes::Bytes;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use super::driven::{Asynchronous, Caller};
use super::{Ready, expect};
use crate::Outcome;
use crate::message::{BULK, Message, STREAM};
use crate::place::Site;

use wire::bench_client::BenchClient;
use wire::bench_server::{Bench, BenchServer};

/// Written by `build.rs`.
mod wire {
    tonic::include_proto!("bench");
}

struct Echo;

#[tonic::async_trait]
impl Bench for Echo {
    type ItemsStream = BoxStream<'static, Result<wire::Item, Status>>;

    async fn echo(&self, request: Request<wire::Message>) -> Result<Response<wire::Message>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn large(&self, request: Request<wire::Bulk>) -> Result<Response<wire::Bulk>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn items(&self, request: Request<wire::Count>) -> Result<Response<Self::ItemsStream>, Status> {
        Ok(Response::new(items(request.into_inner().count).boxed()))
    }
}

fn items(count: u32) -> impl Stream<Item = Result<wire::Item, Status>> + Send {
    stream::iter((0..u64::from(count)).map(|id| Ok(wire::Item { id })))
}

#[derive(Debug)]
pub struct Tonic;

impl Asynchronous for Tonic {
    type Caller = BenchClient<Channel>;

    fn name(&self) -> &'static str {
        "tonic"
    }

    fn about(&self) -> &'static str {
        "tonic 0.14.9, prost 0.14.4; 1 MiB as `bytes`, without a copy"
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        let connections = UnixListenerStream::new(UnixListener::bind(site.socket())?);
        ready.say();
        Ok(Server::builder().add_service(BenchServer::new(Echo)).serve_with_incoming(connections).await?)
    }

    async fn connect(&self, site: &Site) -> Outcome<Self::Caller> {
        let endpoint = Endpoint::try_from(format!("unix://{}", site.socket().display()))?;
        Ok(BenchClient::new(endpoint.connect().await?))
    }
}

impl Caller for BenchClient<Channel> {
    type Bulk = Bytes;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        let message = wire::Message { id: message.id, text: message.text };
        let answer = Self::echo(&mut self.clone(), message).await?.into_inner();
        Ok(Message { id: answer.id, text: answer.text })
    }

    fn payload(&self) -> Bytes {
        vec![7; BULK].into()
    }

    async fn bulk(&self, payload: Bytes) -> Outcome<Bytes> {
        Ok(self.clone().large(wire::Bulk { data: payload }).await?.into_inner().data)
    }

    async fn stream(&self) -> Outcome<u64> {
        let mut items = self.clone().items(wire::Count { count: STREAM }).await?.into_inner();
        let mut came = 0;
        while let Some(item) = items.message().await? {
            expect(item.id == came)?;
            came += 1;
        }
        Ok(came)
    }
}
