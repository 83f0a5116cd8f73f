//! The samples of read-backs, one row per minute, for replaying rules.

use crate::model::{Minute, ProjectId, QuotaUse, Readback, ReadbackErrorKind, ReadbackSample, Timestamp, Traffic};

use super::database::{Database, Row, Work};
use super::minute_range::MinuteRange;
use super::statement::{Param, Statement, sql};
use super::value::Value;
use super::{Store, StoreError};

/// In the order of [`to_row`]. The first two identify a row.
const NAMES: [&str; 10] = [
    "project",
    "minute",
    "after_ms",
    "error",
    "others",
    "newest_ago_ms",
    "watched",
    "watched_newest_ago_ms",
    "quota_percent",
    "quota_limited",
];

impl Store {
    /// Samples of `project` from `from` up to but not including `to`, oldest first. [`Store::settle`] writes them; the last read-back of a
    /// minute is stored.
    pub async fn samples(&self, project: ProjectId, from: Minute, to: Minute) -> Result<Vec<ReadbackSample>, StoreError> {
        samples(&self.database, project, MinuteRange { from, to }).await
    }
}

pub(super) fn keep(work: &mut Work, readbacks: &[&Readback]) {
    work.run_later(Statement::put_of_projects("readback_samples", NAMES, 2, readbacks.iter().map(|readback| to_row(readback))));
}

fn to_row(readback: &Readback) -> [Value; NAMES.len()] {
    let ReadbackSample { at, result, quota } = ReadbackSample::of(readback);
    let start = at.minute().start().ms();
    let traffic = result.ok();
    let ago = |newest: Option<Timestamp>| newest.map(|newest| start.saturating_sub(newest.ms()));
    [
        readback.project.into(),
        at.minute().into(),
        (at.ms() - start).into(),
        result.err().into(),
        traffic.map(|traffic| traffic.others).into(),
        traffic.and_then(|traffic| ago(traffic.newest)).into(),
        traffic.map(|traffic| traffic.watched).into(),
        traffic.and_then(|traffic| ago(traffic.watched_newest)).into(),
        quota.map(|quota| quota.percent).into(),
        quota.map(|quota| quota.limited).into(),
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
pub(super) const COLUMNS: usize = NAMES.len() - 1;

/// The number of columns of [`select_some`].
pub(super) const WIDTH: usize = NAMES.len();

/// All but the project.
fn columns() -> String {
    let [_, read @ ..] = NAMES;
    read.map(|column| format!("readback_samples.{column}")).join(", ")
}

/// Samples of some projects since a minute with the condition of a partial index. The project comes last.
pub(super) fn select_some(projects: Param, since: Minute, condition: &str) -> Statement {
    let text = format!("SELECT {}, project FROM readback_samples WHERE {condition} AND project IN ? AND minute >= ?", columns());
    sql!(&text, projects, since)
}

pub(super) fn select(project: ProjectId, minute_range: MinuteRange) -> Statement {
    let read = columns();
    let of_minutes = format!(
        "SELECT {read} FROM minutes CROSS JOIN readback_samples \
         WHERE readback_samples.minute = minutes.minute AND readback_samples.project = ?"
    );
    minute_range.minutes().then(sql!(&of_minutes, project))
}

pub(super) async fn drop_old(work: &mut Work, before: Minute) -> Result<u64, StoreError> {
    work.run(sql!("DELETE FROM readback_samples WHERE minute < ?", before)).await
}

pub(super) fn from_row(project: ProjectId, row: &Row) -> Result<ReadbackSample, StoreError> {
    let minute: Minute = row.get(0)?;
    let name = format_args!("{} in minute {}", project.0, minute.index());
    let row = row.of("the read-back sample of project", &name);
    let start = minute.start().ms();
    let newest =
        |at: usize| -> Result<_, StoreError> { Ok(row.maybe::<i64>(at)?.map(|ago| Timestamp::from_ms(start.saturating_sub(ago)))) };
    let count = |at: usize| -> Result<u64, StoreError> { row.parsed(at, row.maybe(at)?) };
    let result = match row.maybe::<ReadbackErrorKind>(2)? {
        None => Ok(Traffic { others: count(3)?, newest: newest(4)?, watched: count(5)?, watched_newest: newest(6)? }),
        Some(kind) => Err(kind),
    };
    let quota = row.maybe(7)?.zip(row.maybe(8)?).map(|(percent, limited)| QuotaUse { percent, limited });
    Ok(ReadbackSample { at: Timestamp::from_ms(start.saturating_add(row.get(1)?)), result, quota })
}
