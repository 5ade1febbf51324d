//! Plays the servers of `spec/vectors/hostile-server.json`, which do what no server should. Its README describes the
//! steps.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::{UnixListener, UnixStream};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Deserialize;
use serde_json::Value;

use crate::{PATIENCE, Written};

/// What one server does.
#[derive(Debug, Clone, Deserialize)]
pub struct HostileServer {
    /// One connection after the other, step by step.
    plays: Vec<Vec<Step>>,
    /// What the client's last call runs into.
    then: Option<Then>,
}

/// Where the client's last call arrives, which is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Then {
    /// On the last connection.
    Lives,
    /// On a new one.
    Ends,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// Waits for the client's first call, and says hello.
    Greet,
    /// Waits for the next message of this kind, and leaves what comes before it.
    Hear(String),
    /// Sends a body, in a frame.
    Send(Written),
    /// Sends these bytes as they are.
    SendRaw(Written),
    /// Sends a body, in a frame, byte by byte.
    Slowly(Written),
    /// Sends a body again and again; in each, `#` stands for a number, counted upwards.
    Flood { body: Written, times: u64, from: Option<u64> },
    /// Answers the last call with this value.
    Answer(Value),
    /// Sends nothing more, and still reads.
    Finish,
    /// Closes the connection.
    Close,
    /// Reads nothing until the client has closed.
    Deaf,
}

impl HostileServer {
    /// Plays everything to its end: then the client has closed its last connection.
    ///
    /// # Errors
    /// When the client does not do what the steps wait for.
    pub fn play(mut self, listener: &UnixListener) -> io::Result<()> {
        let answer = |steps: &mut Vec<Step>, first| {
            steps.push(if first { Step::Greet } else { Step::Hear("call".to_owned()) });
            steps.push(Step::Answer("alive".into()));
        };
        match (self.then, self.plays.last_mut()) {
            (Some(Then::Lives), Some(last)) => answer(last, false),
            (Some(Then::Ends), _) => {
                self.plays.push(Vec::new());
                self.plays.last_mut().into_iter().for_each(|last| answer(last, true));
            }
            _ => (),
        }
        // A client may have turned to the next connection, and be done with this one later.
        let mut played = Vec::new();
        for (number, steps) in self.plays.iter().enumerate() {
            let (stream, _) = listener.accept()?;
            stream.set_read_timeout(Some(6 * PATIENCE))?;
            stream.set_write_timeout(Some(6 * PATIENCE))?;
            let mut conversation = Conversation { stream, call: 0 };
            conversation.play(steps).map_err(|error| {
                io::Error::new(error.kind(), format!("connection {}: {error}", number + 1))
            })?;
            played.push(conversation);
        }
        while played.last_mut().is_some_and(|last| matches!(last.body(), Ok(Some(_)))) {}
        Ok(())
    }
}

struct Conversation {
    stream: UnixStream,
    /// The id of the client's last call.
    call: u64,
}

impl Conversation {
    fn play(&mut self, steps: &[Step]) -> io::Result<()> {
        for step in steps {
            match self.step(step) {
                // The client has had enough, which is for its own side to judge.
                Err(error) if [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()) => {
                    return Ok(());
                }
                done => {
                    done.map_err(|error| io::Error::new(error.kind(), format!("{step:.60?}: {error}")))?;
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Greet => {
                self.hear("call")?;
                self.send(br#"{"v":1,"hello":{"program":"hostile 1.0"}}"#)
            }
            Step::Hear(kind) => self.hear(kind),
            Step::Send(body) => self.send(&body.get()),
            Step::SendRaw(bytes) => self.stream.write_all(&bytes.get()),
            Step::Slowly(body) => {
                let frame = framed(&body.get());
                frame.iter().try_for_each(|byte| self.stream.write_all(&[*byte]))
            }
            Step::Flood { body, times, from } => self.flood(&body.get(), *times, from.unwrap_or(1)),
            Step::Answer(value) => self
                .send(serde_json::json!({ "v": 1, "id": self.call, "result": value }).to_string().as_bytes()),
            Step::Finish => self.stream.shutdown(std::net::Shutdown::Write),
            Step::Close => self.stream.shutdown(std::net::Shutdown::Both),
            Step::Deaf => self.wait_for_the_end(),
        }
    }

    fn flood(&mut self, body: &[u8], times: u64, from: u64) -> io::Result<()> {
        let parts: Vec<&[u8]> = body.split(|byte| *byte == b'#').collect();
        // Many in one write: the peer is to be flooded.
        let mut waiting = Vec::new();
        for number in from..from + times {
            waiting.extend_from_slice(&framed(&parts.join(number.to_string().as_bytes())));
            if waiting.len() > 64 * 1024 {
                self.stream.write_all(&waiting)?;
                waiting.clear();
            }
        }
        self.stream.write_all(&waiting)
    }

    fn hear(&mut self, kind: &str) -> io::Result<()> {
        loop {
            let body = self.body()?.ok_or_else(|| io::Error::other("the client closes before that"))?;
            let message: Value = serde_json::from_slice(&body)?;
            if let Some(id) = message.get("call").and(message.get("id")).and_then(Value::as_u64) {
                self.call = id;
            }
            if message.get(kind).is_some() {
                return Ok(());
            }
        }
    }

    /// The next body; `None` at the end.
    fn body(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        match self.stream.read_exact(&mut length) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut body)?;
        Ok(Some(body))
    }

    fn send(&mut self, body: &[u8]) -> io::Result<()> {
        self.stream.write_all(&framed(body))
    }

    fn wait_for_the_end(&self) -> io::Result<()> {
        let mut hung_up = [PollFd::new(self.stream.as_fd(), PollFlags::empty())];
        let patience = PollTimeout::try_from(6 * PATIENCE).unwrap_or(PollTimeout::MAX);
        match poll(&mut hung_up, patience)? {
            0 => Err(io::Error::other("the client does not close")),
            _ => Ok(()),
        }
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), body].concat()
}
