//! The tables behind the query API: an in-memory SQLite that holds rows as ClickHouse would, times as microseconds.
//!
//! Rows with one identity stay apart until they are merged, late. On a merge the row that was inserted last is kept, as a
//! `ReplacingMergeTree` does.

use std::collections::HashMap;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, QueryBuilder, Row, Sqlite};

use super::event::{Event, Identity};
use super::losses::Written;
use super::moment::Moment;
use super::pipeline::Ingested;
use super::printed;
use super::warnings::Warning;

/// How long copies stay apart: ClickHouse merges in the background, when it likes.
pub(super) const MERGE_AFTER_MS: i64 = 10 * 60 * 1000;

/// Rows are written this many at a time; SQLite takes 32,766 parameters a statement, and a row has 10 of them.
const ROWS_A_STATEMENT: usize = 2000;

/// What [`stored`] reads.
const ROWS: &str = "SELECT seq, project, uuid, event, distinct_id, properties, timestamp, received_at, created_at, copies FROM events";

/// `printed` is what `properties.x` is read from. PRAGMA: ClickHouse's LIKE tells upper case from lower case.
const SCHEMA: &str = "
    PRAGMA case_sensitive_like = ON;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        uuid TEXT NOT NULL,
        event TEXT NOT NULL,
        distinct_id TEXT NOT NULL,
        properties TEXT NOT NULL,
        printed TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        copies INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX events_uuid ON events (uuid);
    CREATE INDEX events_timestamp ON events (timestamp);
    CREATE TABLE ingestion_warnings (
        project INTEGER NOT NULL,
        source TEXT NOT NULL,
        type TEXT NOT NULL,
        details TEXT NOT NULL,
        timestamp INTEGER NOT NULL
    ) STRICT;
";

/// A row of the table, with what the sandbox alone knows about it.
#[derive(Debug)]
pub(super) struct Stored {
    /// The order in which rows were ingested.
    seq: i64,
    pub(super) event: Event,
    pub(super) created_at: Moment,
    /// How many times it was ingested, rows that are merged away counted.
    pub(super) copies: i64,
}

/// The table. One connection: it lives as long as the database in it.
#[derive(Debug)]
pub(super) struct Table {
    connection: SqliteConnection,
    /// Ingested, and not written yet. A reader that hangs up stops the writing between any two steps, so each row has its
    /// number from the start: writing it again is harmless.
    unwritten: Vec<(i64, Ingested)>,
    /// The same for warnings; one that is written twice would only be one more that says the same, so they have no number.
    unwritten_warnings: Vec<Warning>,
    next_seq: i64,
    merged_up_to: Moment,
}

