use crate::limits::{FRAME_SKIP_MAX, HEADER_MAX};

/// The stream cannot be followed any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame without a body.
    #[error("a frame of length 0: every message has a body")]
    Empty,
    /// A length beyond what anybody means.
    #[error("a frame of {size} bytes is announced, more than {FRAME_SKIP_MAX}: the stream is out of step")]
    Implausible {
        /// The announced length.
        size: u64,
    },
    /// A header block that holds no usable length.
    #[error("a frame header that cannot be used: {reason}")]
    Header {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header block without an end.
    #[error("a frame header longer than {HEADER_MAX} bytes")]
    HeaderTooLong,
    /// A short message, or several, that the system has no memory for.
    #[error("there is no memory for what was sent")]
    NoMemory,
}
