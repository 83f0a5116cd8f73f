//! Databases of `heartbeat bench`: empty before it, marked while it runs, emptied after it. And what it counts in them.

use crate::model::{Minute, Outcome};

use super::database::Database;
use super::migrate::{META, tables};
use super::open::{PATIENCE, open_database};
use super::statement::sql;
use super::{Store, StoreError, numbers};

/// In the table of counters and marks.
const MARK: &str = "bench";

impl Store {
    /// Marks the database as one that [`empty_bench`] may empty.
    pub async fn mark_as_bench(&self) -> Result<(), StoreError> {
        let mut work = self.database.work("marking the database of the bench").await?;
        numbers::set(&mut work, MARK, 1_i64).await?;
        work.commit().await
    }

    /// The number of beats by outcome, from `from` up to but not including `to`.
    pub async fn outcomes(&self, from: Minute, to: Minute) -> Result<Vec<(Outcome, u64)>, StoreError> {
        let counted = sql!("SELECT outcome, count(*) FROM beats WHERE minute >= ? AND minute < ? GROUP BY outcome", from, to);
        self.database.read("counting beats by outcome", counted, |row| Ok((row.get(0)?, row.get(1)?))).await
    }
}

/// Removes the tables that an earlier bench left. Returns false, and changes nothing, if the database contains anything else.
pub async fn empty_bench(address: &str) -> Result<bool, StoreError> {
    const WHAT: &str = "checking whether the database is empty";
    let database = open_database(address, PATIENCE).await?;
    let names = match database {
        Database::Sqlite(..) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Database::Postgres(..) => "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()",
    };
    let found = database.read(WHAT, sql!(names), |row| row.text(0)).await?;
    let is_marked = async || {
        let mark = sql!("SELECT value FROM heartbeat_meta WHERE name = ?", MARK);
        Ok::<_, StoreError>(database.read_one(WHAT, mark, |row| row.int(0)).await?.is_some())
    };
    let is_only_ours = found.iter().all(|name| tables().any(|ours| ours == name));
    let may_empty = found.is_empty() || is_only_ours && found.iter().any(|name| name == META) && is_marked().await?;
    if may_empty && !found.is_empty() {
        let mut work = database.work("emptying the database of the bench").await?;
        let drops: Vec<String> = found.iter().map(|name| format!("DROP TABLE {name};")).collect();
        work.run_script(drops.concat()).await?;
        work.commit().await?;
    }
    database.close().await;
    Ok(may_empty)
}
