use serde::{Deserialize, Serialize};

use super::{DecodeError, EncodeError, Encoding};
use crate::limits::NODES_MAX;

/// One encoded value that nobody has looked into yet.
///
/// Parameters and results stay raw until the method's own type decodes them: an envelope can be routed,
/// answered and refused without knowing what it carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    encoding: Encoding,
    bytes: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Names `bytes` as one value in `encoding`, unchecked: [`decode`](Self::decode) finds out.
    #[must_use]
    pub fn new(encoding: Encoding, bytes: &'a [u8]) -> Self {
        Self { encoding, bytes }
    }

    /// The value as it stands on the wire.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The encoding the value is in.
    #[must_use]
    pub fn encoding(self) -> Encoding {
        self.encoding
    }

    /// Whether it is the value that stands for nothing.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.bytes == self.encoding.null()
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When it has another shape than `T`, and then the error names the member; or when it holds more than [`NODES_MAX`]
    /// values.
    pub fn decode<T: Deserialize<'a>>(self) -> Result<T, DecodeError> {
        self.decode_of(NODES_MAX)
    }

    /// The same with another limit of values.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_of<T: Deserialize<'a>>(self, values_max: usize) -> Result<T, DecodeError> {
        if self.encoding.has_more_values(self.bytes, values_max) && !crate::chaos::without("values") {
            let reason = format!("it holds more than {values_max} values: send less at a time");
            return Err(DecodeError::TooMuch { reason });
        }
        self.encoding.decode(self.bytes).or_else(|error| match error {
            DecodeError::TooMuch { .. } => Err(error),
            _ => self.encoding.explain(self.bytes),
        })
    }
}

impl std::fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raw({}, {})", self.encoding, self.bytes.escape_ascii())
    }
}

/// Writes one object member by member, in any encoding, with no value built in between.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    encoding: Encoding,
    out: &'a mut Vec<u8>,
    start: usize,
    members: usize,
}

impl<'a> ObjectWriter<'a> {
    /// The most members one object may have: what the shortest MessagePack map header counts, so that
    /// the header can be filled in at the end. An envelope has at most eight.
    pub const MEMBERS_MAX: usize = 15;

    /// Begins an object at the end of `out`.
    pub fn new(encoding: Encoding, out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        encoding.begin_object(out);
        Self { encoding, out, start, members: 0 }
    }

    /// Adds a member. `name` needs no escaping: it is one of ours.
    ///
    /// # Errors
    /// When `value` cannot be written in this encoding; the object is then unusable.
    pub fn member<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Result<Self, EncodeError> {
        debug_assert!(self.members < Self::MEMBERS_MAX, "an envelope has few members");
        self.encoding.key(self.out, self.members, name);
        self.members += 1;
        self.encoding.encode(value, self.out)?;
        Ok(self)
    }

    /// Adds a member if there is a value for it.
    ///
    /// # Errors
    /// As [`member`](Self::member).
    pub fn optional<T: Serialize>(self, name: &str, value: Option<T>) -> Result<Self, EncodeError> {
        match value {
            Some(value) => self.member(name, &value),
            None => Ok(self),
        }
    }

    /// Ends the object.
    pub fn end(self) {
        self.encoding.end_object(self.out, self.start, self.members);
    }
}
