//! axum over Unix sockets, HTTP/1.1, as its example `unix-domain-socket` uses it: hyper's own connection for the client.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::bytes::Bytes;

use super::driven::{Asynchronous, Caller};
use super::{Ready, expect};
use crate::Outcome;
use crate::message::{BULK, Item, Message, STREAM};
use crate::place::Site;

async fn echo(Json(message): Json<Message>) -> Json<Message> {
    Json(message)
}

async fn large(data: Bytes) -> Bytes {
    data
}

/// A line of JSON for each item.
async fn items(Path(count): Path<u32>) -> Body {
    Body::from_stream(stream::iter((0..u64::from(count)).map(|id| {
        let mut line = serde_json::to_vec(&Item { id })?;
        line.push(b'\n');
        Ok::<_, serde_json::Error>(line)
    })))
}

#[derive(Debug)]
pub struct Axum;

impl Asynchronous for Axum {
    type Caller = Connections;

    fn name(&self) -> &'static str {
        "axum"
    }

    fn about(&self) -> &'static str {
        "axum 0.8.9, HTTP/1.1, JSON; a connection for each call under way; 1 MiB as body, the stream as lines"
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        let router = Router::new()
            .route("/echo", post(echo))
            .route("/large", post(large))
            .route("/items/{count}", get(items))
            .layer(DefaultBodyLimit::disable());
        let listener = UnixListener::bind(site.socket())?;
        ready.say();
        Ok(axum::serve(listener, router).await?)
    }

    async fn connect(&self, site: &Site) -> Outcome<Connections> {
        let connections = Connections { site: site.clone(), idle: Arc::default() };
        let first = connections.take().await?;
        connections.give_back(first);
        Ok(connections)
    }
}

/// Connections, of which each carries one call at a time.
#[derive(Clone)]
pub struct Connections {
    site: Site,
    idle: Arc<Mutex<Vec<SendRequest<Body>>>>,
}

impl Connections {
    /// One that is idle, or a new one.
    async fn take(&self) -> Outcome<SendRequest<Body>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(idle) = idle {
            return Ok(idle);
        }
        let stream = UnixStream::connect(self.site.socket()).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn give_back(&self, connection: SendRequest<Body>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Outcome<Bytes> {
        let request = Request::post(path).header("host", "localhost").header("content-type", kind);
        let mut connection = self.take().await?;
        connection.ready().await?;
        let response = connection.send_request(request.body(body.into())?).await?;
        expect(response.status().is_success())?;
        let body = response.into_body().collect().await?.to_bytes();
        self.give_back(connection);
        Ok(body)
    }
}

impl Caller for Connections {
    type Bulk = Bytes;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        let answer = self.post("/echo", "application/json", serde_json::to_vec(&message)?).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    fn payload(&self) -> Bytes {
        vec![7; BULK].into()
    }

    async fn bulk(&self, payload: Bytes) -> Outcome<Bytes> {
        self.post("/large", "application/octet-stream", payload).await
    }

    async fn stream(&self) -> Outcome<u64> {
        let request = Request::builder().method(Method::GET).uri(format!("/items/{STREAM}"));
        let mut connection = self.take().await?;
        connection.ready().await?;
        let request = request.header("host", "localhost").body(Body::empty())?;
        let mut body = connection.send_request(request).await?.into_body();
        let (mut came, mut rest) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            rest.extend_from_slice(&data);
            let whole = rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            for line in rest[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                expect(serde_json::from_slice::<Item>(line)?.id == came)?;
                came += 1;
            }
            rest.drain(..whole);
        }
        self.give_back(connection);
        Ok(came)
    }
}
