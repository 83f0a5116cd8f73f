//! Migrations: the files under `migrations/`, applied once each, in order, in one exclusive transaction.

use super::database::{Database, Work};
use super::statement::Statement;
use super::{OpenError, StoreError};

/// One file per schema version. A released file is never changed.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001_schema.sql")];

pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// The table of counters and marks. It exists before any migration.
pub(super) const META: &str = "heartbeat_meta";

/// The names of all tables.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let created = MIGRATIONS.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("CREATE TABLE "));
    created.filter_map(|rest| rest.split_whitespace().next()).chain([META])
}

const WHAT: &str = "bringing the database's schema up to date";

pub(super) async fn migrate(database: &Database) -> Result<(), StoreError> {
    // The common case takes no lock. An error here, for example a missing table, occurs again below and is returned there.
    if let Ok(found) = database.read(WHAT, schema_query(), |row| row.int(0)).await
        && compare(found.first().copied().unwrap_or(0))?
    {
        return Ok(());
    }
    let mut work = database.work(WHAT).await?;
    lock_out_others(database, &mut work).await?;
    work.run(Statement::new("CREATE TABLE IF NOT EXISTS heartbeat_meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)")).await?;
    let found = work.read(schema_query(), |row| row.int(0)).await?.first().copied().unwrap_or(0);
    if compare(found)? {
        return work.commit().await;
    }
    for text in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        work.run_script(in_words_of(database, text)).await?;
    }
    let recorded = Statement::new("INSERT INTO heartbeat_meta (name, value) VALUES ('schema', ").bind(KNOWN);
    work.run(recorded.text(") ON CONFLICT (name) DO UPDATE SET value = excluded.value")).await?;
    work.commit().await
}

fn schema_query() -> Statement {
    Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'schema'")
}

fn compare(found: i64) -> Result<bool, OpenError> {
    if found > KNOWN { Err(OpenError::Newer { found, known: KNOWN }) } else { Ok(found == KNOWN) }
}

/// On SQLite the write lock already excludes others. The advisory lock of PostgreSQL ends with the transaction, so it cannot leak.
async fn lock_out_others(database: &Database, work: &mut Work) -> Result<(), StoreError> {
    match database {
        Database::Sqlite(..) => Ok(()),
        Database::Postgres(..) => {
            // A large table takes long, and so does a concurrent migration.
            work.run_script("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0".to_owned()).await?;
            work.read(Statement::new("SELECT 1 FROM pg_advisory_xact_lock(").bind(LOCK).text(")"), |_| Ok(())).await.map(drop)
        }
    }
}

/// A number that no other program locks: "heartbea" as bytes.
const LOCK: i64 = i64::from_be_bytes(*b"heartbea");

fn in_words_of(database: &Database, text: &str) -> String {
    let (bytes, without_rowid) = match database {
        Database::Sqlite(..) => ("BLOB", "WITHOUT ROWID"),
        Database::Postgres(..) => ("BYTEA", ""),
    };
    text.replace("{bytes}", bytes).replace("{without_rowid}", without_rowid)
}
