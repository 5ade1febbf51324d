//! How to speak to a socket: just enough for hostile clients, and for the one that suffers from them.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Whose socket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Our own daemon, `target`.
    Hallway,
    /// `bench/framed`: a length of four bytes, then JSON.
    Framed,
    /// `bench/varlink`: JSON, then a NUL; answers have no id and come in order.
    Varlink,
}

impl Speech {
    pub(crate) const ALL: [Self; 3] = [Self::Hallway, Self::Framed, Self::Varlink];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hallway => "hallway",
            Self::Framed => "framed",
            Self::Varlink => "varlink",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speech| speech.name() == name)
    }

    /// The longest body that is sent: as long as the receiver accepts by itself, at most as long as ours can be.
    pub(super) fn largest(self) -> usize {
        match self {
            Self::Hallway | Self::Varlink => hallway::limits::FRAME_MAX,
            Self::Framed => 8 << 20,
        }
    }

    /// A whole call; of ours, a name with a dot is a full one.
    pub(super) fn call(self, id: u64, method: &str, params: &str) -> Vec<u8> {
        let body = match self {
            Self::Hallway => {
                let service = if method.contains('.') { "" } else { "target." };
                format!(r#"{{"v":1,"id":{id},"call":"{service}{method}","params":{params}}}"#)
            }
            Self::Framed => format!(r#"{{"id":{id},"method":"{method}","params":{params}}}"#),
            Self::Varlink => {
                let (first, rest) = method.split_at(1);
                let first = first.to_ascii_uppercase();
                format!(r#"{{"method":"org.example.Neighbour.{first}{rest}","parameters":{params}}}"#)
            }
        };
        self.frame(body.as_bytes())
    }

    /// The call that all of them serve.
    pub(super) fn echo(self, id: u64, length: usize) -> Vec<u8> {
        self.call(id, "echo", &format!(r#"{{"text":"{}"}}"#, "x".repeat(length)))
    }

    pub(super) fn frame(self, body: &[u8]) -> Vec<u8> {
        if self == Self::Varlink {
            return [body, &[0]].concat();
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes(), body].concat()
    }

    /// What a message begins with that claims to be so long.
    pub(super) fn announcement(self, length: u32) -> Vec<u8> {
        if self == Self::Varlink { Vec::new() } else { length.to_be_bytes().to_vec() }
    }

    /// The first whole body, and how long it is with its frame.
    pub(super) fn body(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        if self == Self::Varlink {
            let end = bytes.iter().position(|byte| *byte == 0)?;
            return Some((&bytes[..end], end + 1));
        }
        let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
        Some((bytes.get(4..4 + length)?, 4 + length))
    }

    /// What a body says; garbage says nothing.
    pub(super) fn read(self, body: &[u8]) -> Said {
        match self {
            Self::Hallway => serde_json::from_slice::<Native>(body).map(Native::said).unwrap_or_default(),
            Self::Framed => serde_json::from_slice::<Framed>(body).map(Framed::said).unwrap_or_default(),
            Self::Varlink => {
                let reply = serde_json::from_slice::<Varlink>(body).unwrap_or_default();
                Said { ends: true, refusal: reply.error, ..Said::default() }
            }
        }
    }
}

/// What a message of the server's means to a client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The call that it belongs to.
    pub(crate) id: Option<u64>,
    /// It is the end of that call.
    pub(crate) ends: bool,
    /// The number of an event.
    pub(crate) seq: Option<u64>,
    /// So many events were missed.
    pub(crate) missed: Option<u64>,
    /// The code of a refusal: of the call, or of the connection.
    pub(crate) refusal: Option<String>,
}

/// Of ours, what matters here.
#[derive(Debug, Deserialize)]
struct Native {
    id: Option<u64>,
    seq: Option<u64>,
    lagged: Option<Lagged>,
    #[serde(default, deserialize_with = "is_there")]
    result: bool,
    error: Option<Coded>,
    goaway: Option<Coded>,
}

#[derive(Debug, Deserialize)]
struct Lagged {
    missed: u64,
}

#[derive(Debug, Deserialize)]
struct Coded {
    code: String,
}

impl Native {
    fn said(self) -> Said {
        let ends = self.result || self.error.is_some();
        let refusal = self.error.or(self.goaway).map(|coded| coded.code);
        Said { id: self.id, ends, seq: self.seq, missed: self.lagged.map(|lagged| lagged.missed), refusal }
    }
}

/// Whether a member is there, `null` or not.
fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[derive(Debug, Deserialize)]
struct Framed {
    id: u64,
    answer: FramedAnswer,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FramedAnswer {
    Result(IgnoredAny),
    Error(String),
}

impl Framed {
    fn said(self) -> Said {
        let refusal = match self.answer {
            FramedAnswer::Result(_) => None,
            FramedAnswer::Error(error) => Some(error),
        };
        Said { id: Some(self.id), ends: true, refusal, ..Said::default() }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Varlink {
    error: Option<String>,
}
