//! The tables of the query API, in an in-memory SQLite; times are microseconds. Rows with the same identity are merged after
//! [`MERGE_AFTER_MS`], and the last inserted row remains, as in ClickHouse's `ReplacingMergeTree`.

use std::collections::HashMap;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, QueryBuilder, Row, Sqlite};

use super::event::{Event, Identity};
use super::moment::Moment;
use super::pipeline::Ingested;
use super::printed;
use super::warnings::{Warning, Written};

/// ClickHouse merges in the background, at no fixed time.
pub(super) const MERGE_AFTER_MS: i64 = 10 * 60 * 1000;

/// SQLite allows 32,766 parameters in a statement, and a row has 10.
const ROWS_A_STATEMENT: usize = 2000;

const ROWS: &str = "SELECT seq, project, uuid, event, distinct_id, properties, timestamp, received_at, created_at, copies FROM events";

/// HogQL reads `properties.x` from `printed`. The PRAGMA: ClickHouse's LIKE is case-sensitive.
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

#[derive(Debug)]
pub(super) struct Stored {
    seq: i64,
    pub(super) event: Event,
    pub(super) created_at: Moment,
    /// How often it was ingested, including rows that are merged away.
    pub(super) copies: i64,
}

/// The in-memory database exists as long as its one connection.
#[derive(Debug)]
pub(super) struct Table {
    connection: SqliteConnection,
    /// Ingested and not yet written. A reader that disconnects can cancel the writing at any await, so each row has its number
    /// before it is written: writing it again changes nothing.
    unwritten: Vec<(i64, Ingested)>,
    /// Warnings have no number: a warning that is written twice does no harm.
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

    /// Queues rows and warnings, in order. Queries return them after [`Table::settle`].
    pub(super) fn expect(&mut self, rows: Vec<Ingested>, warnings: Vec<Warning>) {
        self.unwritten_warnings.extend(warnings);
        for row in rows {
            self.unwritten.push((self.next_seq, row));
            self.next_seq += 1;
        }
    }

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
                    .push_bind(printed::reprint(&row.event.properties))
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

    /// Merges copies whose last one is older than [`MERGE_AFTER_MS`], and deletes rows received before `oldest`. Runs at most
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

    pub(super) async fn rows(&mut self) -> sqlx::Result<Vec<Stored>> {
        let rows = sqlx::query(AssertSqlSafe(format!("{ROWS} ORDER BY seq"))).fetch_all(&mut self.connection).await?;
        rows.iter().map(stored).collect()
    }

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

    pub(super) async fn count(&mut self, project: u32) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE project = $1").bind(project).fetch_one(&mut self.connection).await
    }

    /// Runs a statement that [`super::hogql`] generated, which only reads.
    pub(super) async fn select(&mut self, sql: &str) -> sqlx::Result<Vec<SqliteRow>> {
        sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut self.connection).await
    }
}

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
