/// A value could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{encoding} cannot hold this value: {reason}")]
#[non_exhaustive]
pub struct EncodeError {
    /// The encoding's name.
    pub encoding: &'static str,
    /// What the encoder said.
    pub reason: String,
}

/// Bytes could not be read as a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not this encoding at all, are cut short, or go on after the value.
    #[error("not valid {encoding}: {reason}")]
    Syntax {
        /// The encoding's name.
        encoding: &'static str,
        /// What the decoder said, with the position where it knows one.
        reason: String,
    },
    /// The bytes are well formed, the value has another shape.
    #[error("{reason}")]
    Shape {
        /// What was found and what was expected, with the member's path where it is known.
        reason: String,
    },
    /// The value nests deeper, or holds more, than is read.
    #[error("{reason}")]
    TooMuch {
        /// Which of the two, and the limit.
        reason: String,
    },
}
