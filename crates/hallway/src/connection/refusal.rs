use super::Wire;
use crate::encoding::Encoding;
use crate::framing::Framing;
use crate::protocol::{Message, Protocol, WireError, code};

/// What somebody speaks who came to the wrong socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// An HTTP request.
    Http,
    /// The hello of TLS.
    Tls,
    /// The banner of SSH.
    Ssh,
    /// Anything else.
    Noise,
}

/// What can be done instead, for people.
macro_rules! instead {
    ($what:literal) => {
        concat!(
            $what,
            ": write {\"id\":1,\"call\":\"hallway.describe\"} and a line feed, as `socat - UNIX-CONNECT:PATH` \
             does, or use a client of hallway"
        )
    };
}

impl Refusal {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Ssh => "ssh",
            Self::Noise => "noise",
        }
    }

    /// A sentence for people: what this is, and what to do.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Http => instead!("this is a hallway socket, and HTTP is not spoken here"),
            Self::Tls => instead!("this is a hallway socket, and TLS is not spoken here"),
            Self::Ssh => instead!("this is a hallway socket, and SSH is not spoken here"),
            Self::Noise => instead!("this is a hallway socket, and the first bytes are of no message"),
        }
    }

    /// Appends what the peer is told before the connection ends: what it understands if that is possible, one
    /// line that a person can read in any case.
    pub fn reply(self, out: &mut Vec<u8>) {
        let sentence = self.sentence();
        if self == Self::Http {
            let length = sentence.len() + 1;
            let reply = format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{sentence}\n"
            );
            return out.extend_from_slice(reply.as_bytes());
        }
        let error = WireError::new(code::BAD_FRAME, sentence);
        let line = Wire::new(Framing::Lines, Encoding::Json, Protocol::Native);
        // Text of our own: there is nothing in it that could not be written.
        let _written = line.map(|line| line.write(&Message::Error::<()> { id: None, error }, out));
    }
}
