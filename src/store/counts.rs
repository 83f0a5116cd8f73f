//! Counters of beats per outcome. A read-back's results are counted in the transaction that settles them, so no restart loses a beat. Beats
//! that failed at capture are retried within their minute, so they are counted when it has ended. Retention does not reduce the counters.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::{LAG_BOUNDS_MS, Minute, Outcome, ProjectId, Recorded, RouteCounts, Settled, Timestamp};

use super::database::Work;
use super::statement::{any_of, sql};
use super::value::Value;
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
        let of_projects = |some: &[ProjectId]| {
            sql!(
                "SELECT routes.project, routes.name, outcome, lag_bucket, beats, lag_ms, newest_ms FROM routes \
                 LEFT JOIN beat_counts ON beat_counts.route = routes.id WHERE routes.retired_ms IS NULL AND routes.project IN ? \
                 ORDER BY routes.project, routes.name",
                any_of(some.iter().copied())
            )
        };
        let rows = self.database.read_each("reading the beat counters", projects, of_projects, |row| {
            let route = row.text(1)?;
            let counted = match row.of("route", &route).maybe(2)? {
                Some(outcome) => {
                    Some(Counted { outcome, bucket: row.int(3)?, beats: row.get(4)?, lag_ms: row.get(5)?, newest: row.maybe(6)? })
                }
                None => None,
            };
            Ok((row.get(0)?, route, counted))
        });
        let mut all: Vec<RouteCounts> = Vec::new();
        for (project, route, counted) in rows.await? {
            if all.last().is_none_or(|last| last.project != project || last.route != route) {
                all.push(RouteCounts::none(project, route));
            }
            if let (Some(counts), Some(counted)) = (all.last_mut(), counted) {
                counted.add_to(counts);
            }
        }
        Ok(all)
    }
}

/// Locks the counters: two nodes that settle the same beat at the same time count it once. SQLite allows one writer at a time anyway. Call
/// this before the transaction touches a beat.
pub(super) fn lock(work: &mut Work) {
    if work.shares_writing() {
        work.run_later(sql!("UPDATE heartbeat_meta SET value = value WHERE name = 'failures_counted_to'"));
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
                   WHERE fresh.column1 IS NOT NULL AND (beats.outcome IS NULL \
                   OR (fresh.column3 IN (1, 2) AND beats.outcome NOT IN (1, 2)) \
                   OR (fresh.column3 IN (4, 7) AND beats.outcome NOT IN (1, 2, fresh.column3)))) AS ended";
    let select = "AS lag_bucket, count(*), CAST(COALESCE(sum(lag), 0) AS BIGINT), max(ingested_ms) FROM";
    let insert = format!("{INSERT} SELECT route, outcome, {bucket} {select} {fresh}");
    let add = format!("{changes} WHERE TRUE GROUP BY route, outcome, lag_bucket {ADD}");
    work.run_later(sql!(&insert).padded_rows(rows).text(&add));
}

fn to_row(beat: &Settled) -> [Value; 4] {
    let ingested_after = beat.ingested.filter(|_| beat.outcome.is_seen()).map(|at| at.ms() - beat.minute.start().ms());
    [beat.minute.into(), beat.route.into(), beat.outcome.into(), ingested_after.into()]
}

#[derive(Default)]
pub(super) struct Failures(AtomicI64);

impl Failures {
    /// The newest minute of these beats, if failures are to be counted up to it: once a minute.
    pub(super) fn to_count(&self, recorded: &[Recorded]) -> Option<Minute> {
        let newest = recorded.iter().map(|beat| beat.minute).max()?;
        (self.0.load(Ordering::Relaxed) != newest.index()).then_some(newest)
    }

    pub(super) fn counted(&self, newest: Option<Minute>) {
        if let Some(newest) = newest {
            self.0.store(newest.index(), Ordering::Relaxed);
        }
    }
}

/// Counts beats that failed at capture in minutes that are final, measured by the newest recorded beat. If the clock was ahead, those of the
/// minutes that come again are not counted. Call [`lock`] first.
pub(super) fn count_failures(work: &mut Work, newest: Minute) {
    let to = newest.plus(-FINAL_AFTER);
    let ahead = to.plus(STEPPED_BACK);
    let count = "SELECT route, outcome, -1, count(*), 0, CAST(NULL AS BIGINT) \
                 FROM (SELECT value FROM heartbeat_meta WHERE name = 'failures_counted_to') AS counted_to CROSS JOIN beats \
                 WHERE outcome IN (5, 6) AND minute > counted_to.value AND minute <= ? AND counted_to.value NOT BETWEEN ? AND ? \
                 GROUP BY route, outcome";
    work.run_later(sql!(&format!("{INSERT} {count} {ADD}"), to, to, ahead));
    let done = "UPDATE heartbeat_meta SET value = ? WHERE name = 'failures_counted_to' AND value NOT BETWEEN ? AND ?";
    work.run_later(sql!(done, to, to, ahead));
}

/// The beats of a route with this outcome and lag.
struct Counted {
    outcome: Outcome,
    bucket: i64,
    beats: u64,
    lag_ms: u64,
    newest: Option<Timestamp>,
}

impl Counted {
    fn add_to(self, counts: &mut RouteCounts) {
        counts.outcomes[self.outcome as usize] += self.beats;
        if let Some(lags) = usize::try_from(self.bucket).ok().and_then(|bucket| counts.lags.get_mut(bucket)) {
            *lags += self.beats;
            counts.lag_ms += self.lag_ms;
        }
        counts.newest = counts.newest.max(self.newest);
    }
}

pub(super) async fn drop_removed(work: &mut Work) -> Result<(), StoreError> {
    let removed = sql!("DELETE FROM beat_counts WHERE NOT EXISTS (SELECT 1 FROM routes WHERE routes.id = beat_counts.route)");
    work.run(removed).await.map(drop)
}
