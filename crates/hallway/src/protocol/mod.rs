//! Layer 4, protocol: what a message means.
//!
//! Knows calls, answers, events, and how each dialect spells them. Must not know sockets, frames or
//! services. No I/O, no tokio.
//!
//! [`Message`] is the model that every dialect is translated to and from; [`native`](Protocol::Native) is
//! the first dialect. Adding one is one new file that implements `Rules` and one line in the table.

pub mod code;
mod error;
mod hello;
mod id;
mod message;
mod native;

pub use error::{ProtocolError, WireError};
pub use hello::{Goaway, Hello};
pub use id::Id;
pub use message::{Call, Message, Progress};

use serde::Serialize;

use crate::encoding::{EncodeError, Encoding, Raw};

/// What every dialect has to say; one implementation per file.
trait Rules {
    /// The name used in options and in test reports.
    const NAME: &'static str;

    fn decode(encoding: Encoding, body: &[u8]) -> Result<Message<'_, Raw<'_>>, ProtocolError>;
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
}

#[cfg(test)]
mod tests;
