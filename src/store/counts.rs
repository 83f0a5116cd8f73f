//! Counters of beats per outcome. A read-back's results are counted in the transaction that settles them, so no restart loses a beat. Beats
//! that failed at capture are retried within their minute, so they are counted when it has ended. Retention does not reduce the counters.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::{LAG_BOUNDS_MS, Minute, Outcome, ProjectId, Recorded, RouteCounts, Settled, Timestamp};

use super::database::{Database, Work};
use super::minute_range::ROUTES;
use super::statement::{Statement, Value};
use super::{Store, StoreError};

/// The outcomes that are counted when a read-back settles them. Awaiting is not final, and read-backs do not decide whether capture failed.
const SETTLED: [Outcome; 5] = [Outcome::NotSent, Outcome::Arrived, Outcome::Late, Outcome::Lost, Outcome::Unverified];

/// After this many minutes a beat is not sent again, and its result is stored.
const FINAL_AFTER: i64 = 2;
/// If the newest beat is this many minutes older than the counted ones, the clock was ahead.
const STEPPED_BACK: i64 = 5;

const INSERT: &str = "INSERT INTO beat_counts (route, outcome, lag_bucket, beats, lag_ms, newest_ms) ";
const ADD: &str = " ON CONFLICT (route, outcome, lag_bucket) DO UPDATE SET beats = beat_counts.beats + excluded.beats, \
                   lag_ms = beat_counts.lag_ms + excluded.lag_ms, \
                   newest_ms = CASE WHEN beat_counts.newest_ms IS NULL OR excluded.newest_ms > beat_counts.newest_ms \
                   THEN excluded.newest_ms ELSE beat_counts.newest_ms END";

impl Store {
    /// The counters of the routes in use of these projects, by project and name. [`Store::settle`] and [`Store::record`] count each beat
    /// once per outcome; deleting beats does not reduce the counters.
    pub async fn counts(&self, projects: &[ProjectId]) -> Result<Vec<RouteCounts>, StoreError> {
        let mut all: Vec<RouteCounts> = Vec::new();
        for some in projects.chunks(ROUTES) {
            let statement = Statement::new(
                "SELECT routes.project, routes.name, outcome, lag_bucket, beats, lag_ms, newest_ms FROM routes \
                 LEFT JOIN beat_counts ON beat_counts.route = routes.id WHERE routes.retired_ms IS NULL AND routes.project IN ",
            )
            .list(some.iter().map(|project| project.0))
            .text(" ORDER BY routes.project, routes.name");
            let rows = self.database.read("reading the beat counters", statement, |row| {
                let counted = match row.maybe_int(2)? {
                    Some(outcome) => Some((outcome, row.int(3)?, row.int(4)? as u64, row.int(5)? as u64, row.maybe_int(6)?)),
                    None => None,
                };
                Ok((ProjectId(row.int(0)?), row.text(1)?, counted))
            });
            for (project, route, counted) in rows.await? {
                if all.last().is_none_or(|last| last.project != project || last.route != route) {
                    all.push(RouteCounts::none(project, route));
                }
                if let (Some(counts), Some(counted)) = (all.last_mut(), counted) {
                    add(counts, counted)?;
                }
            }
        }
        Ok(all)
    }
}

/// Locks the counters: two nodes that settle the same beat at the same time count it once. SQLite allows one writer at a time anyway.
fn lock_statement() -> Statement {
    Statement::new("UPDATE heartbeat_meta SET value = value WHERE name = 'failures_counted_to'")
}

/// Call this before the transaction touches a beat.
pub(super) fn lock(work: &mut Work) {
    if work.shares_writing() {
        work.run_later(lock_statement());
    }
}

