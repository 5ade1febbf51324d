//! Layer 4, protocol: what a message means.
//!
//! Knows calls, answers, events, and how each dialect spells them. Must not know sockets, frames or
//! services. No I/O, no tokio.
//!
//! [`Message`] is the model that every dialect is translated to and from; [`native`](Protocol::Native) is
//! ours. Adding one is one new file that implements `Rules` and one line in the table.

pub mod code;
mod error;
mod hello;
mod id;
mod jsonrpc;
mod member;
mod message;
mod native;
mod sidecar;

pub use error::{ProtocolError, WireError};
pub use hello::{Goaway, Hello};
pub use id::Id;
pub use jsonrpc::{ERROR_NUMBERS, SERVICE_ERROR, without_token};
pub use message::{Call, Message, Progress, Stage};
pub use sidecar::TYPES as SIDECAR_TYPES;

use serde::Serialize;

use crate::encoding::{EncodeError, Encoding, Raw};

/// What every dialect has to say; one implementation per file.
trait Rules {
    /// The name used in options and in test reports.
    const NAME: &'static str;
    /// Member names that tell this dialect from the others, wherever in a message they stand.
    const MARKS: &'static [&'static str];
    /// The encodings that it can be written in.
    const ENCODINGS: &'static [Encoding];
    /// How many items a stream may send to a caller that has not said.
    const WINDOW: u32;
    /// What a message has that is of a known kind, for people.
    const KINDS: &'static str;

    fn decode(encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError>;
    /// The messages of a body that is a list of them, each for `decode`. `None`: it is one message.
    fn batch(_encoding: Encoding, _body: &[u8]) -> Option<Result<Vec<&[u8]>, ProtocolError>> {
        None
    }
    fn encode<P: Serialize>(
        encoding: Encoding,
        message: &Message<'_, P>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError>;
    fn refuse(encoding: Encoding, head: &[u8], error: WireError) -> ProtocolError;
}

/// Declares the dialects: the enum, the list of all, and the way from one to the other.
macro_rules! protocols {
    ($($(#[$doc:meta])* $variant:ident => $rules:ty,)*) => {
        /// A dialect: how messages are spelled.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Protocol { $($(#[$doc])* $variant,)* }

        impl Protocol {
            /// Every dialect.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in options.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => <$rules>::NAME,)* }
            }

            /// Whether a message with a member of this name, as it is written, can only be of this dialect.
            #[must_use]
            pub fn is_told_by(self, name: &[u8]) -> bool {
                let marks = match self { $(Self::$variant => <$rules>::MARKS,)* };
                marks.iter().any(|mark| mark.as_bytes() == name)
            }

            /// The dialect that only a message with a member of this name, as it is written, can be of.
            #[must_use]
            pub fn told_by(name: &[u8]) -> Option<Self> {
                Self::ALL.iter().copied().find(|protocol| protocol.is_told_by(name))
            }

            /// Whether its messages can be written in this encoding.
            #[must_use]
            pub fn fits(self, encoding: Encoding) -> bool {
                let encodings = match self { $(Self::$variant => <$rules>::ENCODINGS,)* };
                encodings.contains(&encoding)
            }

            /// How many items of a stream may be sent to a caller that has said neither `window` nor `grant`;
            /// [`UNLIMITED`](crate::limits::UNLIMITED) where callers of this dialect do not know how.
            #[must_use]
            pub fn window(self) -> u32 {
                match self { $(Self::$variant => <$rules>::WINDOW,)* }
            }

            /// The member that a message of a known kind has, for people.
            #[must_use]
            pub fn kinds(self) -> &'static str {
                match self { $(Self::$variant => <$rules>::KINDS,)* }
            }

            /// The messages of a body that is a list of them, each to be read by [`decode`](Self::decode). `None`:
            /// the body is one message.
            ///
            /// # Errors
            /// When the list as a whole cannot be acted on.
            pub(crate) fn batch(self, encoding: Encoding, body: &[u8]) -> Option<Result<Vec<&[u8]>, ProtocolError>> {
                match self { $(Self::$variant => <$rules>::batch(encoding, body),)* }
            }

            /// Reads one message; parameters and results stay raw.
            ///
            /// # Errors
            /// When the body is no message of this dialect. The error holds the id that the refusal goes
            /// to, where one could be read.
            pub fn decode(self, encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError> {
                match self { $(Self::$variant => <$rules>::decode(encoding, body),)* }
            }

            /// Appends one message to `out`.
            ///
            /// # Errors
            /// When the payload cannot be written in this encoding; `out` may then hold a part of it.
            pub fn encode<P: Serialize>(
                self,
                encoding: Encoding,
                message: &Message<'_, P>,
                out: &mut Vec<u8>,
            ) -> Result<(), EncodeError> {
                match self { $(Self::$variant => <$rules>::encode(encoding, message, out),)* }
            }

            /// Refuses a message of which only the first bytes are there, by the id among them.
            #[must_use]
            pub fn refuse(self, encoding: Encoding, head: &[u8], error: WireError) -> ProtocolError {
                match self { $(Self::$variant => <$rules>::refuse(encoding, head, error),)* }
            }
        }
    };
}

protocols! {
    /// The versioned envelope of `spec/wire.md`.
    Native => native::Native,
    /// JSON-RPC 2.0.
    JsonRpc => jsonrpc::JsonRpc,
    /// Messages with a type and a payload.
    Sidecar => sidecar::Sidecar,
}

#[cfg(test)]
mod tests;
