//! Beats: one row per (minute, route).

use std::fmt;

use crate::model::{Evidence, Minute, Recorded, RouteId, Settled, Timestamp};

use super::database::{AT_ONCE, ROWS, Row, Work};
use super::minute_range::MinuteRange;
use super::statement::{Statement, any_of, sql};
use super::value::Value;
use super::{Store, StoreError, counts, evidence, phases};

/// In the order of [`from_row`].
pub(super) const COLUMNS: &str = "beats.route, beats.minute, outcome, sent_after_ms, status, tries, phases, missed_after_ms, seen_after_ms, \
                       ingested_after_ms, copies";

impl Store {
    /// The routes that have a beat in `minute`, whatever its outcome is except Not sent.
    pub async fn recorded(&self, minute: Minute) -> Result<Vec<RouteId>, StoreError> {
        let statement = sql!("SELECT route FROM beats WHERE minute = ? AND outcome <> 0 ORDER BY route", minute);
        self.database.read("reading recorded beats", statement, |row| row.get(0)).await
    }

    /// Writes capture results, many in one statement. If the beat is stored already (sent again after a crash, or found by a read-back
    /// first), the new capture result replaces the old one, but an outcome that says the beat was seen, and the results of read-backs,
    /// stay. Not sent never replaces anything.
    pub async fn record(&self, beats: &[Recorded], evidence: &[Evidence]) -> Result<(), StoreError> {
        let mut work = self.database.work("recording beats").await?;
        let newest = self.failures.to_count(beats);
        if newest.is_some() {
            counts::lock(&mut work);
        }
        record(&mut work, beats);
        evidence::keep(&mut work, evidence);
        if let Some(newest) = newest {
            counts::count_failures(&mut work, newest);
        }
        work.commit().await?;
        self.failures.counted(newest);
        Ok(())
    }

    /// Beats of `routes` from `since` on that have not been seen (outcome code above 2), oldest first.
    pub async fn open_beats(&self, routes: &[RouteId], since: Minute) -> Result<Vec<Recorded>, StoreError> {
        let found = self.database.read_each("reading open beats", routes, |some| open_among(some, since), from_row).await?;
        Ok(in_order(found))
    }

