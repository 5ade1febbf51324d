//! What is wrong with a query, where, and what would be right.

use std::fmt;

/// A query that cannot be understood.
///
/// Its `Display` is several lines: the mistake, the query, a caret under the offending piece, and
/// what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// What kind of mistake it is.
    pub kind: QueryErrorKind,
    /// The whole query, as it was given.
    pub query: String,
    /// Where the offending piece starts: a byte offset into `query`.
    pub byte: usize,
    /// Where the offending piece starts: its column, 1-based, counted in characters.
    pub column: usize,
    /// The offending piece; empty where something is missing.
    pub piece: String,
    /// What is allowed there.
    pub help: String,
}

/// The mistakes a query can contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum QueryErrorKind {
    /// Longer than [`MAX_QUERY_CHARS`](super::MAX_QUERY_CHARS).
    #[error("the query is too long")]
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("the query is nested too deeply")]
    TooDeep,
    /// `word:` where the word names no field.
    #[error("unknown field")]
    UnknownField,
    /// A field without a value.
    #[error("the field has no value")]
    MissingValue,
    /// A value the field does not take.
    #[error("the field does not take this value")]
    BadValue,
    /// A word or phrase without a letter or digit.
    #[error("nothing to search for")]
    NoWords,
    /// A quote that is never closed.
    #[error("the quote is never closed")]
    OpenQuote,
    /// A parenthesis that is never closed.
    #[error("the parenthesis is never closed")]
    OpenParenthesis,
    /// A closing parenthesis too many.
    #[error("no parenthesis is open here")]
    StrayParenthesis,
    /// An operator without something to work on.
    #[error("something to search for is missing")]
    MissingOperand,
}

impl QueryError {
    /// Builds the error for the piece `start..end` (byte offsets) of `query`.
    pub(super) fn new(kind: QueryErrorKind, query: &str, (start, end): (usize, usize), help: String) -> Self {
        Self {
            kind,
            query: query.to_owned(),
            byte: start,
            column: query.get(..start).map_or(0, |before| before.chars().count()) + 1,
            piece: query.get(start..end).unwrap_or_default().to_owned(),
            help,
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.piece.is_empty() && self.piece.len() <= PIECE_SHOWN {
            write!(f, ": {}", one_line(&self.piece))?;
        }
        // Only the neighbourhood of the mistake is shown, so that a long query keeps its caret in sight.
        let skipped = (self.column - 1).saturating_sub(CONTEXT_CHARS);
        let shown: String = one_line(&self.query).chars().skip(skipped).take(2 * CONTEXT_CHARS).collect();
        let caret = self.column - 1 - skipped;
        let room = shown.chars().count().saturating_sub(caret).max(1);
        let width = self.piece.chars().count().clamp(1, room);
        write!(f, "\n  {shown}\n  {:caret$}{:^<width$}", "", "")?;
        write!(f, "\n{}", self.help)
    }
}

impl std::error::Error for QueryError {}

/// Characters of the query shown on each side of the caret: with the margin, one terminal line.
const CONTEXT_CHARS: usize = 38;

/// Bytes of the piece repeated in the first line; a longer one is seen well enough above the caret.
const PIECE_SHOWN: usize = 40;

/// Keeps one column per character: a tab or newline would move the caret.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
