//! Daemons that nobody has to manage: found, started, kept to one, heard, and let go.
//!
//! A daemon is an [`Instance`]: a service name plus, where there are several, an instance name. All that its clients
//! and its successors need to know is in one private directory ([`RuntimeDir`]) as files named after it:
//!
//! | file | holds | who writes, when | what its presence means |
//! |---|---|---|---|
//! | `NAME.sock` | the socket | the daemon, by rename, once it listens | nothing; connecting tells |
//! | `NAME.lock` | a `flock` for the daemon's life; whether that was of use | whoever comes first; never unlinked | nothing; the kernel's lock tells |
//! | `NAME.spawn` | a `flock` while a daemon starts; what became of the [last start](LastStart) | whoever comes first; never unlinked | nothing |
//! | `NAME.json` | who serves | the daemon, by rename | nothing; it is for people |
//! | `NAME+SET/` | the restricted socket of a set, `NAME.sock` | the daemon; never removed | nothing |
//! | `NAME.new`, `NAME.tmp` | not yet published | the holder of `NAME.lock` | a predecessor was killed; replaced |
//!
//! **Client.** [`connect`] never starts anything. [`ensure_running`] connects, and if nobody answers takes the start
//! lock, looks again, and launches the daemon with that lock as its standard input. So the lock stays taken until the
//! daemon is ready or dead, whatever becomes of the launcher, and everyone else waits for exactly that in the kernel.
//!
//! **Watched.** A daemon whose socket was taken away publishes it again; one whose lock or directory was, leaves
//! (`door`).
//!
//! A client that knows only the instance's name learns from its [`ServiceFile`] which program that is.
//!
//! **Daemon.** [`detach`], [`acquire_or_yield`], [`publish`], [`Starting::ready`]; then serve. To leave: refuse new
//! work, [`Published::withdraw`], accept until nothing waits, close the listener, and drop the [`InstanceLock`] last.
//!
//! **Successor.** A daemon is replaced by handing its lock and its sockets to another process, see `successor` and
//! `handover`; a supervisor's sockets come in by `activation`. `sockets` has them all, and what becomes of them.
//!
//! Invariants: nothing is decided by a pid, an age or a file's existence. Clients unlink nothing. A socket under its
//! final name was listening when it got that name. Everything here is synchronous and knows neither tokio nor messages.

#[cfg(feature = "tokio")]
mod activation;
mod changes;
mod clock;
mod connect;
mod connector;
#[cfg(feature = "tokio")]
mod daemon;
#[cfg(feature = "tokio")]
mod descriptors;
mod detach;
#[cfg(feature = "tokio")]
mod door;
mod env;
mod error;
mod files;
#[cfg(feature = "tokio")]
mod handover;
mod instance;
mod last_start;
mod launch;
mod lock;
mod log;
mod log_reader;
mod overheard;
mod publish;
mod ready;
mod record;
#[cfg(feature = "tokio")]
mod restart;
mod runtime_dir;
mod runtime_rule;
mod served;
mod service_dir;
mod service_file;
#[cfg(feature = "tokio")]
mod skew;
#[cfg(feature = "tokio")]
mod sockets;
mod state;
#[cfg(feature = "tokio")]
mod stop;
#[cfg(feature = "tokio")]
mod successor;
mod turn;
mod units;

pub use connect::{connect, ensure_running};
pub use connector::Connector;
#[cfg(feature = "tokio")]
pub use daemon::Daemon;
pub use detach::detach;
pub use env::{Env, PASSED_ENV};
pub use error::{LifecycleError, StartError};
pub use instance::Instance;
pub use last_start::{Asking, LastStart, Next};
pub use launch::Launcher;
pub use lock::{InstanceLock, SpawnLock};
pub use log::{LogFile, log_path};
pub use log_reader::LogReader;
pub use publish::{Published, publish};
pub use ready::{Failure, Phase, Ready, Starting, Word, Words};
pub use record::{Listed, Record, instances, list, rfc3339};
#[cfg(feature = "tokio")]
pub use restart::restart;
pub use runtime_dir::RuntimeDir;
pub use runtime_rule::{Rule, RuntimePath, Skipped};
pub use service_file::ServiceFile;
#[cfg(feature = "tokio")]
pub use skew::Skew;
pub use state::{Holders, State};
#[cfg(feature = "tokio")]
pub use stop::stop;
pub use turn::{Turn, acquire_or_yield};
pub use units::Unit;
