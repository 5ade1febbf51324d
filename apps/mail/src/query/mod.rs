//! The query language: text in, a [`Query`] or a [`QueryError`] that points at the mistake out.
//!
//! | written | finds |
//! |--|--|
//! | `invoice` | messages with the word in subject, body, sender, recipients or attachment names |
//! | `"next week"` | the words in this order |
//! | `from:` `to:` `cc:` `subject:` `body:` `filename:` | the word or quoted phrase in that part only |
//! | `is:unread` `is:read` `is:flagged` `is:replied` | by state |
//! | `has:attachment` | messages with at least one attachment |
//! | `label:work` | messages carrying the label |
//! | `before:` `on:` `after:` | `2024-03-01`, `2024-03`, `2024`, `today`, `yesterday`; every dated message is in exactly one of the three |
//! | `older:30d` `newer:2w` | by age, in `d`, `w`, `m` (months), `y` |
//! | `larger:10k` `smaller:2M` | by size in bytes, `k`, `M`, `G` (powers of 1024) |
//! | `-x`, `NOT x` | everything without `x` |
//! | `a b`, `a AND b`, `a OR b`, `(…)` | both, both, either, grouping; `OR` binds weaker than a space |
//!
//! The empty query finds every message.
//!
//! Architecture invariant: this module knows no index, no clock and no time zone. A relative date
//! stays relative in the [`Query`] and is resolved by whoever runs it.

mod ast;
mod error;
mod field;
mod lexer;
mod parser;
mod value;

pub use ast::{Age, AgeUnit, DatePart, Query, State, Term, TextField, When};
pub use error::{QueryError, QueryErrorKind};
pub use parser::{MAX_DEPTH, MAX_QUERY_CHARS, parse};
