//! The search index: a Tantivy index that can always be built anew from the database.
//!
//! Each message is one document of folded words, state and labels; nothing is stored in it but the id.
//! A change of a flag or label replaces the document. Whatever is wrong with the directory (missing,
//! damaged, of another version), the answer is the same: build it anew.
//!
//! Architecture invariant: this module knows nothing of the database.

mod address;
mod compile;
mod dates;
mod directory;
mod document;
mod schema;
mod search;
mod words;
mod writer;

pub(crate) use document::Source;
pub(crate) use schema::VERSION;
pub(crate) use search::{SearchIndex, io_error};
pub(crate) use writer::DocumentWriter;
