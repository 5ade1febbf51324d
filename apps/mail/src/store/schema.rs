//! Opens the database and brings its schema up to date.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};

use crate::error::EngineError;

/// The name of the database inside the data directory.
pub(crate) const DATABASE_FILE: &str = "mail.db";

/// The name that SQLite gives to the database's log.
pub(crate) const LOG_FILE: &str = "mail.db-wal";

/// One entry per version, never edited once released, only added to.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("schema.sql")),
    // What the mailbox last said of the message there: a bit each for read, flagged and replied. Unknown in older rows.
    M::up("ALTER TABLE origins ADD COLUMN flags INTEGER;"),
];

/// The version of the schema: how many migrations there are.
pub(crate) const VERSION: u32 = MIGRATIONS.len() as u32;

/// How many prepared statements a connection keeps: more than this module has.
const STATEMENTS: usize = 64;

/// Opens the one connection that writes, and migrates.
pub(crate) fn open_writer(dir: &Path) -> Result<Connection, EngineError> {
    let mut connection = Connection::open(dir.join(DATABASE_FILE))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "wal")?;
    // The index is told about a change after it is durable; a lost transaction would leave the index ahead.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A log that a large import has blown up is cut back to this many bytes.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Migrations::from_slice(MIGRATIONS).to_latest(&mut connection).map_err(migration_error)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reader(database: &Path) -> Result<Connection, EngineError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn migration_error(error: rusqlite_migration::Error) -> EngineError {
    use rusqlite_migration::Error as E;
    match error {
        E::RusqliteError { err, .. } => err.into(),
        E::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => EngineError::NewerDatabase,
        other => EngineError::Store { source: other.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_apply_and_repeat() {
        Migrations::from_slice(MIGRATIONS).validate().unwrap();
        let dir = tempfile::tempdir().unwrap();
        drop(open_writer(dir.path()).unwrap());
        let connection = open_writer(dir.path()).unwrap();
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
    }

    #[test]
    fn a_newer_database_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let connection = open_writer(dir.path()).unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(connection);
        assert!(matches!(open_writer(dir.path()), Err(EngineError::NewerDatabase)));
    }

    #[test]
    fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let _writer = open_writer(dir.path()).unwrap();
        let reader = open_reader(&dir.path().join(DATABASE_FILE)).unwrap();
        assert!(reader.execute("INSERT INTO index_queue (message) VALUES (1)", []).is_err());
    }
}
