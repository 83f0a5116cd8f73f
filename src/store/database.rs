//! One interface to SQLite and PostgreSQL: statements in, rows out. Differences in queries are handled here, differences in opening in
//! `sqlite.rs` and `postgres.rs`.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::postgres::PgPool;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use tokio::sync::watch;

use super::connections::{Connections, Lease};
use super::error::failure;
pub(super) use super::row::Row;
use super::statement::{Statement, sql};
use super::value::{Value, bind};
use super::{Counters, StoreError};
use crate::model::Timestamp;

#[derive(Debug, Clone)]
pub(super) enum Database {
    Sqlite(Arc<Connections>, watch::Sender<Counters>),
    Postgres(PgPool, watch::Sender<Counters>),
}

/// How transactions begin on PostgreSQL. Behind a pooler, two round trips may use two connections unless they are in one transaction, and
/// the driver needs two for a statement with values: so reads are transactions as well. The timeouts are set per transaction, so that they
/// do not stay on a pooled connection. A lock or a query that does not end is reported and retried.
macro_rules! begin_on_postgres {
    ($how:literal) => {
        concat!("BEGIN ", $how, "; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '5min'")
    };
}
const READ_ON_POSTGRES: &str = begin_on_postgres!("READ ONLY");
const WRITE_ON_POSTGRES: &str = begin_on_postgres!("");
const SNAPSHOT_ON_POSTGRES: &str = begin_on_postgres!("ISOLATION LEVEL REPEATABLE READ READ ONLY");

/// How many keys a statement names. Longer lists are not faster.
pub(super) const AT_ONCE: usize = 512;

/// Rows per statement: SQLite accepts 32,766 values in a statement, and longer statements are not faster.
pub(super) const ROWS: usize = 1000;

impl Database {
    pub(super) async fn read<T>(
        &self,
        what: &'static str,
        statement: Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            // The driver's futures are large: boxing keeps the callers' futures small.
            Self::Sqlite(connections, _) => {
                let read = async {
                    let mut lease = connections.lease().await.map_err(|error| failure(what, &error))?;
                    collect(what, lease.read(statement), of).await
                };
                Box::pin(read).await
            }
            Self::Postgres(..) => Box::pin(self.read_together(what, vec![statement], of)).await,
        }
    }

    /// Runs several reads in one trip to SQLite's thread, because the trip costs more than most statements. `of` tells the statements apart
    /// by their columns.
    pub(super) async fn read_all<T>(
        &self,
        what: &'static str,
        statements: Vec<Statement>,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        if matches!(self, Self::Sqlite(..)) {
            return self.read(what, Statement::joined(statements), of).await;
        }
        Box::pin(self.read_together(what, statements, of)).await
    }

    /// The first row, if there is one.
    pub(super) async fn read_one<T>(
        &self,
        what: &'static str,
        statement: Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.read(what, statement, of).await?.into_iter().next())
    }

    /// Reads what is stored of `keys`, with one statement for [`AT_ONCE`] of them.
    pub(super) async fn read_each<K, T>(
        &self,
        what: &'static str,
        keys: &[K],
        statement: impl Fn(&[K]) -> Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        for some in keys.chunks(AT_ONCE) {
            all.extend(self.read(what, statement(some), &of).await?);
        }
        Ok(all)
    }

    /// Runs one statement in a transaction of its own. SQLite takes the write lock for it before it reads.
    pub(super) async fn run(&self, what: &'static str, statement: Statement) -> Result<u64, StoreError> {
        if let Self::Sqlite(connections, _) = self {
            let run = async { connections.lease_to_write().await?.run(statement).await };
            return Box::pin(run).await.map_err(|error| failure(what, &error));
        }
        let mut work = self.work(what).await?;
        let rows = work.run(statement).await?;
        work.commit().await?;
        Ok(rows)
    }

    async fn read_together<T>(
        &self,
        what: &'static str,
        statements: Vec<Statement>,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let mut open = self.begin_to_read(what, READ_ON_POSTGRES).await?;
        let mut all = Vec::new();
        for statement in statements {
            all.extend(open.read(statement, &of).await?);
        }
        open.commit().await?;
        Ok(all)
    }

    /// Begins a write transaction. On SQLite it takes the write lock with its first statement: a lock taken later, after a read, could not be
    /// waited for.
    pub(super) async fn work(&self, what: &'static str) -> Result<Work, StoreError> {
        let begun = match self {
            Self::Sqlite(connections, _) => connections.lease_to_write().await.map(|lease| Open::Sqlite(lease.within("BEGIN IMMEDIATE"))),
            Self::Postgres(pool, _) => Box::pin(pool.begin_with(WRITE_ON_POSTGRES)).await.map(Open::Postgres),
        };
        self.begun(what, begun)
    }

    /// Begins a transaction that reads several tables at one point in time.
    pub(super) async fn snapshot(&self, what: &'static str) -> Result<Work, StoreError> {
        self.begin_to_read(what, SNAPSHOT_ON_POSTGRES).await
    }

    async fn begin_to_read(&self, what: &'static str, on_postgres: &'static str) -> Result<Work, StoreError> {
        let begun = match self {
            Self::Sqlite(connections, _) => connections.lease().await.map(|lease| Open::Sqlite(lease.within("BEGIN"))),
            Self::Postgres(pool, _) => Box::pin(pool.begin_with(on_postgres)).await.map(Open::Postgres),
        };
        self.begun(what, begun)
    }

    fn begun(&self, what: &'static str, begun: Result<Open, sqlx::Error>) -> Result<Work, StoreError> {
        let open = begun.map_err(|error| failure(what, &error))?;
        Ok(Work { what, open, later: Vec::new(), grown: Vec::new(), changes: self.changes().clone() })
    }

    /// Says which counters changed, after the commit.
    pub(super) const fn changes(&self) -> &watch::Sender<Counters> {
        match self {
            Self::Sqlite(_, changes) | Self::Postgres(_, changes) => changes,
        }
    }

    /// Commits, and makes all commits durable across a power failure. PostgreSQL does that itself; SQLite, as it is opened here, only with its next
    /// checkpoint.
    pub(super) async fn persist(&self, work: Work) -> Result<(), StoreError> {
        let what = work.what;
        work.commit().await?;
        match self {
            Self::Sqlite(..) => self.read(what, sql!("PRAGMA wal_checkpoint(PASSIVE)"), |_| Ok(())).await.map(drop),
            Self::Postgres(..) => Ok(()),
        }
    }

    /// Checks that the database is writable without writing: it fails on a lock and on a read-only server.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let mut work = self.work("checking whether the store is writable").await?;
        if work.shares_writing() {
            work.run_script("LOCK TABLE heartbeat_meta, beats IN ROW EXCLUSIVE MODE".to_owned()).await?;
            // A standby grants the table lock, but no row lock.
            work.read(sql!("SELECT value FROM heartbeat_meta WHERE name = 'revision' FOR KEY SHARE"), |_| Ok(())).await?;
        }
        Ok(())
    }

    /// SQLite's write-ahead log.
    pub(super) fn log_file(&self) -> Option<PathBuf> {
        let Self::Sqlite(connections, _) = self else { return None };
        let mut name = connections.file().as_os_str().to_owned();
        name.push("-wal");
        Some(name.into())
    }

    pub(super) async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        if matches!(self, Self::Sqlite(..)) {
            return Ok(None);
        }
        let now = sql!("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)");
        self.read_one("reading the time of the server", now, |row| row.get(0)).await
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(connections, _) => connections.close().await,
            Self::Postgres(pool, _) => pool.close().await,
        }
    }
}