impl Table {
    pub(super) async fn new() -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
        let mut connection = SqliteConnection::connect_with(&options).await?;
        connection.execute(SCHEMA).await?;
        Ok(Self { connection, unwritten: Vec::new(), unwritten_warnings: Vec::new(), next_seq: 0, merged_up_to: Moment::from_us(i64::MIN) })
    }

    /// Takes rows and warnings over, in order. They are not there for a reader until [`Table::settle`].
    pub(super) fn expect(&mut self, rows: Vec<Ingested>, warnings: Vec<Warning>) {
        self.unwritten_warnings.extend(warnings);
        for row in rows {
            self.unwritten.push((self.next_seq, row));
            self.next_seq += 1;
        }
    }

    /// Writes the rows that were taken over.
    pub(super) async fn settle(&mut self) -> sqlx::Result<()> {
        for some in self.unwritten.chunks(ROWS_A_STATEMENT) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT OR IGNORE INTO events (seq, project, uuid, event, distinct_id, properties, printed, timestamp, received_at, created_at, copies) ",
            );
            insert.push_values(some, |mut values, (seq, row)| {
                values
                    .push_bind(*seq)
                    .push_bind(row.event.project)
                    .push_bind(row.event.uuid.to_string())
                    .push_bind(row.event.name.clone())
                    .push_bind(row.event.distinct_id.clone())
                    .push_bind(row.event.properties.clone())
                    .push_bind(printed::anew(&row.event.properties))
                    .push_bind(row.event.timestamp.us())
                    .push_bind(row.event.received_at.us())
                    .push_bind(row.created_at.us())
                    .push("1");
            });
            insert.build().persistent(false).execute(&mut self.connection).await?;
        }
        self.unwritten.clear();
        while let Some(warning) = self.unwritten_warnings.first() {
            sqlx::query("INSERT INTO ingestion_warnings (project, source, type, details, timestamp) VALUES ($1, $2, $3, $4, $5)")
                .bind(warning.project)
                .bind(warning.source)
                .bind(warning.kind)
                .bind(warning.details.clone())
                .bind(warning.timestamp.us())
                .execute(&mut self.connection)
                .await?;
            self.unwritten_warnings.remove(0);
        }
        Ok(())
    }

    /// Merges copies whose last one is older than [`MERGE_AFTER_MS`], and forgets rows received before `oldest`. Looks at most
    /// once a minute of the clock.
    pub(super) async fn tidy(&mut self, now: Moment, oldest: Moment) -> sqlx::Result<()> {
        let merge_up_to = now.plus_ms(-MERGE_AFTER_MS);
        if merge_up_to < self.merged_up_to.plus_ms(60_000) {
            return Ok(());
        }
        let mut transaction = self.connection.begin().await?;
        sqlx::query("DELETE FROM events WHERE received_at < $1").bind(oldest.us()).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM ingestion_warnings WHERE timestamp < $1").bind(oldest.us()).execute(&mut *transaction).await?;
        let duplicated = sqlx::query(AssertSqlSafe(format!(
            "{ROWS} WHERE uuid IN (SELECT uuid FROM events GROUP BY uuid HAVING count(*) > 1) ORDER BY seq"
        )))
        .fetch_all(&mut *transaction)
        .await?;
        let mut groups = HashMap::<Identity, Vec<Stored>>::new();
        for row in &duplicated {
            let row = stored(row)?;
            groups.entry(row.event.identity()).or_default().push(row);
        }
        for rows in groups.into_values().filter(|rows| rows.iter().all(|row| row.created_at <= merge_up_to)) {
            merge(&mut transaction, &rows).await?;
        }
        transaction.commit().await?;
        self.merged_up_to = merge_up_to;
        Ok(())
    }

    /// All rows, in the order in which they were ingested.
    pub(super) async fn rows(&mut self) -> sqlx::Result<Vec<Stored>> {
        let rows = sqlx::query(AssertSqlSafe(format!("{ROWS} ORDER BY seq"))).fetch_all(&mut self.connection).await?;
        rows.iter().map(stored).collect()
    }

    /// A project's warnings from `since` on, newest first.
    pub(super) async fn warnings(&mut self, project: u32, since: Moment) -> sqlx::Result<Vec<Written>> {
        let all = "SELECT source, type, details, timestamp FROM ingestion_warnings WHERE project = $1 AND timestamp >= $2 \
                   ORDER BY timestamp DESC";
        let rows = sqlx::query(all).bind(project).bind(since.us()).fetch_all(&mut self.connection).await?;
        let written = rows.iter().map(|row| {
            Ok(Written {
                source: row.try_get("source")?,
                kind: row.try_get("type")?,
                details: serde_json::from_str(row.try_get("details")?).map_err(|why| sqlx::Error::Decode(Box::new(why)))?,
                timestamp: Moment::from_us(row.try_get("timestamp")?),
            })
        });
        written.collect()
    }

    /// How many rows of a project there are.
    pub(super) async fn count(&mut self, project: u32) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE project = $1").bind(project).fetch_one(&mut self.connection).await
    }

    /// Runs a statement that [`super::hogql`] wrote: it reads, and nothing else.
    pub(super) async fn select(&mut self, sql: &str) -> sqlx::Result<Vec<SqliteRow>> {
        sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut self.connection).await
    }
}

/// Keeps the last of `rows`.
async fn merge(transaction: &mut SqliteConnection, rows: &[Stored]) -> sqlx::Result<()> {
    let Some((last, before)) = rows.split_last() else { return Ok(()) };
    for row in before {
        sqlx::query("DELETE FROM events WHERE seq = $1").bind(row.seq).execute(&mut *transaction).await?;
    }
    let copies = rows.iter().map(|row| row.copies).sum::<i64>();
    sqlx::query("UPDATE events SET copies = $1 WHERE seq = $2").bind(copies).bind(last.seq).execute(transaction).await?;
    Ok(())
}

fn stored(row: &SqliteRow) -> sqlx::Result<Stored> {
    Ok(Stored {
        seq: row.try_get("seq")?,
        event: Event {
            project: row.try_get("project")?,
            uuid: row.try_get::<String, _>("uuid")?.parse().map_err(|why| sqlx::Error::Decode(Box::new(why)))?,
            name: row.try_get("event")?,
            distinct_id: row.try_get("distinct_id")?,
            properties: row.try_get("properties")?,
            timestamp: Moment::from_us(row.try_get("timestamp")?),
            received_at: Moment::from_us(row.try_get("received_at")?),
        },
        created_at: Moment::from_us(row.try_get("created_at")?),
        copies: row.try_get("copies")?,
    })
}
