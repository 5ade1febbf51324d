//! zbus from peer to peer, without a bus; its stream is signals.

use futures_util::StreamExt as _;
use tokio::net::{UnixListener, UnixStream};
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{Guid, fdo};

use super::driven::{Asynchronous, Caller};
use super::{Ready, expect};
use crate::Outcome;
use crate::message::{Message, STREAM, bulk_text};
use crate::place::Site;

const PATH: &str = "/org/example/Bench";

struct Echo;

#[zbus::interface(name = "org.example.Bench")]
impl Echo {
    async fn echo(&self, id: u64, text: String) -> (u64, String) {
        (id, text)
    }

    async fn large(&self, text: String) -> String {
        text
    }

    async fn items(&self, count: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> fdo::Result<()> {
        for id in 0..u64::from(count) {
            Self::item(&emitter, id).await?;
        }
        Ok(())
    }

    #[zbus(signal)]
    async fn item(emitter: &SignalEmitter<'_>, id: u64) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.example.Bench",
    default_service = "org.example.Bench",
    default_path = "/org/example/Bench"
)]
pub trait Bench {
    fn echo(&self, id: u64, text: String) -> zbus::Result<(u64, String)>;
    fn large(&self, text: String) -> zbus::Result<String>;
    fn items(&self, count: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    fn item(&self, id: u64) -> zbus::Result<()>;
}

#[derive(Debug)]
pub struct Zbus;

impl Asynchronous for Zbus {
    type Caller = BenchProxy<'static>;

    fn name(&self) -> &'static str {
        "zbus"
    }

    fn about(&self) -> &'static str {
        "zbus 6.2.1, peer to peer; 1 MiB as text, the stream as signals"
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        let listener = UnixListener::bind(site.socket())?;
        ready.say();
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let connection = Builder::unix_stream(stream.into_std()?)
                    .server(Guid::generate())
                    .p2p()
                    .serve_at(PATH, Echo)
                    .build()
                    .await?;
                connection.closed().await;
                Outcome::Ok(())
            });
        }
    }

    async fn connect(&self, site: &Site) -> Outcome<Self::Caller> {
        let stream = UnixStream::connect(site.socket()).await?;
        let connection = Builder::unix_stream(stream.into_std()?).p2p().build().await?;
        Ok(BenchProxy::new(&connection).await?)
    }
}

impl Caller for BenchProxy<'static> {
    type Bulk = String;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        let (id, text) = BenchProxy::echo(self, message.id, message.text).await?;
        Ok(Message { id, text })
    }

    fn payload(&self) -> String {
        bulk_text()
    }

    async fn bulk(&self, payload: String) -> Outcome<String> {
        Ok(self.large(payload).await?)
    }

    async fn stream(&self) -> Outcome<u64> {
        let mut items = self.receive_item().await?;
        let proxy = self.clone();
        let call = tokio::spawn(async move { proxy.items(STREAM).await });
        let mut came = 0;
        while came < u64::from(STREAM) {
            let item = items.next().await.ok_or("the connection was lost")?;
            expect(item.args()?.id == came)?;
            came += 1;
        }
        call.await??;
        Ok(came)
    }
}
