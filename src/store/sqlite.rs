//! Opens SQLite: one file, shared by the service and by commands that run at the same time.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _};
use tokio::sync::watch;

use super::OpenError;
use super::connections::Connections;
use super::database::Database;
use super::error::words;

/// In older versions, a checkpoint that races with a reset of the log can lose committed pages.
const OLDEST: (i64, i64, i64) = (3, 51, 3);

/// In KiB, which SQLite expects as a negative number.
const PAGE_CACHE: &str = "-1024";

/// Rows that SQLite's thread reads ahead. With fewer rows the two threads mostly wait for each other.
const ROWS_AHEAD: usize = 1024;

/// The size to which the write-ahead log is cut after a burst, in bytes.
const LOG_BYTES: &str = "16777216";

/// `SQLITE_BUSY`; extended codes contain it in their low byte.
const BUSY: u32 = 5;

/// How often opening is tried while other processes open the same file.
const TRIES: u32 = 20;

/// Creates the file and its directory if they are missing. `patience` is how long to wait for a locked file.
pub(super) async fn open(path: &Path, patience: Duration) -> Result<Database, OpenError> {
    make(path)?;
    // Processes that open a new file at the same time conflict when they switch it to WAL: there SQLite returns SQLITE_BUSY without
    // waiting. The one that fails waits for the lock and tries again.
    for _ in 1..TRIES {
        match open_once(path, patience).await {
            Err(Unopened::Busy(_)) => take_turn(path, patience).await.map_err(|error| unopened(path, &error))?,
            Err(Unopened::Other(error)) => return Err(error),
            Ok(database) => return Ok(database),
        }
    }
    open_once(path, patience).await.map_err(|unopened| match unopened {
        Unopened::Busy(error) | Unopened::Other(error) => error,
    })
}

enum Unopened {
    Busy(OpenError),
    Other(OpenError),
}

impl From<OpenError> for Unopened {
    fn from(error: OpenError) -> Self {
        Self::Other(error)
    }
}

/// Waits until no other process has locked the file.
async fn take_turn(path: &Path, patience: Duration) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(path).busy_timeout(patience).disable_statement_logging().connect().await?;
    sqlx::raw_sql("BEGIN EXCLUSIVE; ROLLBACK").execute(&mut connection).await?;
    connection.close().await
}

async fn open_once(path: &Path, patience: Duration) -> Result<Database, Unopened> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(patience)
        .pragma("cache_size", PAGE_CACHE)
        .statement_cache_capacity(64)
        .row_buffer_size(ROWS_AHEAD)
        .disable_statement_logging();
    let unopened = |error: sqlx::Error| {
        let is_busy = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok()).is_some_and(|code| code & 0xff == BUSY);
        let error = unopened(path, &error);
        if is_busy { Unopened::Busy(error) } else { Unopened::Other(error) }
    };

    // 1. Check who owns the file before step 2 writes to it.
    let mut first = options.connect().await.map_err(unopened)?;
    check_version(&texts(&mut first, "SELECT sqlite_version()").await.map_err(unopened)?.concat())?;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    check_owner(&texts(&mut first, tables).await.map_err(unopened)?, path)?;
    first.close().await.map_err(unopened)?;

    // 2. Open it.
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("journal_size_limit", LOG_BYTES)
        // A power failure may lose the last commits, but does not damage the file. For beats that is harmless: their ids are derived, so a
        // read-back finds beats that were sent and not stored. Settings are made durable with `persist`.
        .synchronous(SqliteSynchronous::Normal);
    let connections = Connections::open(options, patience.saturating_mul(2)).await.map_err(unopened)?;
    Ok(Database::Sqlite(connections, watch::Sender::default()))
}

/// The file contains encrypted secrets and measurements, so only its owner may read it. SQLite gives the same mode to the files beside it.
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
    let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some("26") => OpenError::NotADatabase(path.to_owned()),
        _ => OpenError::File { path: path.to_owned(), why: words(error) },
    }
}

async fn texts(connection: &mut SqliteConnection, question: &'static str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(question).fetch_all(connection).await
}

fn check_version(found: &str) -> Result<(), OpenError> {
    let mut parts = found.split('.').map(|part| part.parse::<i64>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) < OLDEST { Err(OpenError::OldSqlite(found.to_owned())) } else { Ok(()) }
}

fn check_owner(tables: &[String], path: &Path) -> Result<(), OpenError> {
    let is_ours = tables.is_empty() || tables.iter().any(|table| table == super::migrate::META);
    if is_ours { Ok(()) } else { Err(OpenError::AnotherPrograms(path.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_that_can_lose_commits_is_refused() {
        for old in ["3.51.2", "3.9.99", "3.51", "", "2.99.99"] {
            assert!(check_version(old).is_err_and(|error| error.to_string().contains("fixed in 3.51.3")), "{old}");
        }
        for sound in ["3.51.3", "3.51.10", "3.60.0", "4.0"] {
            assert!(check_version(sound).is_ok(), "{sound}");
        }
    }
}
