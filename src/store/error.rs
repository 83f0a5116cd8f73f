//! What can go wrong with a database, in words that say what to do.

use std::borrow::Cow;
use std::path::PathBuf;

use super::cipher::CipherError;

/// Why the store did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database said no, or was not there.
    #[error("{what} failed: {why}")]
    Database {
        /// What was tried, in words: "recording beats".
        what: &'static str,
        /// What the database said.
        why: String,
    },
    /// The database is there and well, and refuses what it was given: to try that again is of no use.
    #[error("{what} failed, the database refuses what it was given: {why}")]
    Unfit {
        /// What was tried, in words.
        what: &'static str,
        /// What the database said.
        why: String,
    },
    /// Somebody else changed something since that was read from which this change was worked out. Nothing was written.
    #[error("somebody else changed something at the same time")]
    Outrun,
    /// A row that this program could not have written.
    #[error("{0}")]
    Damaged(String),
    /// A secret that could not be encrypted, or that this key does not open.
    #[error(transparent)]
    Seal(#[from] CipherError),
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Why a database could not be opened. No password is in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// The address itself is wrong.
    #[error("the database's address cannot be used: {0}")]
    NoAddress(String),
    /// Neither SQLite nor PostgreSQL.
    #[error("`{0}` is no database that Heartbeat speaks: give a file (sqlite:heartbeat.db) or postgres://user:password@host/database")]
    UnknownDatabase(String),
    /// The server is not there, or does not let us in.
    #[error("the database server {server} cannot be used: {why}")]
    Unreachable {
        /// Which, without user and password.
        server: String,
        /// What came back.
        why: String,
    },
    /// It keeps text in another encoding: some of what a server or a person says could not be kept.
    #[error(
        "the database {server} keeps text as {encoding}, and Heartbeat needs UTF8; make one: CREATE DATABASE heartbeat ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
    )]
    Encoding {
        /// Which, without user and password.
        server: String,
        /// As the server names it.
        encoding: String,
    },
    /// The file or its directory cannot be made, read or written.
    #[error("the database file {} cannot be used: {why}; it and its directory must be writable by this user", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The file is something else.
    #[error("{} is not an SQLite database: give another file, or move this one away", .0.display())]
    NotADatabase(PathBuf),
    /// The file is a database, but not ours.
    #[error("{} is the database of another program: give Heartbeat a file of its own", .0.display())]
    AnotherPrograms(PathBuf),
    /// Written by a newer Heartbeat.
    #[error("the database has schema {found}, and this Heartbeat knows schemas up to {known}: run the newer version that wrote it")]
    Newer {
        /// In the database.
        found: i64,
        /// The newest here.
        known: i64,
    },
    /// The SQLite that this program was linked with loses data.
    #[error("SQLite {0} can lose committed data (fixed in 3.51.3): build Heartbeat with the SQLite that it brings along")]
    OldSqlite(String),
}

/// A failure of what was tried.
pub(super) fn failure(what: &'static str, error: &sqlx::Error) -> StoreError {
    let why = words(error);
    if is_unfit(error) { StoreError::Unfit { what, why } } else { StoreError::Database { what, why } }
}

/// Whether the database refuses a value: too long, of another kind, in another encoding, against a constraint.
fn is_unfit(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else { return false };
    if is_postgres(error) {
        // Data exceptions, broken constraints, and what is beyond the program's limits.
        return ["22", "23", "54"].iter().any(|class| code.starts_with(class));
    }
    // Too big, a constraint, another kind.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

/// What a database's error means to the person who must do something about it.
pub(super) fn words(error: &sqlx::Error) -> String {
    let code = error.as_database_error().filter(|_| !is_postgres(error)).and_then(|said| said.code().map(Cow::into_owned));
    // SQLite's extended codes carry the plain one in their low byte.
    let plain = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match (plain, error) {
        (Some(5 | 6), _) => "another process holds the database locked; find it (`fuser` on the file) or try again".into(),
        (Some(8), _) => "the database file, or its directory, is read-only".into(),
        (Some(10), _) => "the database file cannot be read or written (disk I/O error); is the disk full, or failing?".into(),
        (Some(11), _) => "the database file is damaged; restore a copy, or move it away to begin anew".into(),
        (Some(13), _) => "the disk is full".into(),
        (Some(14), _) => "the database file cannot be opened; check its directory and permissions".into(),
        (Some(26), _) => "the file is not an SQLite database".into(),
        (_, sqlx::Error::Io(error)) => format!("the connection to the database broke: {error}"),
        (_, sqlx::Error::PoolTimedOut) => "no connection to the database was free, or could be made, in time".into(),
        (_, sqlx::Error::PoolClosed) => "the database was closed already".into(),
        (_, sqlx::Error::Database(said)) => said.message().to_owned(),
        (_, error) => error.to_string(),
    }
}

fn is_postgres(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|said| said.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()).is_some()
}
