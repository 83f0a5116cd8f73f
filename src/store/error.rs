//! Errors of the store, with what to do about them.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::PathBuf;

use super::cipher::CipherError;

#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("{what} failed: {why}")]
    Database {
        /// What was tried, for example "recording beats".
        what: &'static str,
        why: String,
    },
    /// The database works but rejects the values: a retry does not help.
    #[error("{what} failed: the database rejected the values: {why}")]
    Unfit { what: &'static str, why: String },
    /// The settings changed after they were read. Nothing was written.
    #[error("someone else changed the settings at the same time; try again")]
    Outrun,
    /// A row that this program cannot have written.
    #[error("{0}")]
    Damaged(String),
    #[error(transparent)]
    Seal(#[from] CipherError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    #[error("the database address cannot be used: {0}")]
    NoAddress(String),
    #[error("`{0}` is not a supported database: give a file (sqlite:heartbeat.db) or postgres://user:password@host/database")]
    UnknownDatabase(String),
    #[error("the database server {server} cannot be used: {why}")]
    Unreachable { server: String, why: String },
    /// With another encoding, some of the texts of servers and users could not be stored.
    #[error(
        "the database {server} has the encoding {encoding}, and Heartbeat needs UTF8; create one with: CREATE DATABASE heartbeat ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
    )]
    Encoding { server: String, encoding: String },
    #[error("the database file {} cannot be used: {why}; it and its directory must be writable by this user", path.display())]
    File { path: PathBuf, why: String },
    #[error("{} is not an SQLite database: give another file, or move this one away", .0.display())]
    NotADatabase(PathBuf),
    #[error("{} is the database of another program: give Heartbeat a file of its own", .0.display())]
    AnotherPrograms(PathBuf),
    #[error("the database has schema {found}, and this Heartbeat supports schemas up to {known}: run the newer version that wrote it")]
    Newer { found: i64, known: i64 },
    #[error("SQLite {0} can lose committed data (fixed in 3.51.3): build Heartbeat with its bundled SQLite")]
    OldSqlite(String),
}

/// A field of `what` (such as "project") with this name or number, which cannot be parsed.
pub(super) fn unreadable(what: &str, name: &dyn Display, field: &str) -> StoreError {
    StoreError::Damaged(format!("{what} {name}: its {field} in the database cannot be read"))
}

/// The same, with the reason.
pub(super) fn damaged(what: &str, name: &dyn Display, field: &str, wrong: &dyn Display) -> StoreError {
    StoreError::Damaged(format!("{what} {name}: its {field} in the database cannot be read: {wrong}"))
}

pub(super) fn failure(what: &'static str, error: &sqlx::Error) -> StoreError {
    let why = words(error);
    if is_unfit(error) { StoreError::Unfit { what, why } } else { StoreError::Database { what, why } }
}

fn is_unfit(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else { return false };
    if is_postgres(error) {
        return ["22", "23", "54"].iter().any(|class| code.starts_with(class));
    }
    // SQLITE_TOOBIG, SQLITE_CONSTRAINT and SQLITE_MISMATCH.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

pub(super) fn words(error: &sqlx::Error) -> String {
    let code = error.as_database_error().filter(|_| !is_postgres(error)).and_then(|error| error.code().map(Cow::into_owned));
    // SQLite's extended codes contain the primary code in their low byte.
    let plain = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match (plain, error) {
        (Some(5 | 6), _) => "another process has locked the database; find it (`fuser` on the file) or try again".into(),
        (Some(8), _) => "the database file, or its directory, is read-only".into(),
        (Some(10), _) => "the database file cannot be read or written (disk I/O error); check whether the disk is full or failing".into(),
        (Some(11), _) => "the database file is damaged; restore a backup, or move the file away to start with a new one".into(),
        (Some(13), _) => "the disk is full".into(),
        (Some(14), _) => "the database file cannot be opened; check its directory and permissions".into(),
        (Some(26), _) => "the file is not an SQLite database".into(),
        (_, sqlx::Error::Io(error)) => format!("the connection to the database failed: {error}"),
        (_, sqlx::Error::PoolTimedOut) => "no connection to the database became available in time".into(),
        (_, sqlx::Error::PoolClosed) => "the database is already closed".into(),
        (_, sqlx::Error::Database(error)) => error.message().to_owned(),
        (_, error) => error.to_string(),
    }
}

fn is_postgres(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()).is_some()
}
