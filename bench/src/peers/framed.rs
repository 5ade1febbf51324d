//! The daemon as one writes it by hand: tokio, `LengthDelimitedCodec`, `serde_json`, a task for each call, a task that writes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::driven::{Asynchronous, Caller};
use super::{Ready, expect};
use crate::Outcome;
use crate::message::{Item, Message, STREAM, bulk_text};
use crate::place::Site;

/// Messages that wait to be written, or to be taken by the caller.
const QUEUE: usize = 256;

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    id: u64,
    call: Call,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Call {
    Echo(Message),
    Text(String),
    Items(u32),
}

#[derive(Debug, Serialize, Deserialize)]
struct Response {
    id: u64,
    answer: Answer,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Echo(Message),
    Text(String),
    Item(Item),
    End,
}

#[derive(Debug)]
pub struct Framed;

impl Asynchronous for Framed {
    type Caller = Connection;

    fn name(&self) -> &'static str {
        "framed"
    }

    fn about(&self) -> &'static str {
        "written by hand: tokio-util `LengthDelimitedCodec`, serde_json, a task for each call; 1 MiB as text"
    }

    async fn serve(&self, site: &Site, ready: Ready) -> Outcome {
        let listener = UnixListener::bind(site.socket())?;
        ready.say();
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(serve(stream));
        }
    }

    async fn connect(&self, site: &Site) -> Outcome<Connection> {
        let (frames, out) = halves(UnixStream::connect(site.socket()).await?);
        let connection = Connection { out, open: Arc::default(), next: Arc::default() };
        tokio::spawn(take(frames, Arc::clone(&connection.open)));
        Ok(connection)
    }
}

type Frames = FramedRead<tokio::net::unix::OwnedReadHalf, LengthDelimitedCodec>;

/// What comes, and the way to the task that writes.
fn halves(stream: UnixStream) -> (Frames, mpsc::Sender<Bytes>) {
    let (reader, writer) = stream.into_split();
    let (out, mut waiting) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut frames = FramedWrite::new(writer, LengthDelimitedCodec::new());
        while let Some(frame) = waiting.recv().await {
            if frames.send(frame).await.is_err() {
                return;
            }
        }
    });
    (FramedRead::new(reader, LengthDelimitedCodec::new()), out)
}

async fn serve(stream: UnixStream) -> Outcome {
    let (mut frames, out) = halves(stream);
    while let Some(frame) = frames.next().await {
        let request: Request = serde_json::from_slice(&frame?)?;
        tokio::spawn(answer(request, out.clone()));
    }
    Ok(())
}

async fn answer(Request { id, call }: Request, out: mpsc::Sender<Bytes>) -> Outcome {
    let answer = match call {
        Call::Echo(message) => Answer::Echo(message),
        Call::Text(text) => Answer::Text(text),
        Call::Items(count) => {
            for item in (0..u64::from(count)).map(|id| Item { id }) {
                out.send(serde_json::to_vec(&Response { id, answer: Answer::Item(item) })?.into()).await?;
            }
            Answer::End
        }
    };
    Ok(out.send(serde_json::to_vec(&Response { id, answer })?.into()).await?)
}

type Open = Arc<Mutex<HashMap<u64, mpsc::Sender<Answer>>>>;

#[derive(Debug, Clone)]
pub struct Connection {
    out: mpsc::Sender<Bytes>,
    open: Open,
    next: Arc<AtomicU64>,
}

/// Gives every answer to who waits for it.
async fn take(mut frames: Frames, open: Open) -> Outcome {
    while let Some(frame) = frames.next().await {
        let Response { id, answer } = serde_json::from_slice(&frame?)?;
        let waiting = {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Answer::Item(_) => open.get(&id).cloned(),
                _ => open.remove(&id),
            }
        };
        if let Some(waiting) = waiting {
            waiting.send(answer).await?;
        }
    }
    Ok(())
}

impl Connection {
    async fn begin(&self, call: Call, room: usize) -> Outcome<mpsc::Receiver<Answer>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (waiting, answers) = mpsc::channel(room);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, waiting);
        self.out.send(serde_json::to_vec(&Request { id, call })?.into()).await?;
        Ok(answers)
    }

    async fn call(&self, call: Call) -> Outcome<Answer> {
        Ok(self.begin(call, 1).await?.recv().await.ok_or("the connection was lost")?)
    }
}

impl Caller for Connection {
    type Bulk = String;

    async fn echo(&self, message: Message) -> Outcome<Message> {
        match self.call(Call::Echo(message)).await? {
            Answer::Echo(message) => Ok(message),
            other => Err(format!("{other:?} is no answer to echo").into()),
        }
    }

    fn payload(&self) -> String {
        bulk_text()
    }

    async fn bulk(&self, payload: String) -> Outcome<String> {
        match self.call(Call::Text(payload)).await? {
            Answer::Text(text) => Ok(text),
            other => Err(format!("{other:?} is no answer to text").into()),
        }
    }

    async fn stream(&self) -> Outcome<u64> {
        let mut answers = self.begin(Call::Items(STREAM), QUEUE).await?;
        let mut came = 0;
        while let Some(Answer::Item(item)) = answers.recv().await {
            expect(item.id == came)?;
            came += 1;
        }
        Ok(came)
    }
}
