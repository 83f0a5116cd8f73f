//! The two databases behind one face: a statement goes in, rows of our own kind come out. Which database it is, nobody above
//! this file needs to know; what differs between them in asking stands here, what differs in opening in `sqlite.rs` and `postgres.rs`.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Encode, Postgres, Row as _, Sqlite, Transaction, Type};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::StoreError;
use super::error::failure;
use super::statement::{Statement, Value};
use crate::model::Timestamp;

/// A pool of connections to one of the databases.
#[derive(Debug, Clone)]
pub(super) enum Database {
    Sqlite(SqlitePool, Turn),
    Postgres(PgPool),
}

/// Whose turn it is to write into SQLite, which lets one write at a time. Whoever waits here holds no connection meanwhile, so that
/// one is left to read with: what is due is asked for and sent, also while another process keeps the file locked for long.
pub(super) type Turn = Arc<Mutex<()>>;

/// How transactions begin on PostgreSQL. Behind a pooler two round trips may go to two connections unless they are of one transaction, and the driver
/// needs two for a statement with values: so reading is a transaction as well. A limit that is set for the transaction alone never stays behind on a
/// connection that others get next: what holds a lock, or a query that does not end, is told and tried again, and nobody waits for ever.
macro_rules! begin_on_postgres {
    ($how:literal) => {
        concat!("BEGIN ", $how, "; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '5min'")
    };
}
const READ_ON_POSTGRES: &str = begin_on_postgres!("READ ONLY");
const WRITE_ON_POSTGRES: &str = begin_on_postgres!("");
const SNAPSHOT_ON_POSTGRES: &str = begin_on_postgres!("ISOLATION LEVEL REPEATABLE READ READ ONLY");

impl Database {
    /// Reads what is committed. `what` says in an error what was tried.
    pub(super) async fn read<T>(
        &self,
        what: &'static str,
        statement: Statement,
        of: impl Fn(&Row) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            // The driver's futures are large: boxed, they make none of those that wait for them so.
            Self::Sqlite(pool, _) => Box::pin(collect(what, sqlite(statement).fetch(pool).map_ok(Row::Sqlite), of)).await,
            Self::Postgres(_) => Box::pin(self.read_together(what, vec![statement], of)).await,
        }
    }

    /// Reads several things one after the other, outside a transaction, in one trip to SQLite's thread: there the trip costs more than most statements.
    /// `of` tells by its columns which of them a row belongs to.
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

    /// Reads in one transaction of PostgreSQL.
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

    /// Begins a transaction that writes. SQLite takes its one write lock at once: a lock taken later, after reading, could not
    /// be waited for.
    pub(super) async fn work(&self, what: &'static str) -> Result<Work, StoreError> {
        let turn = match self {
            Self::Sqlite(_, turn) => Some(Arc::clone(turn).lock_owned().await),
            Self::Postgres(_) => None,
        };
        Ok(Work { _turn: turn, ..self.begin(what, "BEGIN IMMEDIATE", WRITE_ON_POSTGRES).await? })
    }

    /// Begins a transaction that reads several tables as of one moment.
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

    /// Has everything committed so far survive a power cut as well. PostgreSQL does so by itself; SQLite, as it is opened here,
    /// only with its next checkpoint.
    pub(super) async fn persist(&self, what: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(..) => self.read(what, Statement::new("PRAGMA wal_checkpoint(PASSIVE)"), |_| Ok(())).await.map(drop),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Asks whether it can be written to, and writes nothing: a lock that somebody else holds, and a server that only reads, show here.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let mut work = self.work("asking whether the store can be written to").await?;
        if work.shares_writing() {
            // As whoever writes does.
            work.run_script("LOCK TABLE heartbeat_meta, beats IN ROW EXCLUSIVE MODE".to_owned()).await?;
            // A standby gives that lock, and none on a row.
            work.read(Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'revision' FOR KEY SHARE"), |_| Ok(())).await?;
        }
        Ok(())
    }

    /// What time it is by the server.
    pub(super) async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        if matches!(self, Self::Sqlite(..)) {
            return Ok(None);
        }
        let now = Statement::new("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)");
        let found = self.read("asking the server for the time", now, |row| row.int(0)).await?;
        Ok(found.first().copied().map(Timestamp::from_ms))
    }

    /// Closes all connections, once they are idle.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool, _) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction: dropped without [`Work::commit`], nothing of it has happened.
pub(super) struct Work {
    what: &'static str,
    open: Open,
    /// What is run before it is committed.
    later: Vec<Statement>,
    /// Given up after the transaction is over: fields are dropped in this order.
    _turn: Option<OwnedMutexGuard<()>>,
}

enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Work {
    /// What is tried, in words.
    pub(super) const fn what(&self) -> &'static str {
        self.what
    }

    /// Whether others may write at the same time.
    pub(super) const fn shares_writing(&self) -> bool {
        matches!(self.open, Open::Postgres(_))
    }

    /// Has a statement run when all of it is committed, in one trip with the others that wait for that.
    pub(super) fn run_later(&mut self, statement: Statement) {
        self.later.push(statement);
    }

    /// Runs a statement; says how many rows it touched.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let done = match &mut self.open {
            Open::Sqlite(open) => Box::pin(sqlite(statement).execute(&mut **open)).await.map(|done| done.rows_affected()),
            Open::Postgres(open) => Box::pin(postgres(statement).execute(&mut **open)).await.map(|done| done.rows_affected()),
        };
        done.map_err(|error| failure(self.what, &error))
    }

    /// Runs SQL of several statements, without values.
    pub(super) async fn run_script(&mut self, text: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(text));
        let done = match &mut self.open {
            Open::Sqlite(open) => Box::pin(script.execute(&mut **open)).await.map(drop),
            Open::Postgres(open) => Box::pin(script.execute(&mut **open)).await.map(drop),
        };
        done.map_err(|error| failure(self.what, &error))
    }

    /// Reads, as of this transaction.
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

    /// Makes all of it happen.
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

/// A row of an answer. Columns are asked for by their place.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// How many columns it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.len(),
            Self::Postgres(row) => row.len(),
        }
    }

    /// A whole number, however wide its column is.
    pub(super) fn int(&self, at: usize) -> Result<i64, StoreError> {
        self.maybe_int(at)?.ok_or_else(|| absent(at))
    }

    pub(super) fn maybe_int(&self, at: usize) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(at),
            Self::Postgres(row) => row.try_get_unchecked(at),
        }
        .map_err(|error| unreadable(&error))
    }

    pub(super) fn text(&self, at: usize) -> Result<String, StoreError> {
        self.maybe_text(at)?.ok_or_else(|| absent(at))
    }

    pub(super) fn maybe_text(&self, at: usize) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(at),
            Self::Postgres(row) => row.try_get_unchecked(at),
        }
        .map_err(|error| unreadable(&error))
    }

    pub(super) fn bytes(&self, at: usize) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes(at)?.ok_or_else(|| absent(at))
    }

    pub(super) fn maybe_bytes(&self, at: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(at),
            Self::Postgres(row) => row.try_get_unchecked(at),
        }
        .map_err(|error| unreadable(&error))
    }
}

fn absent(at: usize) -> StoreError {
    StoreError::Damaged(format!("a row of the database has nothing in column {at}, where there must be something"))
}

fn unreadable(error: &sqlx::Error) -> StoreError {
    StoreError::Damaged(format!("a row of the database cannot be read: {error}"))
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

/// Without prepared statements that outlive their use: a connection may be another one behind a pooler.
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
