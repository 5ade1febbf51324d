//! The engine: stores mail, keeps the index level with it, answers.
//!
//! The order of every change is the same: a transaction of the database, then a commit of the index,
//! then the entries leave the queue between the two. Killed anywhere, the next start finds in that
//! queue what the index misses, and the first search takes it in.
//!
//! One thread at a time writes, behind a mutex that is held for one batch; any number of threads
//! read beside it, each with a connection of its own and the index's last commit.

mod change;
mod import;
mod level;
mod open;
mod read;

pub use open::Engine;
pub use read::MAX_RESULTS;
