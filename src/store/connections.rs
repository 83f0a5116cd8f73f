//! The connections to SQLite. Each has a thread, and a trip to it costs more than most statements. This is not the driver's pool, which makes
//! one more trip whenever a connection is returned.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _};
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::row::Row;
use super::statement::Statement;
use super::value::bind;

/// One for writing and one for reading: each costs a thread and its own page cache. The second is opened when both are needed at once.
const CONNECTIONS: usize = 2;

/// Ends a transaction, and does nothing if there is none.
const UNDO: &str = "SAVEPOINT undo; ROLLBACK";

pub(super) struct Connections {
    options: SqliteConnectOptions,
    /// How long to wait for a free connection.
    patience: Duration,
    free: Arc<Semaphore>,
    /// Most recently used last.
    idle: Mutex<Vec<SqliteConnection>>,
    /// The write lock: SQLite allows one writer at a time. A waiting writer holds no connection, so that one is left for reads: due beats
    /// are read and sent even while another process keeps the file locked.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Connections {
    /// Opens one connection.
    pub(super) async fn open(options: SqliteConnectOptions, patience: Duration) -> Result<Arc<Self>, sqlx::Error> {
        let idle = Mutex::new(vec![options.connect().await?]);
        Ok(Arc::new(Self { options, patience, free: Arc::new(Semaphore::new(CONNECTIONS)), idle, turn: Arc::default() }))
    }

    pub(super) fn file(&self) -> &Path {
        self.options.get_filename()
    }

    /// A connection for reading.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        self.lease_with(None).await
    }

    /// A connection for writing, when no other has one.
    pub(super) async fn lease_to_write(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        self.lease_with(Some(turn)).await
    }

    async fn lease_with(self: &Arc<Self>, turn: Option<OwnedMutexGuard<()>>) -> Result<Lease, sqlx::Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "how long a connection may be busy is real time, whatever the schedule's clock shows"
        )]
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let held = Held { of: Arc::clone(self), _turn: turn, _permit: permit };
        Ok(Lease { taken: Some((connection, held)), begin: None, is_in_transaction: false })
    }

    /// Waits for the connections in use. Later leases fail.
    pub(super) async fn close(&self) {
        let all = self.free.acquire_many(CONNECTIONS as u32).await;
        self.free.close();
        drop(all);
        let idle = std::mem::take(&mut *self.lock());
        for connection in idle {
            // An error would only say that SQLite had already closed it.
            let _ = connection.close().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        // A panic cannot leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connections({})", self.file().display())
    }
}

/// A connection in use. If it is dropped within a transaction, that is rolled back before the connection and the write lock are free.
pub(super) struct Lease {
    /// None while it is dropped.
    taken: Option<(SqliteConnection, Held)>,
    /// How the transaction begins, until its first statement: it goes along with that.
    begin: Option<&'static str>,
    is_in_transaction: bool,
}

struct Held {
    of: Arc<Connections>,
    /// Released before the permit: fields are dropped in this order.
    _turn: Option<OwnedMutexGuard<()>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// The statements from now on are in a transaction, until one of them ends it.
    pub(super) const fn within(mut self, begin: &'static str) -> Self {
        self.begin = Some(begin);
        self
    }

    /// Runs a statement and returns the number of its rows. With several statements it is that of the last one.
    pub(super) async fn run(&mut self, statement: Statement) -> Result<u64, sqlx::Error> {
        self.run_with(statement, true).await
    }

    /// Runs statements that are not kept prepared.
    pub(super) async fn run_once(&mut self, statements: Statement) -> Result<(), sqlx::Error> {
        self.run_with(statements, false).await.map(drop)
    }

    async fn run_with(&mut self, statement: Statement, is_repeated: bool) -> Result<u64, sqlx::Error> {
        let (connection, query) = self.next(statement)?;
        let mut done = connection.fetch_many(query.persistent(is_repeated));
        let mut rows = 0;
        while let Some(result) = done.try_next().await? {
            if let Either::Left(result) = result {
                rows = result.rows_affected();
            }
        }
        Ok(rows)
    }

    pub(super) fn read(&mut self, statement: Statement) -> Result<impl Stream<Item = Result<Row, sqlx::Error>> + Send, sqlx::Error> {
        let (connection, query) = self.next(statement)?;
        Ok(query.fetch(connection).map_ok(Row::Sqlite))
    }

    /// Runs statements and commits.
    pub(super) async fn commit(mut self, later: Vec<Statement>) -> Result<(), sqlx::Error> {
        self.run(Statement::joined(later.into_iter().chain([Statement::new("COMMIT")]))).await?;
        self.is_in_transaction = false;
        Ok(())
    }