pub(super) struct Work {
    what: &'static str,
    open: Open,
    later: Vec<Statement>,
    grown: Vec<(&'static str, i64)>,
    changes: watch::Sender<Counters>,
}

enum Open {
    Sqlite(Lease),
    Postgres(Transaction<'static, Postgres>),
}

impl Work {
    /// Whether other transactions may write at the same time.
    pub(super) const fn shares_writing(&self) -> bool {
        matches!(self.open, Open::Postgres(_))
    }

    /// Queues a statement for the commit; all queued ones run in one trip.
    pub(super) fn run_later(&mut self, statement: Statement) {
        self.later.push(statement);
    }

    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let done = match &mut self.open {
            Open::Sqlite(open) => Box::pin(open.run(statement)).await,
            Open::Postgres(open) => Box::pin(postgres(statement).execute(&mut **open)).await.map(|done| done.rows_affected()),
        };
        done.map_err(|error| failure(self.what, &error))
    }

    pub(super) async fn run_script(&mut self, text: String) -> Result<(), StoreError> {
        let done = match &mut self.open {
            Open::Sqlite(open) => Box::pin(open.run_once(Statement::new(&text))).await,
            Open::Postgres(open) => Box::pin(sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **open)).await.map(drop),
        };
        done.map_err(|error| failure(self.what, &error))
    }

    pub(super) async fn read<T>(
        &mut self,
        statement: Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        match &mut self.open {
            Open::Sqlite(open) => Box::pin(collect(self.what, open.read(statement), of)).await,
            Open::Postgres(open) => {
                Box::pin(collect(self.what, Ok(postgres(statement).fetch(&mut **open).map_ok(Row::Postgres)), of)).await
            }
        }
    }

    pub(super) async fn read_one<T>(
        &mut self,
        statement: Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.read(statement, of).await?.into_iter().next())
    }

    /// Inserts any number of rows. `before` ends with `VALUES`, and `after` says what happens to existing rows.
    pub(super) async fn insert<const N: usize>(&mut self, before: &str, mut rows: Vec<[Value; N]>, after: &str) -> Result<(), StoreError> {
        while !rows.is_empty() {
            let some = rows.drain(..rows.len().min(ROWS));
            let insert = sql!(before).rows(some).text(after);
            self.run(insert).await?;
        }
        Ok(())
    }

    /// Notes the new value of a counter, for [`Database::changes`].
    pub(super) fn grew(&mut self, counter: &'static str, to: i64) {
        self.grown.push((counter, to));
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.open {
            Open::Sqlite(open) => Box::pin(open.commit(self.later)).await,
            Open::Postgres(mut open) => {
                for statement in self.later {
                    Box::pin(postgres(statement).execute(&mut *open)).await.map_err(|error| failure(self.what, &error))?;
                }
                Box::pin(open.commit()).await
            }
        };
        done.map_err(|error| failure(self.what, &error))?;
        self.changes.send_if_modified(|counters| counters.grow(&self.grown));
        Ok(())
    }
}

async fn collect<T>(
    what: &'static str,
    rows: Result<impl Stream<Item = Result<Row, sqlx::Error>> + Send, sqlx::Error>,
    of: impl Fn(&Row) -> Result<T, StoreError> + Send,
) -> Result<Vec<T>, StoreError> {
    let mut rows = pin!(rows.map_err(|error| failure(what, &error))?);
    let mut all = Vec::new();
    while let Some(row) = rows.next().await {
        all.push(of(&row.map_err(|error| failure(what, &error))?)?);
    }
    Ok(all)
}

/// Without prepared statements that outlive their use: behind a pooler the next statement may use another connection.
fn postgres(statement: Statement) -> Query<'static, Postgres, <Postgres as sqlx::Database>::Arguments> {
    let (text, values) = statement.for_postgres();
    bind(sqlx::query(AssertSqlSafe(text)), values).persistent(false)
}
