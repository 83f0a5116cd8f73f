//! The samples of read-backs, one row per minute, for replaying rules.

use crate::model::{Minute, ProjectId, Readback, ReadbackErrorKind, ReadbackSample, Timestamp, Traffic};

use super::database::{Database, Row, Work};
use super::evidence::{at_place, place_of};
use super::minute_range::MinuteRange;
use super::statement::{Statement, Value};
use super::{Store, StoreError};

impl Store {
    /// Samples of `project` from `from` up to but not including `to`, oldest first. [`Store::settle`] writes them; the last read-back of a
    /// minute is stored.
    pub async fn samples(&self, project: ProjectId, from: Minute, to: Minute) -> Result<Vec<ReadbackSample>, StoreError> {
        samples(&self.database, project, MinuteRange { from, to }).await
    }
}

pub(super) fn keep(work: &mut Work, readbacks: &[&Readback]) {
    let statement = Statement::new(
        "INSERT INTO readback_samples (project, minute, after_ms, error, others, newest_ago_ms, watched, watched_newest_ago_ms) \
         SELECT fresh.* FROM (VALUES ",
    )
    .rows(readbacks.iter().map(|readback| to_row(readback)))
    .text(
        ") AS fresh CROSS JOIN projects WHERE projects.id = fresh.column1 \
         ON CONFLICT (minute, project) DO UPDATE SET after_ms = excluded.after_ms, error = excluded.error, others = excluded.others, \
         newest_ago_ms = excluded.newest_ago_ms, watched = excluded.watched, watched_newest_ago_ms = excluded.watched_newest_ago_ms",
    );
    work.run_later(statement);
}

fn to_row(readback: &Readback) -> [Value; 8] {
    let ReadbackSample { at, result } = ReadbackSample::of(readback);
    let start = at.minute().start().ms();
    let traffic = result.ok();
    let ago = |newest: Option<Timestamp>| newest.map(|newest| start.saturating_sub(newest.ms()));
    [
        readback.project.0.into(),
        at.minute().index().into(),
        (at.ms() - start).into(),
        result.err().map(|kind| place_of(&kind, &ReadbackErrorKind::ALL)).into(),
        traffic.map(|traffic| traffic.others as i64).into(),
        traffic.and_then(|traffic| ago(traffic.newest)).into(),
        traffic.map(|traffic| traffic.watched as i64).into(),
        traffic.and_then(|traffic| ago(traffic.watched_newest)).into(),
    ]
}

pub(super) async fn samples(database: &Database, project: ProjectId, minute_range: MinuteRange) -> Result<Vec<ReadbackSample>, StoreError> {
    const WHAT: &str = "reading read-back samples";
    let minute_range = minute_range.within(database, WHAT, "readback_samples").await?;
    if minute_range.is_empty() {
        return Ok(Vec::new());
    }
    let mut samples = database.read(WHAT, select(project, minute_range), |row| from_row(project, row)).await?;
    samples.sort_unstable_by_key(|sample| sample.at);
    Ok(samples)
}

/// The number of columns of [`select`].
pub(super) const COLUMNS: usize = 7;

pub(super) fn select(project: ProjectId, minute_range: MinuteRange) -> Statement {
    minute_range
        .minutes()
        .text(
            "SELECT readback_samples.minute, after_ms, error, others, newest_ago_ms, watched, watched_newest_ago_ms FROM minutes CROSS JOIN readback_samples \
             WHERE readback_samples.minute = minutes.minute AND readback_samples.project = ",
        )
        .bind(project.0)
}

pub(super) async fn drop_old(work: &mut Work, before: Minute) -> Result<u64, StoreError> {
    work.run(Statement::new("DELETE FROM readback_samples WHERE minute < ").bind(before.index())).await
}

pub(super) fn from_row(project: ProjectId, row: &Row) -> Result<ReadbackSample, StoreError> {
    let minute = Minute::from_index(row.int(0)?);
    let start = minute.start().ms();
    let damaged = || StoreError::Damaged(format!("the read-back sample of project {} in minute {} is damaged", project.0, minute.index()));
    let newest = |at| -> Result<_, StoreError> { Ok(row.maybe_int(at)?.map(|ago| Timestamp::from_ms(start.saturating_sub(ago)))) };
    let count = |at| -> Result<u64, StoreError> { Ok(row.maybe_int(at)?.ok_or_else(damaged)? as u64) };
    let result = match row.maybe_int(2)? {
        None => Ok(Traffic { others: count(3)?, newest: newest(4)?, watched: count(5)?, watched_newest: newest(6)? }),
        Some(kind) => Err(at_place(kind, &ReadbackErrorKind::ALL).ok_or_else(damaged)?),
    };
    Ok(ReadbackSample { at: Timestamp::from_ms(start.saturating_add(row.int(1)?)), result })
}
