//! Layer 2, framing: where a message ends and the next begins.
//!
//! Knows boundaries in a byte stream. Must not know what stands between them, in which encoding, or
//! where the bytes come from. No I/O, no tokio.
//!
//! Adding a framing is one new file that implements `Rules` and one line in the table below; the
//! conformance suite runs over [`Framing::ALL`] and so covers it by itself.

mod content_length;
mod error;
mod length;
mod lines;
mod walk;

use std::ops::Range;

pub use error::FrameError;

use walk::Walk;

/// What the bytes at hand hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// No whole frame yet.
    More,
    /// Bytes that belong to no message, up to here: they need not be kept.
    Blank {
        /// The first byte after them.
        end: usize,
    },
    /// A frame: its body, and where the next one begins.
    Frame {
        /// The message, without its frame.
        body: Range<usize>,
        /// The first byte after the frame.
        end: usize,
    },
    /// A frame longer than allowed begins. It can be read over without being held.
    TooLong {
        /// Where its body begins.
        body: usize,
        /// How to find its end.
        rest: Rest,
    },
}

/// How far a frame has been looked at in vain, so that nothing is searched twice. A new one for each frame.
#[derive(Debug, Default)]
pub struct Seen {
    /// So many bytes hold no end mark.
    bytes: usize,
    walk: Walk,
}

/// What is left of a frame that is being read over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest(Left);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// So many bytes.
    Bytes(u64),
    /// What is left of a line, or of the object or list that it is.
    Line(Walk),
}

/// What the bytes at hand hold of a frame that is being read over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// So many are of its body.
    pub body: usize,
    /// The first byte that is not of the frame.
    pub end: usize,
    /// The frame ends there.
    pub whole: bool,
}

impl Rest {
    /// Passes over what is there, from the body's first byte on.
    pub fn pass(&mut self, input: &[u8]) -> Passed {
        match &mut self.0 {
            Left::Bytes(left) => {
                let end = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= end as u64;
                Passed { body: end, end, whole: *left == 0 }
            }
            Left::Line(walk) => {
                let line_feed = memchr::memchr(b'\n', input);
                let line = line_feed.unwrap_or(input.len());
                match (walk.on(input.get(..line).unwrap_or_default()), line_feed) {
                    (Some(end), _) => Passed { body: end, end, whole: true },
                    (None, Some(line_feed)) => Passed { body: line_feed, end: line_feed + 1, whole: true },
                    (None, None) => Passed { body: line, end: line, whole: false },
                }
            }
        }
    }
}

/// What every framing has to say; one implementation per file.
trait Rules {
    /// The name used in options and in test reports.
    const NAME: &'static str;
    /// Whether a body may hold any byte.
    const BINARY: bool;

    /// Looks for one frame at the start of `input`. `seen` is this framing's to keep: how far earlier calls
    /// with less input have searched in vain.
    fn scan(input: &[u8], seen: &mut Seen, max: usize) -> Result<Scan, FrameError>;
    /// Writes what goes before a body whose length is not known yet.
    fn begin(out: &mut Vec<u8>);
    /// Completes the frame that was begun at `start`.
    fn end(out: &mut Vec<u8>, start: usize);
}

/// Declares the framings: the enum, the list of all, and the way from one to the other.
macro_rules! framings {
    ($($(#[$doc:meta])* $variant:ident => $rules:ty,)*) => {
        /// How messages are told apart in a byte stream.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Framing { $($(#[$doc])* $variant,)* }

        impl Framing {
            /// Every framing.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in options.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => <$rules>::NAME,)* }
            }

            /// Whether a body may hold any byte; if not, only a text encoding fits.
            #[must_use]
            pub fn is_binary(self) -> bool {
                match self { $(Self::$variant => <$rules>::BINARY,)* }
            }

            /// Looks for one frame at the start of `input`.
            ///
            /// `seen` is new for each frame and kept by the caller while more input arrives. Looking
            /// allocates nothing, whatever length is announced.
            ///
            /// # Errors
            /// When the stream cannot be followed any further: the place where the next frame begins is
            /// lost. The connection then ends.
            pub fn scan(self, input: &[u8], seen: &mut Seen, max: usize) -> Result<Scan, FrameError> {
                match self { $(Self::$variant => <$rules>::scan(input, seen, max),)* }
            }

            /// Appends one frame to `out`, its body written by `body`.
            ///
            /// # Errors
            /// Those of `body`; `out` is then as it was before.
            pub fn frame<E>(
                self,
                out: &mut Vec<u8>,
                body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
            ) -> Result<(), E> {
                let start = out.len();
                let mut frame = Unfinished { out, start: Some(start) };
                match self { $(Self::$variant => <$rules>::begin(frame.out),)* }
                body(frame.out)?;
                match self { $(Self::$variant => <$rules>::end(frame.out, start),)* }
                frame.start = None;
                Ok(())
            }
        }
    };
}

framings! {
    /// Four bytes of length, big-endian, then the body.
    Length => length::Length,
    /// One message per line.
    Lines => lines::Lines,
    /// `Content-Length: N`, an empty line, then the body: the framing of LSP and DAP.
    ContentLength => content_length::ContentLength,
}

/// Cuts back what has been written of a frame, unless it was completed: also when writing it panics, since
/// a value's own code runs then.
struct Unfinished<'a> {
    out: &'a mut Vec<u8>,
    start: Option<usize>,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(start) = self.start {
            self.out.truncate(start);
        }
    }
}

impl std::fmt::Display for Framing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
