use serde::Serialize;

use crate::encoding::{EncodeError, Encoding};
use crate::framing::Framing;
use crate::limits::FRAME_MAX;
use crate::protocol::{Message, Protocol};

/// What a connection speaks: one of each of the three upper layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    framing: Framing,
    encoding: Encoding,
    protocol: Protocol,
    frame_max: usize,
}

/// A message cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// It holds something that the encoding has no way to write.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It is longer than a message may be.
    #[error("a message of {size} bytes, where {max} is the most: split it, or ask for less at a time")]
    TooLong {
        /// Its length in bytes.
        size: usize,
        /// The limit.
        max: usize,
    },
}

impl Wire {
    /// What clients of ours speak: length framing, JSON, the native envelope.
    pub const NATIVE: Self = Self {
        framing: Framing::Length,
        encoding: Encoding::Json,
        protocol: Protocol::Native,
        frame_max: FRAME_MAX,
    };

    /// A combination, if it makes sense: a text framing cannot carry a binary encoding, and not every dialect
    /// is written in every encoding.
    #[must_use]
    pub fn new(framing: Framing, encoding: Encoding, protocol: Protocol) -> Option<Self> {
        let fits = (framing.is_binary() || encoding.is_text()) && protocol.fits(encoding);
        fits.then_some(Self { framing, encoding, protocol, frame_max: FRAME_MAX })
    }

    /// Every combination that makes sense.
    pub fn all() -> impl Iterator<Item = Self> {
        Framing::ALL.iter().flat_map(|&framing| {
            Encoding::ALL.iter().flat_map(move |&encoding| {
                Protocol::ALL.iter().filter_map(move |&protocol| Self::new(framing, encoding, protocol))
            })
        })
    }

    /// The same with another limit for message bodies, in bytes, at most [`FRAME_MAX`].
    #[must_use]
    pub fn with_frame_max(mut self, bytes: usize) -> Self {
        self.frame_max = bytes.min(FRAME_MAX);
        self
    }

    /// Where messages end.
    #[must_use]
    pub fn framing(self) -> Framing {
        self.framing
    }

    /// How values are written.
    #[must_use]
    pub fn encoding(self) -> Encoding {
        self.encoding
    }

    /// What messages mean.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        self.protocol
    }

    /// The longest message body, in bytes.
    #[must_use]
    pub fn frame_max(self) -> usize {
        self.frame_max
    }

    /// Appends one framed message to `out`.
    ///
    /// # Errors
    /// When the message cannot be sent; `out` is then as it was.
    pub fn write<P: Serialize>(self, message: &Message<'_, P>, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.framing.frame(out, |out| {
            let start = out.len();
            self.protocol.encode(self.encoding, message, out)?;
            let size = out.len() - start;
            if size > self.frame_max {
                return Err(WriteError::TooLong { size, max: self.frame_max });
            }
            Ok(())
        })
    }
}

impl std::fmt::Display for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.framing, self.encoding, self.protocol.name())
    }
}
