//! The truth: every message, its state, labels and conversation, in one SQLite database.
//!
//! Every change leaves in `index_queue`, in the same transaction, the messages the index must take in
//! again. The rows go only after the index has committed, so an index that a crash left behind can
//! always be brought level.
//!
//! Architecture invariant: this module knows nothing of the index but that queue.

mod change;
mod content;
mod insert;
mod labels;
mod origins;
mod pool;
mod queue;
mod rows;
mod schema;
mod subject;
mod threads;

pub(crate) use change::{label, mark};
pub(crate) use insert::{Incoming, Inserted, insert, known};
pub(crate) use labels::MAX_LABEL_CHARS;
pub(crate) use origins::{knows, origins};
pub(crate) use pool::Pool;
pub(crate) use queue::{clear_queue, queue_length, queued, take_off};
pub(crate) use rows::{all_ids, count_messages, envelopes, ids_of_thread, newest_id, raw, stored};
pub(crate) use schema::{DATABASE_FILE, LOG_FILE, VERSION, open_writer};
