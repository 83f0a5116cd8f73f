//! The newest read-back of each project.

use crate::model::{Findings, Parts, ProjectId, Readback, ReadbackError, Timestamp, TokenReading, Traffic};

use super::database::{Row, Work};
use super::statement::{Statement, any_of, sql};
use super::value::Value;
use super::{Store, StoreError, excerpt};

/// In the order of [`to_row`]. The first identifies a row.
const COLUMNS: [&str; 17] = [
    "project",
    "at_ms",
    "others",
    "newest_ms",
    "error",
    "excerpt",
    "retry_after_ms",
    "last_good_ms",
    "failing_since_ms",
    "not_before_ms",
    "posthog_id",
    "token",
    "token_asked_ms",
    "watched",
    "watched_newest_ms",
    "down",
    "findings",
];

impl Store {
    pub async fn readbacks(&self) -> Result<Vec<Readback>, StoreError> {
        let all = sql!(&format!("SELECT {} FROM readbacks ORDER BY project", COLUMNS.join(", ")));
        self.database.read("reading read-backs", all, from_row).await
    }

    /// When each project was read back last, and from when on it may be read back again.
    pub async fn readback_times(&self) -> Result<Vec<(ProjectId, Timestamp, Timestamp)>, StoreError> {
        let all = sql!("SELECT project, at_ms, not_before_ms FROM readbacks");
        self.database.read("reading the times of read-backs", all, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await
    }

    pub async fn readback(&self, project: ProjectId) -> Result<Option<Readback>, StoreError> {
        Ok(self.readbacks_of(&[project]).await?.pop())
    }

    pub async fn readbacks_of(&self, projects: &[ProjectId]) -> Result<Vec<Readback>, StoreError> {
        let mut readbacks = self.database.read_each("reading read-backs", projects, select, from_row).await?;
        readbacks.sort_unstable_by_key(|readback| readback.project);
        readbacks.dedup_by_key(|readback| readback.project);
        Ok(readbacks)
    }
}

/// The number of columns of [`select`].
pub(super) const WIDTH: usize = COLUMNS.len();

pub(super) fn select(projects: &[ProjectId]) -> Statement {
    sql!(&format!("SELECT {} FROM readbacks WHERE project IN ?", COLUMNS.join(", ")), any_of(projects.iter().copied()))
}

pub(super) fn replace(work: &mut Work, readbacks: &[&Readback]) {
    work.run_later(Statement::put_of_projects("readbacks", COLUMNS, 1, readbacks.iter().map(|readback| to_row(readback))));
}

fn to_row(readback: &Readback) -> [Value; COLUMNS.len()] {
    let (traffic, failure) = (readback.result.as_ref().ok(), readback.result.as_ref().err());
    [
        readback.project.into(),
        readback.at.into(),
        traffic.map(|traffic| traffic.others).into(),
        traffic.and_then(|traffic| traffic.newest).into(),
        failure.map(|failure| failure.kind).into(),
        failure.map(|failure| excerpt::write(&failure.excerpt, failure.note.as_deref())).into(),
        failure.and_then(|failure| failure.retry_after).into(),
        readback.last_good.into(),
        readback.failing_since.into(),
        readback.not_before.into(),
        readback.posthog_id.into(),
        readback.token.map(|word| word.token_status).into(),
        readback.token.map(|word| word.asked).into(),
        traffic.map(|traffic| traffic.watched).into(),
        traffic.and_then(|traffic| traffic.watched_newest).into(),
        readback.token.map(|word| word.down.bits()).into(),
        written(&readback.findings).into(),
    ]
}

pub(super) fn from_row(row: &Row) -> Result<Readback, StoreError> {
    let project: ProjectId = row.get(0)?;
    let row = row.of("the last read-back of project", &project.0);
    let result = match row.maybe(4)? {
        // A read-back of an earlier release has no number of watched events.
        None => {
            Ok(Traffic { others: row.get(2)?, newest: row.maybe(3)?, watched: row.maybe(13)?.unwrap_or(0), watched_newest: row.maybe(14)? })
        }
        Some(kind) => {
            let (excerpt, note) = row.parsed(5, row.maybe_text(5)?.as_deref().and_then(excerpt::read))?;
            Err(ReadbackError { kind, excerpt, note, retry_after: row.maybe(6)? })
        }
    };
    let token = match (row.maybe(11)?, row.maybe(12)?) {
        // The parts are NULL in a row of an earlier release.
        (Some(token_status), Some(asked)) => {
            Some(TokenReading { token_status, asked, down: Parts::from_bits(row.maybe(15)?.unwrap_or(0)) })
        }
        _ => None,
    };
    Ok(Readback {
        project,
        at: row.get(1)?,
        result,
        last_good: row.maybe(7)?,
        failing_since: row.maybe(8)?,
        not_before: row.get(9)?,
        posthog_id: row.maybe(10)?,
        token,
        // Findings of another release that cannot be read are determined again.
        findings: row.maybe_text(16)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

fn written(findings: &Findings) -> Option<String> {
    if *findings == Findings::default() { None } else { serde_json::to_string(findings).ok() }
}
