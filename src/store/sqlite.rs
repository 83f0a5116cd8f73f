//! Opening SQLite: one file, used by the service and by every command beside it at the same time.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::database::Database;
use super::statement::Statement;
use super::trouble::words;
use super::{OpenError, StoreError};

/// Before this, a checkpoint that races with a reset of the log can lose committed pages.
const OLDEST: (i64, i64, i64) = (3, 51, 3);

/// One that writes and one that reads beside it: a connection costs a thread and its own page cache.
const CONNECTIONS: u32 = 2;

/// SQLite's unit here is KiB, written negative.
const PAGE_CACHE: &str = "-1024";

/// The write-ahead log is cut back to this many bytes after a burst.
const LOG_BYTES: &str = "16777216";

/// Opens the file, making it and its directory where they are missing. A file that others hold locked is waited for `patience`.
pub(super) async fn open(path: &Path, patience: Duration) -> Result<Database, StoreError> {
    make(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A power cut may take the last commits, never the file's soundness. That is harmless for beats: what a beat is called
        // is derived, so a look finds those that were sent and forgotten. What a person sets up is made durable after it (`persist`).
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(patience)
        .pragma("cache_size", PAGE_CACHE)
        .pragma("journal_size_limit", LOG_BYTES)
        .statement_cache_capacity(64)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience.saturating_mul(2))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| unopened(path, &error))?;
    let database = Database::Sqlite(pool);
    check_version(&database).await?;
    check_owner(&database, path).await?;
    Ok(database)
}

/// The file holds sealed secrets and what was measured: its owner's business alone. SQLite gives the same mode to the files beside it.
fn make(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let unmade = |why: io::Error| OpenError::File { path: path.to_owned(), why: why.to_string() };
    directory.map_or(Ok(()), fs::create_dir_all).map_err(unmade)?;
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unmade(error)),
    }
}

fn unopened(path: &Path, error: &sqlx::Error) -> OpenError {
    let code = error.as_database_error().and_then(|said| said.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some("26") => OpenError::NotADatabase(path.to_owned()),
        _ => OpenError::File { path: path.to_owned(), why: words(error) },
    }
}

async fn check_version(database: &Database) -> Result<(), StoreError> {
    let found =
        database.read("asking SQLite for its version", Statement::new("SELECT sqlite_version()"), |row| row.text(0)).await?.concat();
    let mut parts = found.split('.').map(|part| part.parse::<i64>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) < OLDEST { Err(OpenError::OldSqlite(found).into()) } else { Ok(()) }
}

/// Refuses a database that another program made, before anything is written into it.
async fn check_owner(database: &Database, path: &Path) -> Result<(), StoreError> {
    let tables = Statement::new("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let names = database.read("listing the tables", tables, |row| row.text(0)).await?;
    if names.is_empty() || names.iter().any(|name| name == super::migrate::META) {
        Ok(())
    } else {
        Err(OpenError::AnotherPrograms(path.to_owned()).into())
    }
}
