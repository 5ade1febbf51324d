//! Echo over a Unix socket, written by hand as the documentation of tokio and tokio-util shows it: a task for each connection,
//! `LengthDelimitedCodec` with its defaults, `serde_json`. `neighbour-framed SOCKET`.

use std::error::Error;

use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::bytes::Bytes;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

#[derive(Deserialize)]
struct Request {
    id: u64,
    method: String,
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Result(String),
    Error(String),
}

#[derive(Serialize)]
struct Response {
    id: u64,
    answer: Answer,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("neighbour-framed SOCKET")?;
    let listener = UnixListener::bind(path)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(async move {
                    if let Err(error) = serve(stream).await {
                        eprintln!("{error}");
                    }
                });
            }
            Err(error) => eprintln!("a connection failed: {error}"),
        }
    }
}

async fn serve(stream: UnixStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut frames = Framed::new(stream, LengthDelimitedCodec::new());
    while let Some(frame) = frames.next().await {
        let Request { id, method, params } = serde_json::from_slice(&frame?)?;
        let answer = match method.as_str() {
            "echo" => Answer::Result(params.text),
            _ => Answer::Error(format!("there is no method {method}")),
        };
        frames.send(Bytes::from(serde_json::to_vec(&Response { id, answer })?)).await?;
    }
    Ok(())
}
