//! Connections for reading, so that searches wait neither for each other nor for an import.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::schema::{DATABASE_FILE, open_reader};
use crate::error::EngineError;

/// How many idle connections are kept: a few threads read at a time, and one more costs a
/// fraction of a millisecond to open.
const IDLE: usize = 8;

/// The connections that read the database.
#[derive(Debug)]
pub(crate) struct Pool {
    database: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { database: dir.join(DATABASE_FILE), idle: Mutex::default() }
    }

    /// A connection for this caller alone until it is dropped. Never waits.
    pub(crate) fn get(&self) -> Result<Reader<'_>, EngineError> {
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| open_reader(&self.database), Ok)?;
        Ok(Reader { connection: Some(connection), pool: self })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A push or a pop cannot leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct Reader<'p> {
    /// `Some` until dropped.
    connection: Option<Connection>,
    pool: &'p Pool,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    #[expect(clippy::expect_used, reason = "only `drop` takes the connection out")]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("present until dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle();
        if idle.len() < IDLE {
            idle.extend(self.connection.take());
        }
    }
}