pub(super) fn settle(work: &mut Work, settled: &[&Settled]) {
    let rows: Vec<[Value; 4]> = settled.iter().filter(|beat| SETTLED.contains(&beat.outcome)).map(|beat| to_row(beat)).collect();
    if rows.is_empty() {
        return;
    }
    let bounds: Vec<String> = (0..).zip(LAG_BOUNDS_MS).map(|(at, bound)| format!("WHEN lag <= {bound} THEN {at}")).collect();
    let bucket = format!("CASE WHEN lag IS NULL THEN -1 {} ELSE {} END", bounds.join(" "), LAG_BOUNDS_MS.len());
    // A beat that was seen stays seen; an unchanged outcome is not counted.
    let fresh = "(SELECT fresh.column2 AS route, fresh.column3 AS outcome, \
                 CASE WHEN fresh.column4 IS NULL THEN NULL WHEN fresh.column4 < COALESCE(beats.sent_after_ms, 0) THEN 0 \
                 ELSE fresh.column4 - COALESCE(beats.sent_after_ms, 0) END AS lag, \
                 fresh.column1 * 60000 + fresh.column4 AS ingested_ms FROM (VALUES ";
    let changes = ") AS fresh LEFT JOIN beats ON beats.minute = fresh.column1 AND beats.route = fresh.column2 \
                   WHERE beats.outcome IS NULL \
                   OR (fresh.column3 IN (1, 2) AND beats.outcome NOT IN (1, 2)) \
                   OR (fresh.column3 IN (4, 7) AND beats.outcome NOT IN (1, 2, fresh.column3))) AS ended ";
    let statement = Statement::new(INSERT)
        .text("SELECT route, outcome, ")
        .text(&bucket)
        .text(" AS lag_bucket, count(*), CAST(COALESCE(sum(lag), 0) AS BIGINT), max(ingested_ms) FROM ")
        .text(fresh)
        .rows(rows)
        .text(changes)
        .text("WHERE TRUE GROUP BY route, outcome, lag_bucket")
        .text(ADD);
    work.run_later(statement);
}

fn to_row(beat: &Settled) -> [Value; 4] {
    let ingested_after = beat.ingested.filter(|_| beat.outcome.is_seen()).map(|at| at.ms() - beat.minute.start().ms());
    [beat.minute.index().into(), beat.route.0.into(), i64::from(beat.outcome.code()).into(), ingested_after.into()]
}

#[derive(Default)]
pub(super) struct Failures(AtomicI64);

impl Failures {
    /// Counts beats that failed at capture in minutes that are final, measured by the newest recorded beat.
    pub(super) async fn count(&self, database: &Database, recorded: &[Recorded]) -> Result<(), StoreError> {
        let Some(newest) = recorded.iter().map(|beat| beat.minute).max() else { return Ok(()) };
        if self.0.load(Ordering::Relaxed) == newest.index() {
            return Ok(());
        }
        count_up_to(database, newest.plus(-FINAL_AFTER)).await?;
        self.0.store(newest.index(), Ordering::Relaxed);
        Ok(())
    }
}

async fn count_up_to(database: &Database, to: Minute) -> Result<(), StoreError> {
    let mut work = database.work("counting failed beats").await?;
    work.run(lock_statement()).await?;
    let counted = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'failures_counted_to'");
    let counted = work.read(counted, |row| row.int(0)).await?.first().copied().unwrap_or(to.index());
    if (to.index()..=to.index().saturating_add(STEPPED_BACK)).contains(&counted) {
        return Ok(());
    }
    let failed = Statement::new(INSERT)
        .text("SELECT route, outcome, -1, count(*), 0, CAST(NULL AS BIGINT) FROM beats WHERE outcome IN (5, 6) AND minute > ")
        .bind(counted)
        .text(" AND minute <= ")
        .bind(to.index())
        .text(" GROUP BY route, outcome")
        .text(ADD);
    work.run(failed).await?;
    let counted = Statement::new("UPDATE heartbeat_meta SET value = ").bind(to.index()).text(" WHERE name = 'failures_counted_to'");
    work.run(counted).await?;
    work.commit().await
}

fn add(counts: &mut RouteCounts, (outcome, bucket, beats, lag_ms, newest): (i64, i64, u64, u64, Option<i64>)) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged(format!("the beat counters of route `{}` are damaged", counts.route));
    let outcome = i16::try_from(outcome).ok().and_then(Outcome::of_code).ok_or_else(damaged)?;
    counts.outcomes[outcome as usize] += beats;
    if let Some(lags) = usize::try_from(bucket).ok().and_then(|bucket| counts.lags.get_mut(bucket)) {
        *lags += beats;
        counts.lag_ms += lag_ms;
    }
    counts.newest = counts.newest.max(newest.map(Timestamp::from_ms));
    Ok(())
}

pub(super) async fn drop_removed(work: &mut Work) -> Result<(), StoreError> {
    let removed = Statement::new("DELETE FROM beat_counts WHERE NOT EXISTS (SELECT 1 FROM routes WHERE routes.id = beat_counts.route)");
    work.run(removed).await.map(drop)
}
