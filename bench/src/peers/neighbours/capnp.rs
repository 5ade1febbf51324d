//! Cap'n Proto's RPC between two parties; its stream is a streaming method of an object that the client hands over.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use capnp::Error;
use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use futures_util::StreamExt as _;
use futures_util::io::{AsyncReadExt as _, BufReader, BufWriter};
use futures_util::stream::FuturesUnordered;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{LocalSet, spawn_local};
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::bench_capnp::{bench, items};
use super::local::{Held, Local};
use super::{Client, Peer, Ready, Shift, expect};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{BULK, Message, STREAM};
use crate::place::Site;
use crate::runtime::Runtime;

struct Echo;

impl bench::Server for Echo {
    async fn echo(
        self: Rc<Self>,
        params: bench::EchoParams,
        mut results: bench::EchoResults,
    ) -> Result<(), Error> {
        results.get().set_message(params.get()?.get_message()?)
    }

    async fn large(
        self: Rc<Self>,
        params: bench::LargeParams,
        mut results: bench::LargeResults,
    ) -> Result<(), Error> {
        results.get().set_data(params.get()?.get_data()?);
        Ok(())
    }

    async fn items(self: Rc<Self>, params: bench::ItemsParams, _: bench::ItemsResults) -> Result<(), Error> {
        let params = params.get()?;
        let to = params.get_to()?;
        for id in 0..u64::from(params.get_count()) {
            let mut item = to.item_request();
            item.get().set_id(id);
            item.send().await?;
        }
        to.done_request().send().promise.await?;
        Ok(())
    }
}

/// Counts what comes.
#[derive(Default)]
struct Count(Cell<u64>);

impl items::Server for Count {
    async fn item(self: Rc<Self>, params: items::ItemParams) -> Result<(), Error> {
        if params.get()?.get_id() == self.0.get() {
            self.0.set(self.0.get() + 1);
        }
        Ok(())
    }

    async fn done(self: Rc<Self>, _: items::DoneParams, _: items::DoneResults) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug)]
pub struct Capnp;

impl Peer for Capnp {
    fn name(&self) -> &'static str {
        "capnp"
    }

    fn about(&self) -> &'static str {
        "capnp-rpc 0.27.3, two parties; 1 MiB as `Data`, the stream as a streaming method of the client's"
    }

    /// It stays on one thread.
    fn runtimes(&self) -> &'static [Runtime] {
        Runtime::CURRENT
    }

    fn does(&self, _: Measure) -> bool {
        true
    }

    fn serve(&self, site: &Site, runtime: Runtime, ready: Ready) -> Outcome {
        LocalSet::new().block_on(&runtime.build()?, async {
            let listener = UnixListener::bind(site.socket())?;
            ready.say();
            let echo: bench::Client = capnp_rpc::new_client(Echo);
            loop {
                let (stream, _) = listener.accept().await?;
                spawn_local(system(stream, Side::Server, Some(&echo)));
            }
        })
    }

    fn connect(&self, site: &Site, runtime: Runtime, connections: usize) -> Outcome<Box<dyn Client>> {
        Held::connect(runtime, connections, async || {
            let stream = UnixStream::connect(site.socket()).await?;
            let mut system = system(stream, Side::Client, None);
            let client = system.bootstrap(Side::Server);
            spawn_local(system);
            Ok(Connection { client, large: vec![7; BULK] })
        })
    }
}

fn system(stream: UnixStream, side: Side, bootstrap: Option<&bench::Client>) -> RpcSystem<Side> {
    let (reader, writer) = stream.compat().split();
    let (reader, writer) = (BufReader::new(reader), BufWriter::new(writer));
    let network = twoparty::VatNetwork::new(reader, writer, side, Default::default());
    RpcSystem::new(Box::new(network), bootstrap.map(|client| client.clone().client))
}

struct Connection {
    client: bench::Client,
    large: Vec<u8>,
}

async fn echo(client: &bench::Client, message: &Message) -> Outcome<Message> {
    let mut request = client.echo_request();
    let mut asked = request.get().init_message();
    asked.set_id(message.id);
    asked.set_text(&message.text);
    let answer = request.send().promise.await?;
    let answer = answer.get()?.get_message()?;
    Ok(Message { id: answer.get_id(), text: answer.get_text()?.to_string()? })
}

impl Local for Connection {
    async fn echo(&mut self, message: Message) -> Outcome<Message> {
        echo(&self.client, &message).await
    }

    async fn keep(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let client = &self.client;
        let call = async || {
            let mut shift = Shift::new(until);
            while !shift.is_over() {
                let id = shift.done;
                expect(echo(client, &Message::new(id)).await?.answers(id))?;
                shift.did(1);
            }
            Outcome::Ok(shift.done)
        };
        let mut callers: FuturesUnordered<_> = (0..depth).map(|_| call()).collect();
        let mut done = 0;
        while let Some(calls) = callers.next().await {
            done += calls?;
        }
        Ok(done)
    }

    async fn bulk(&mut self) -> Outcome<usize> {
        let mut request = self.client.large_request();
        request.get().set_data(&self.large);
        Ok(request.send().promise.await?.get()?.get_data()?.len())
    }

    async fn stream(&mut self) -> Outcome<u64> {
        let count = Rc::new(Count::default());
        let mut request = self.client.items_request();
        request.get().set_count(STREAM);
        request.get().set_to(capnp_rpc::new_client_from_rc(Rc::clone(&count)));
        request.send().promise.await?;
        Ok(count.0.get())
    }
}