    /// Minutes without a row, per route, from `from` up to but not including `to`, oldest first. Minutes before the route was created are
    /// not included.
    pub async fn gaps(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<(RouteId, Minute)>, StoreError> {
        const WHAT: &str = "reading missing beats";
        let mut gaps = Vec::new();
        for some in routes.chunks(AT_ONCE) {
            let first = sql!("SELECT min(since_ms) FROM routes WHERE id IN ?", any_of(some.iter().copied()));
            let first: Option<Option<Timestamp>> = self.database.read_one(WHAT, first, |row| row.maybe(0)).await?;
            let Some(first) = first.flatten() else { continue };
            let due = MinuteRange { from: from.max(first.minute()), to };
            if !due.is_empty() {
                gaps.extend(self.database.read(WHAT, gaps_among(some, due), gap).await?);
            }
        }
        gaps.sort_unstable_by_key(|(route, minute)| (*minute, *route));
        Ok(gaps)
    }

    /// Beats of `routes` from `from` up to but not including `to`, by minute and route.
    pub async fn beats(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Recorded>, StoreError> {
        const WHAT: &str = "reading beats";
        let minute_range = MinuteRange { from, to }.within(&self.database, WHAT, "beats").await?;
        let routes = if minute_range.is_empty() { &[] } else { routes };
        Ok(in_order(self.database.read_each(WHAT, routes, |some| select(some, minute_range), from_row).await?))
    }

    pub async fn oldest_beat(&self) -> Result<Option<Minute>, StoreError> {
        self.next_beat(Minute::from_index(i64::MIN)).await
    }

    /// It is in the future if it was sent while the clock was ahead.
    pub async fn newest_beat(&self) -> Result<Option<Minute>, StoreError> {
        let newest = sql!("SELECT max(minute) FROM beats");
        Ok(self.database.read_one("reading the newest beat", newest, |row| row.maybe(0)).await?.flatten())
    }

    pub async fn next_beat(&self, from: Minute) -> Result<Option<Minute>, StoreError> {
        let next = sql!("SELECT min(minute) FROM beats WHERE minute >= ?", from);
        Ok(self.database.read_one("reading the oldest beat", next, |row| row.maybe(0)).await?.flatten())
    }
}

/// A beat that was seen stays seen; Not sent replaces nothing. When a beat is sent in a minute that was Not sent (a clock that was stepped
/// back repeats minutes), its old `missed` time is cleared.
fn record(work: &mut Work, beats: &[Recorded]) {
    for batch in batches(beats, |beat| (beat.minute, beat.route)) {
        let insert = "INSERT INTO beats (minute, route, outcome, sent_after_ms, status, tries, phases, missed_after_ms, seen_after_ms, \
                      ingested_after_ms, copies) VALUES ";
        let replace = " ON CONFLICT (minute, route) DO UPDATE SET \
                       outcome = CASE WHEN beats.outcome IN (1, 2) THEN beats.outcome ELSE excluded.outcome END, \
                       sent_after_ms = excluded.sent_after_ms, status = excluded.status, tries = excluded.tries, phases = excluded.phases, \
                       missed_after_ms = CASE WHEN beats.outcome = 0 THEN NULL ELSE beats.missed_after_ms END \
                       WHERE excluded.outcome <> 0";
        work.run_later(sql!(insert).rows(batch.iter().map(|beat| to_row(beat))).text(replace));
    }
}

/// Writes and counts what read-backs found. The first read-back that saw a beat stays on record; later ones can only add copies. A
/// read-back never makes a beat Rejected or Unreachable: it only repeats what it read, and a later try may have been accepted since.
pub(super) fn settle(work: &mut Work, settled: &[Settled]) {
    for batch in batches(settled, |beat| (beat.minute, beat.route)) {
        let insert = "INSERT INTO beats (minute, route, outcome, tries, missed_after_ms, seen_after_ms, ingested_after_ms, copies) \
                      SELECT fresh.* FROM (VALUES ";
        let replace = ") AS fresh WHERE fresh.column1 IS NOT NULL ON CONFLICT (minute, route) DO UPDATE SET \
                       outcome = CASE WHEN beats.outcome IN (1, 2) OR excluded.outcome IN (5, 6) THEN beats.outcome ELSE excluded.outcome END, \
                       missed_after_ms = CASE WHEN beats.outcome IN (1, 2) THEN beats.missed_after_ms \
                       ELSE COALESCE(excluded.missed_after_ms, beats.missed_after_ms) END, \
                       seen_after_ms = COALESCE(beats.seen_after_ms, excluded.seen_after_ms), \
                       ingested_after_ms = COALESCE(beats.ingested_after_ms, excluded.ingested_after_ms), \
                       copies = CASE WHEN beats.copies > excluded.copies THEN beats.copies ELSE excluded.copies END \
                       WHERE excluded.outcome <> 0";
        counts::settle(work, &batch);
        work.run_later(sql!(insert).padded_rows(batch.iter().map(|beat| settled_row(beat))).text(replace));
    }
}

fn in_order(mut beats: Vec<Recorded>) -> Vec<Recorded> {
    beats.sort_unstable_by_key(|beat| (beat.minute, beat.route));
    beats
}

pub(super) fn open_among(routes: &[RouteId], since: Minute) -> Statement {
    sql!(&select_some("outcome > 2"), any_of(routes.iter().copied()), since)
}

/// Beats of some routes since a minute with the condition of a partial index.
pub(super) fn select_some(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM beats WHERE {condition} AND route IN ? AND minute >= ?")
}

fn gap(row: &Row) -> Result<(RouteId, Minute), StoreError> {
    Ok((row.get(0)?, row.get(1)?))
}

pub(super) fn gaps_among(routes: &[RouteId], due: MinuteRange) -> Statement {
    due.minutes().then(sql!(
        "SELECT routes.id, minutes.minute FROM minutes CROSS JOIN routes WHERE routes.id IN ? AND (minutes.minute + 1) * ? > routes.since_ms \
         AND NOT EXISTS (SELECT 1 FROM beats WHERE beats.minute = minutes.minute AND beats.route = routes.id)",
        any_of(routes.iter().copied()),
        Minute::LENGTH_MS
    ))
}

/// The number of columns of [`select`].
pub(super) const WIDTH: usize = 11;

pub(super) fn select(routes: &[RouteId], minute_range: MinuteRange) -> Statement {
    let of_minutes = format!("SELECT {COLUMNS} FROM minutes CROSS JOIN beats WHERE beats.minute = minutes.minute AND beats.route IN ?");
    minute_range.minutes().then(sql!(&of_minutes, any_of(routes.iter().copied())))
}

/// Batches of at most [`ROWS`], sorted by key, with no key twice in a batch: a statement must not touch a row twice, and two nodes that
/// write the same rows in the same order cannot deadlock. The order of entries with the same key is kept.
fn batches<T, K: Ord + Copy>(all: &[T], key: impl Fn(&T) -> K) -> Vec<Vec<&T>> {
    let mut left: Vec<&T> = all.iter().collect();
    left.sort_by_key(|one| key(one));
    let mut batches = Vec::new();
    while !left.is_empty() {
        let mut again = Vec::new();
        let mut once: Vec<&T> = Vec::with_capacity(left.len());
        for one in left {
            if once.last().is_some_and(|before| key(before) == key(one)) { &mut again } else { &mut once }.push(one);
        }
        batches.extend(once.chunks(ROWS).map(<[_]>::to_vec));
        left = again;
    }
    batches
}

fn to_row(beat: &Recorded) -> [Value; 11] {
    let after = |at: Option<Timestamp>| Value::from(at.map(|at| at.ms() - beat.minute.start().ms()));
    [
        beat.minute.into(),
        beat.route.into(),
        beat.outcome.into(),
        after(beat.sent),
        beat.status.into(),
        beat.tries.into(),
        phases::pack(&beat.phases).into(),
        after(beat.missed),
        after(beat.seen),
        after(beat.ingested),
        beat.copies.into(),
    ]
}

fn settled_row(beat: &Settled) -> [Value; 8] {
    let after = |at: Option<Timestamp>| Value::from(at.map(|at| at.ms() - beat.minute.start().ms()));
    [
        beat.minute.into(),
        beat.route.into(),
        beat.outcome.into(),
        0.into(),
        after(beat.missed),
        after(beat.seen),
        after(beat.ingested),
        beat.copies.into(),
    ]
}

pub(super) fn from_row(row: &Row) -> Result<Recorded, StoreError> {
    let (route, minute): (RouteId, Minute) = (row.get(0)?, row.get(1)?);
    let at = |column| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.maybe_int(column)?.map(|after| Timestamp::from_ms(minute.start().ms().saturating_add(after))))
    };
    let name = fmt::from_fn(|f| write!(f, "of route {} in minute {}", route.0, minute.index()));
    let row = row.of("the beat", &name);
    let phases = row.maybe_bytes(6)?.map(|bytes| row.parsed(6, phases::unpack(&bytes))).transpose()?;
    Ok(Recorded {
        route,
        minute,
        outcome: row.get(2)?,
        sent: at(3)?,
        status: row.maybe(4)?,
        tries: row.get(5)?,
        phases: phases.unwrap_or_default(),
        missed: at(7)?,
        seen: at(8)?,
        ingested: at(9)?,
        copies: row.get(10)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_sorted_bounded_and_hold_no_key_twice() {
        let all: Vec<(u32, u32)> = (0..2500).map(|at| (at % 1200, at)).collect();
        let batches = batches(&all, |one| one.0);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 200, 1000, 200, 100]);
        assert!(batches.iter().all(|batch| batch.is_sorted_by(|a, b| a.0 < b.0)));
        let of_key_7: Vec<u32> = batches.iter().flatten().filter(|one| one.0 == 7).map(|one| one.1).collect();
        assert_eq!(of_key_7, [7, 1207, 2407]);
    }
}