    fn next(&mut self, statement: Statement) -> Result<(&mut SqliteConnection, SqliteQuery), sqlx::Error> {
        let statement = match self.begin.take() {
            Some(begin) => {
                self.is_in_transaction = true;
                Statement::joined([Statement::new(begin), statement])
            }
            None => statement,
        };
        let (text, values) = statement.for_sqlite();
        let (connection, _) = self.taken.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        Ok((connection, bind(sqlx::query(AssertSqlSafe(text)), values)))
    }
}

type SqliteQuery = Query<'static, Sqlite, <Sqlite as sqlx::Database>::Arguments>;

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((connection, held)) = self.taken.take() else { return };
        if !self.is_in_transaction {
            held.of.lock().push(connection);
        } else if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(undo(connection, held));
        }
        // Without a runtime the connection is closed, which rolls back too.
    }
}

/// A connection that cannot roll back, for example because the disk is full, is closed.
async fn undo(mut connection: SqliteConnection, held: Held) {
    if sqlx::raw_sql(UNDO).execute(&mut connection).await.is_ok() {
        held.of.lock().push(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::statement::sql;

    async fn opened(folder: &tempfile::TempDir) -> Arc<Connections> {
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("a.db"))
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(10));
        let connections = Connections::open(options, Duration::from_secs(10)).await.unwrap();
        let table = sql!("CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
        connections.lease_to_write().await.unwrap().run(table).await.unwrap();
        connections
    }

    async fn write(connections: &Arc<Connections>) -> Lease {
        connections.lease_to_write().await.unwrap().within("BEGIN IMMEDIATE")
    }

    fn insert(number: i64) -> Statement {
        sql!("INSERT INTO numbers (number) VALUES (?)", number)
    }

    async fn numbers(connections: &Arc<Connections>) -> Vec<i64> {
        let mut lease = connections.lease().await.unwrap();
        let rows = lease.read(sql!("SELECT number FROM numbers ORDER BY number")).unwrap();
        rows.map_ok(|row| row.int(0).unwrap()).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn several_statements_are_written_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let connections = opened(&folder).await;
        write(&connections).await.commit(vec![insert(1), insert(2)]).await.unwrap();
        assert!(write(&connections).await.commit(vec![insert(3), insert(2), insert(4)]).await.is_err());
        assert_eq!(numbers(&connections).await, [1, 2]);
        write(&connections).await.commit(vec![insert(3)]).await.unwrap();
        let mut lease = write(&connections).await;
        assert_eq!(lease.run(insert(4)).await.unwrap(), 1, "and not what an earlier statement changed");
        assert_eq!(lease.run(sql!("DELETE FROM numbers WHERE number < ?", 3)).await.unwrap(), 2);
        lease.commit(vec![insert(5)]).await.unwrap();
        assert_eq!(numbers(&connections).await, [3, 4, 5]);
        write(&connections).await.commit(Vec::new()).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_dropped_before_its_commit_is_rolled_back_and_the_next_one_can_write() {
        let folder = tempfile::tempdir().unwrap();
        let connections = opened(&folder).await;
        for number in 0..20 {
            let mut lease = write(&connections).await;
            lease.run(insert(number)).await.unwrap();
            drop(lease);
            // Never polled to its end: SQLite's thread may be anywhere within it.
            let commit = write(&connections).await.commit(vec![insert(100 + number), insert(200 + number)]);
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                _ = commit => {}
            }
            write(&connections).await.commit(vec![insert(300 + number)]).await.unwrap();
        }
        let numbers = numbers(&connections).await;
        let between =
            |from: i64| numbers.iter().filter(|number| (from..from + 100).contains(number)).map(|number| number - from).collect::<Vec<_>>();
        assert_eq!(between(0), Vec::<i64>::new());
        assert_eq!(between(100), between(200), "whole or not at all");
        assert_eq!(between(300), (0..20).collect::<Vec<_>>());
        assert!(connections.lock().len() <= CONNECTIONS);
    }

    #[tokio::test]
    async fn a_second_connection_is_opened_only_beside_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let connections = opened(&folder).await;
        for _ in 0..3 {
            numbers(&connections).await;
            write(&connections).await.commit(vec![]).await.unwrap();
        }
        assert_eq!(connections.lock().len(), 1);
        let mut writer = write(&connections).await;
        writer.run(insert(1)).await.unwrap();
        assert_eq!(numbers(&connections).await, Vec::<i64>::new(), "reading does not wait for a writer");
        writer.commit(Vec::new()).await.unwrap();
        assert_eq!(connections.lock().len(), 2);
        connections.close().await;
        assert!(matches!(connections.lease().await, Err(sqlx::Error::PoolClosed)));
    }
}
