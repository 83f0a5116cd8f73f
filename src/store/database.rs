//! One interface to SQLite and PostgreSQL: statements in, rows out. Differences in queries are handled here, differences in opening in
//! `sqlite.rs` and `postgres.rs`.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::postgres::PgPool;
use sqlx::query::Query;
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Encode, Postgres, Sqlite, Transaction, Type};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::StoreError;
use super::error::failure;
pub(super) use super::row::Row;
use super::statement::{Statement, sql};
use super::value::Value;
use crate::model::Timestamp;

#[derive(Debug, Clone)]
pub(super) enum Database {
    Sqlite(SqlitePool, Turn),
    Postgres(PgPool),
}

/// The write lock for SQLite, which allows one writer at a time. A waiting writer holds no connection, so that one is left for reads: due
/// beats are read and sent even while another process keeps the file locked.
pub(super) type Turn = Arc<Mutex<()>>;

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
            Self::Sqlite(pool, _) => Box::pin(collect(what, sqlite(statement).fetch(pool).map_ok(Row::Sqlite), of)).await,
            Self::Postgres(_) => Box::pin(self.read_together(what, vec![statement], of)).await,
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

    /// Runs one statement in a transaction of its own.
    pub(super) async fn run(&self, what: &'static str, statement: Statement) -> Result<u64, StoreError> {
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
        let mut open = self.begin(what, "", READ_ON_POSTGRES).await?;
        let mut all = Vec::new();
        for statement in statements {
            all.extend(open.read(statement, &of).await?);
        }
        open.commit().await?;
        Ok(all)
    }

    /// Begins a write transaction. On SQLite it takes the write lock at once: a lock taken later, after a read, could not be waited for.
    pub(super) async fn work(&self, what: &'static str) -> Result<Work, StoreError> {
        let turn = match self {
            Self::Sqlite(_, turn) => Some(Arc::clone(turn).lock_owned().await),
            Self::Postgres(_) => None,
        };
        Ok(Work { _turn: turn, ..self.begin(what, "BEGIN IMMEDIATE", WRITE_ON_POSTGRES).await? })
    }

    /// Begins a transaction that reads several tables at one point in time.
    pub(super) async fn snapshot(&self, what: &'static str) -> Result<Work, StoreError> {
        self.begin(what, "BEGIN", SNAPSHOT_ON_POSTGRES).await
    }

    async fn begin(&self, what: &'static str, on_sqlite: &'static str, on_postgres: &'static str) -> Result<Work, StoreError> {
        let begun = match self {
            Self::Sqlite(pool, _) => Box::pin(pool.begin_with(on_sqlite)).await.map(Open::Sqlite),
            Self::Postgres(pool) => Box::pin(pool.begin_with(on_postgres)).await.map(Open::Postgres),
        };
        Ok(Work { what, open: begun.map_err(|error| failure(what, &error))?, later: Vec::new(), _turn: None })
    }

    /// Commits, and makes all commits durable across a power failure. PostgreSQL does that itself; SQLite, as it is opened here, only with its next
    /// checkpoint.
    pub(super) async fn persist(&self, work: Work) -> Result<(), StoreError> {
        let what = work.what;
        work.commit().await?;
        match self {
            Self::Sqlite(..) => self.read(what, sql!("PRAGMA wal_checkpoint(PASSIVE)"), |_| Ok(())).await.map(drop),
            Self::Postgres(_) => Ok(()),
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
        let Self::Sqlite(pool, _) = self else { return None };
        let mut name = pool.connect_options().get_filename().as_os_str().to_owned();
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
            Self::Sqlite(pool, _) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

pub(super) struct Work {
    what: &'static str,
    open: Open,
    later: Vec<Statement>,
    /// Released after the transaction: fields are dropped in this order.
    _turn: Option<OwnedMutexGuard<()>>,
}

enum Open {
    Sqlite(Transaction<'static, Sqlite>),
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
            Open::Sqlite(open) => Box::pin(sqlite(statement).execute(&mut **open)).await.map(|done| done.rows_affected()),
            Open::Postgres(open) => Box::pin(postgres(statement).execute(&mut **open)).await.map(|done| done.rows_affected()),
        };
        done.map_err(|error| failure(self.what, &error))
    }

    pub(super) async fn run_script(&mut self, text: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(text));
        let done = match &mut self.open {
            Open::Sqlite(open) => Box::pin(script.execute(&mut **open)).await.map(drop),
            Open::Postgres(open) => Box::pin(script.execute(&mut **open)).await.map(drop),
        };
        done.map_err(|error| failure(self.what, &error))
    }

    pub(super) async fn read<T>(
        &mut self,
        statement: Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        match &mut self.open {
            Open::Sqlite(open) => Box::pin(collect(self.what, sqlite(statement).fetch(&mut **open).map_ok(Row::Sqlite), of)).await,
            Open::Postgres(open) => Box::pin(collect(self.what, postgres(statement).fetch(&mut **open).map_ok(Row::Postgres), of)).await,
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

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let later = std::mem::take(&mut self.later);
        let later = if matches!(self.open, Open::Sqlite(_)) && !later.is_empty() { vec![Statement::joined(later)] } else { later };
        for statement in later {
            self.run(statement).await?;
        }
        let done = match self.open {
            Open::Sqlite(open) => Box::pin(open.commit()).await,
            Open::Postgres(open) => Box::pin(open.commit()).await,
        };
        done.map_err(|error| failure(self.what, &error))
    }
}

async fn collect<T>(
    what: &'static str,
    rows: impl Stream<Item = Result<Row, sqlx::Error>> + Send,
    of: impl Fn(&Row) -> Result<T, StoreError> + Send,
) -> Result<Vec<T>, StoreError> {
    let mut rows = pin!(rows);
    let mut all = Vec::new();
    while let Some(row) = rows.next().await {
        all.push(of(&row.map_err(|error| failure(what, &error))?)?);
    }
    Ok(all)
}

fn sqlite(statement: Statement) -> Query<'static, Sqlite, <Sqlite as sqlx::Database>::Arguments> {
    let (text, values) = statement.for_sqlite();
    bind(sqlx::query(AssertSqlSafe(text)), values)
}

/// Without prepared statements that outlive their use: behind a pooler the next statement may use another connection.
fn postgres(statement: Statement) -> Query<'static, Postgres, <Postgres as sqlx::Database>::Arguments> {
    let (text, values) = statement.for_postgres();
    bind(sqlx::query(AssertSqlSafe(text)), values).persistent(false)
}

fn bind<D>(mut query: Query<'static, D, D::Arguments>, values: Vec<Value>) -> Query<'static, D, D::Arguments>
where
    D: sqlx::Database,
    for<'v> Option<i64>: Encode<'v, D> + Type<D>,
    for<'v> Option<String>: Encode<'v, D> + Type<D>,
    for<'v> Option<Vec<u8>>: Encode<'v, D> + Type<D>,
{
    for value in values {
        query = match value {
            Value::Int(int) => query.bind(int),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}
