//! Layer 3, encoding: a value to bytes and back.
//!
//! Knows how one value is written. Must not know who asked for it, where a message ends, or what a
//! message means. No I/O, no tokio.
//!
//! Adding an encoding is one new file that implements `Rules` and one line in the table below; the
//! conformance suite runs over [`Encoding::ALL`] and so covers it by itself.

mod bytes;
mod error;
mod json;
mod msgpack;
mod object;

pub use bytes::Bytes;
pub use error::{DecodeError, EncodeError};
pub(crate) use json::cursor::Cursor as JsonCursor;
pub use object::{ObjectWriter, Raw};

use serde::{Deserialize, Serialize};

use crate::limits::DEPTH_MAX;

/// What every encoding has to say; one implementation per file.
trait Rules {
    /// The name used in `hello`, in options and in test reports.
    const NAME: &'static str;
    /// Whether encoded values are UTF-8 text without raw line feeds.
    const TEXT: bool;
    /// The value that stands for nothing.
    const NULL: &'static [u8];

    /// Appends `value` to `out`.
    fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError>;
    /// Reads exactly one value; bytes left over are an error.
    fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError>;
    /// Like `decode`, slower, and says in the error which member was wrong.
    fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError>;
    /// Hands over the members of an object in order, values still encoded.
    fn members<'a>(bytes: &'a [u8], each: &mut dyn FnMut(&str, &'a [u8])) -> Result<(), DecodeError>;
    /// Whether a value holds more than `max`, itself among them; whatever is said of what is no value.
    fn has_more_values(bytes: &[u8], max: usize) -> bool;

    fn begin_object(out: &mut Vec<u8>);
    fn key(out: &mut Vec<u8>, index: usize, name: &str);
    fn end_object(out: &mut Vec<u8>, start: usize, members: usize);
}

/// Declares the encodings: the enum, the list of all, and the way from one to the other.
macro_rules! encodings {
    ($($(#[$doc:meta])* $variant:ident => $rules:ty,)*) => {
        /// How a value becomes bytes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Encoding { $($(#[$doc])* $variant,)* }

        impl Encoding {
            /// Every encoding, in the order of preference.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire and in options.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => <$rules>::NAME,)* }
            }

            /// Whether values are UTF-8 text without raw line feeds, so that a text framing can carry them.
            #[must_use]
            pub fn is_text(self) -> bool {
                match self { $(Self::$variant => <$rules>::TEXT,)* }
            }

            /// Appends `value` to `out`; what was there stays.
            ///
            /// # Errors
            /// When the value cannot be written in this encoding (a map whose keys are not text, in JSON).
            /// `out` may then hold a part of it: the caller cuts it back.
            pub fn encode<T: Serialize + ?Sized>(self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                match self { $(Self::$variant => <$rules>::encode(value, out),)* }
            }

            /// Reads exactly one value.
            ///
            /// # Errors
            /// When the bytes are not this encoding, hold a value of another shape or one that nests more than
            /// [`DEPTH_MAX`](crate::limits::DEPTH_MAX) levels deep, or go on after it.
            pub fn decode<'a, T: Deserialize<'a>>(self, bytes: &'a [u8]) -> Result<T, DecodeError> {
                match self { $(Self::$variant => <$rules>::decode(bytes),)* }
            }

            /// Reads one value like [`decode`](Self::decode) and names the member at fault, at some cost:
            /// called when `decode` has failed, for the message.
            ///
            /// # Errors
            /// As `decode`.
            pub fn explain<'a, T: Deserialize<'a>>(self, bytes: &'a [u8]) -> Result<T, DecodeError> {
                match self { $(Self::$variant => <$rules>::explain(bytes),)* }
            }

            /// Hands over the members of the object in `bytes`, in order, values still encoded.
            ///
            /// # Errors
            /// When `bytes` is not one object. Members before the fault have been handed over by then, so
            /// that even a broken message can be answered by its id.
            pub fn members<'a>(self, bytes: &'a [u8], mut each: impl FnMut(&str, Raw<'a>)) -> Result<(), DecodeError> {
                let mut each = |name: &str, value: &'a [u8]| each(name, Raw::new(self, value));
                match self { $(Self::$variant => <$rules>::members(bytes, &mut each),)* }
            }

            /// Whether the value in `bytes` holds more than `max` values: itself, and of lists and objects all that is in
            /// them, names aside. Told without reading any of them, and of a value that is too short for so many at no
            /// cost. Of what is no value, nothing is said.
            #[must_use]
            pub fn has_more_values(self, bytes: &[u8], max: usize) -> bool {
                match self { $(Self::$variant => <$rules>::has_more_values(bytes, max),)* }
            }

            fn null(self) -> &'static [u8] {
                match self { $(Self::$variant => <$rules>::NULL,)* }
            }

            fn begin_object(self, out: &mut Vec<u8>) {
                match self { $(Self::$variant => <$rules>::begin_object(out),)* }
            }

            fn key(self, out: &mut Vec<u8>, index: usize, name: &str) {
                match self { $(Self::$variant => <$rules>::key(out, index, name),)* }
            }

            fn end_object(self, out: &mut Vec<u8>, start: usize, members: usize) {
                match self { $(Self::$variant => <$rules>::end_object(out, start, members),)* }
            }
        }
    };
}

encodings! {
    /// JSON, RFC 8259.
    Json => json::Json,
    /// MessagePack.
    MsgPack => msgpack::MsgPack,
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

fn too_deep() -> DecodeError {
    DecodeError::TooMuch { reason: format!("it nests more than {DEPTH_MAX} levels deep") }
}

#[cfg(test)]
mod tests;
