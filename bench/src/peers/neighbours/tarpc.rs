//! tarpc over Unix sockets, as its examples use it: `serde_transport`, a task for each call.

use std::io;

use futures_util::{StreamExt as _, future};
use serde::{Deserialize, Serialize};
use tarpc::serde_transport::unix;
use tarpc::server::{BaseChannel, Channel as _};
use tarpc::tokio_serde::formats::{Bincode, Json};
use tarpc::tokio_serde::{Deserializer, Serializer};
use tarpc::{ClientMessage, Response, client, context};

use super::Ready;
use super::driven::{Asynchronous, Caller};
use crate::Outcome;
use crate::measures::Measure;
use crate::message::{Message, bulk_text};
use crate::place::Site;

#[tarpc::service]
pub trait Bench {
    async fn echo(message: Message) -> Message;
    async fn large(text: String) -> String;
}

#[derive(Clone)]
struct Echo;

impl Bench for Echo {
    async fn echo(self, _: context::Context, message: Message) -> Message {
        message
    }

    async fn large(self, _: context::Context, text: String) -> String {
        text
    }
}

/// tarpc with one of its encodings.
#[derive(Debug)]
pub enum Tarpc {
    Json,
    Bincode,
}

type Request = ClientMessage<BenchRequest>;
type Answer = Response<BenchResponse>;

impl Asynchronous for Tarpc {
    type Caller = BenchClient;

    fn name(&self) -> &'static str {
        match self {
            Self::Json => "tarpc-json",
            Self::Bincode => "tarpc-bincode",
        }
    }

    fn about(&self) -> &'static str {
        match self {
            Self::Json => "tarpc 0.38.0, JSON; 1 MiB as text",
            Self::Bincode => "tarpc 0.38.0, bincode; 1 MiB as text",
        }
    }

    /// It has no streams.
    fn does(&self, measure: Measure) -> bool {
        measure != Measure::Stream
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        match self {
            Self::Json => serve(site, ready, Json::default).await,
            Self::Bincode => serve(site, ready, Bincode::default).await,
        }
    }

    async fn connect(&self, site: &Site) -> Outcome<BenchClient> {
        let config = client::Config::default();
        Ok(match self {
            Self::Json => {
                BenchClient::new(config, unix::connect(site.socket(), Json::default).await?).spawn()
            }
            Self::Bincode => {
                BenchClient::new(config, unix::connect(site.socket(), Bincode::default).await?).spawn()
            }
        })
    }
}

async fn serve<C, F>(site: &Site, ready: Ready, codec: F) -> Outcome
where
    C: Serializer<Answer> + Deserializer<Request> + Send + 'static,
    io::Error: From<<C as Serializer<Answer>>::Error> + From<<C as Deserializer<Request>>::Error>,
    F: Fn() -> C,
    Request: for<'de> Deserialize<'de>,
    Answer: Serialize,
{
    let connections = unix::listen(site.socket(), codec).await?;
    ready.say();
    connections
        .filter_map(|connection| future::ready(connection.ok()))
        .for_each(|connection| async {
            let calls = BaseChannel::with_defaults(connection).execute(Echo.serve());
            tokio::spawn(calls.for_each(|call| async {
                tokio::spawn(call);
            }));
        })
        .await;
    Ok(())
}

impl Caller for BenchClient {
    type Bulk = String;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        Ok(Self::echo(self, context::current(), message).await?)
    }

    fn payload(&self) -> String {
        bulk_text()
    }

    async fn bulk(&self, payload: String) -> Outcome<String> {
        Ok(self.large(context::current(), payload).await?)
    }

    async fn stream(&self) -> Outcome<u64> {
        Err("tarpc has no streams".into())
    }
}
