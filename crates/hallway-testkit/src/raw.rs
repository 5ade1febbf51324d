use std::collections::VecDeque;

use hallway::WireError;
use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Raw;
use hallway::protocol::{Call, Hello, Id, Message};
use hallway::transport::{Duplex, WriteHalf};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::spelling::spelled;
use crate::{TOKEN, within};

/// A message as it was received, its payload decoded.
pub type Heard = Message<'static, Value>;

/// One end of a connection, moved by hand: it says what it is told to, also what no client would, and
/// answers nothing by itself.
pub struct RawPeer {
    wire: Wire,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn WriteHalf>,
    inbox: Inbox,
    heard: VecDeque<Heard>,
}

impl std::fmt::Debug for RawPeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawPeer")
            .field("wire", &self.wire)
            .field("heard", &self.heard)
            .finish_non_exhaustive()
    }
}

impl RawPeer {
    /// The end of a connection that speaks `wire`.
    #[must_use]
    pub fn new(wire: Wire, connection: Duplex) -> Self {
        let (reader, writer) = connection.stream.into_halves();
        Self { wire, reader, writer, inbox: Inbox::new(wire), heard: VecDeque::new() }
    }

    /// What it speaks.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.wire
    }

    /// A message as it goes over this connection, frame and all.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn framed<P: Serialize>(&self, message: &Message<'_, P>) -> Vec<u8> {
        let mut out = Vec::new();
        self.wire.write(message, &mut out).expect("a message that can be written");
        out
    }

    /// Any bytes in a frame.
    #[must_use]
    pub fn framed_body(&self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let framed = self.wire.framing().frame(&mut out, |out| {
            out.extend_from_slice(body);
            Ok::<(), std::convert::Infallible>(())
        });
        match framed {
            Ok(()) => out,
        }
    }

    /// Any envelope, as the native dialect has it, in the dialect and the encoding of this connection, in a
    /// frame: for envelopes that no client would write.
    ///
    /// # Panics
    /// When it cannot be encoded.
    pub fn framed_value(&self, value: &Value) -> Vec<u8> {
        let mut body = Vec::new();
        let value = spelled(self.wire.protocol(), value);
        self.wire.encoding().encode(&value, &mut body).expect("a value that can be encoded");
        self.framed_body(&body)
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When the peer does not take them.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let sent = within("the peer takes bytes", async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        });
        sent.await.expect("the peer takes bytes");
    }

    /// Sends bytes to a peer that may have closed by now.
    ///
    /// # Panics
    /// When the peer neither takes them nor goes away.
    pub async fn send_if_open(&mut self, bytes: &[u8]) {
        let _closed = within("the peer takes bytes or goes", self.writer.write_all(bytes)).await;
    }

    /// Sends a message.
    ///
    /// # Panics
    /// As [`send_bytes`](Self::send_bytes).
    pub async fn send<P: Serialize>(&mut self, message: &Message<'_, P>) {
        let bytes = self.framed(message);
        self.send_bytes(&bytes).await;
    }

    /// Sends an envelope that is any value.
    ///
    /// # Panics
    /// As [`send_bytes`](Self::send_bytes).
    pub async fn send_value(&mut self, value: &Value) {
        let bytes = self.framed_value(value);
        self.send_bytes(&bytes).await;
    }

    /// Calls a method with parameters by name.
    ///
    /// # Panics
    /// As [`send_bytes`](Self::send_bytes).
    pub async fn call(&mut self, id: u64, method: &str, params: Value) {
        self.send(&Message::Call(Call::new(Some(Id::Number(id)), method, Some(params)))).await;
    }

    /// Says who it is, with the right token, and waits for the peer to do the same.
    ///
    /// # Panics
    /// When something else comes first.
    pub async fn hello(&mut self) -> Hello {
        let hello = Hello::new("raw").with_token(Some(TOKEN.to_owned()));
        self.send::<()>(&Message::Hello(hello)).await;
        self.expect_hello().await
    }

    /// Waits for the peer to say who it is.
    ///
    /// # Panics
    /// When something else comes first.
    pub async fn expect_hello(&mut self) -> Hello {
        match self.expect().await {
            Message::Hello(hello) => hello,
            other => panic!("a hello was due, and this came: {other:?}"),
        }
    }

    /// The peer's next call, which is not a notification: its id, its method and its parameters.
    ///
    /// # Panics
    /// When something else comes first.
    pub async fn expect_call(&mut self) -> (u64, String, Value) {
        match self.expect().await {
            Message::Call(Call { id: Some(Id::Number(id)), method, params, .. }) => {
                (id, method.into_owned(), params.unwrap_or_default())
            }
            other => panic!("a call was due, and this came: {other:?}"),
        }
    }

    /// Answers a call.
    ///
    /// # Panics
    /// As [`send_bytes`](Self::send_bytes).
    pub async fn answer(&mut self, id: u64, value: Value) {
        self.send(&Message::Result { id: Id::Number(id), value: Some(value) }).await;
    }

    /// The next message; `None` once the peer has closed.
    ///
    /// # Panics
    /// When neither comes, or when what comes is no message.
    pub async fn next(&mut self) -> Option<Heard> {
        within("a message, or the end of the connection", self.receive()).await
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes.
    pub async fn expect(&mut self) -> Heard {
        self.next().await.expect("a message was due, and the connection ended")
    }

    /// The answer to a call, which has to come next.
    ///
    /// # Panics
    /// When something else does.
    pub async fn expect_answer(&mut self, to: u64) -> Result<Value, WireError> {
        match self.expect().await {
            Message::Result { id, value } if id == Id::Number(to) => Ok(value.unwrap_or_default()),
            Message::Error { id: Some(id), error } if id == Id::Number(to) => Err(error),
            other => panic!("the answer to {to} was due, and this came: {other:?}"),
        }
    }

    /// The code of the error that a call is answered with, which has to come next.
    ///
    /// # Panics
    /// When something else does.
    pub async fn expect_refusal(&mut self, to: u64) -> String {
        match self.expect_answer(to).await {
            Err(error) => error.code,
            Ok(value) => panic!("an error was due for {to}, and this came: {value}"),
        }
    }

    /// The error that speaks of no call in particular, which has to come next.
    ///
    /// # Panics
    /// When something else does.
    pub async fn expect_complaint(&mut self) -> WireError {
        match self.expect().await {
            Message::Error { id: None, error } => error,
            other => panic!("an error without an id was due, and this came: {other:?}"),
        }
    }

    /// Waits until the peer has closed.
    ///
    /// # Panics
    /// When it says anything before.
    pub async fn expect_end(&mut self) {
        if let Some(message) = self.next().await {
            panic!("the end of the connection was due, and this came: {message:?}");
        }
    }

    /// Whether the connection still works: `hallway.ping` is answered, and nothing else comes before.
    ///
    /// # Panics
    /// When it does not.
    pub async fn expect_alive(&mut self) {
        const PING: u64 = 999_999;
        self.call(PING, "hallway.ping", Value::Object(serde_json::Map::new())).await;
        assert_eq!(self.expect_answer(PING).await, Ok(Value::Null), "ping");
    }

    /// Sends nothing more, and still listens.
    ///
    /// # Panics
    /// When the system does not let it.
    pub async fn finish_sending(&mut self) {
        within("the sending direction closes", self.writer.shutdown()).await.expect("it was open");
    }

    /// Takes in so many bytes, at least one, and does nothing with them.
    ///
    /// # Panics
    /// When none come.
    pub async fn swallow(&mut self, most: usize) -> usize {
        let mut bytes = vec![0; most];
        within("bytes", self.reader.read(&mut bytes)).await.expect("the connection is open")
    }

    async fn receive(&mut self) -> Option<Heard> {
        let mut buffer = vec![0; 64 * 1024];
        while self.heard.is_empty() {
            // A reset is an end as well: the peer closed before it had read everything.
            let length = self.reader.read(&mut buffer).await.unwrap_or(0);
            if length == 0 {
                return None;
            }
            let Self { inbox, heard, .. } = self;
            let value = |raw: Raw<'_>| raw.decode::<Value>().expect("a payload that can be read");
            let read = inbox.receive(&buffer[..length], |received| match received {
                Received::Message(message) => heard.push_back(message.into_owned(value)),
                other => panic!("the library sent what it cannot read itself: {other:?}"),
            });
            read.expect("the library sends whole frames");
        }
        self.heard.pop_front()
    }
}
