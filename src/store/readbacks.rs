//! The newest read-back of each project.

use crate::model::{Findings, Parts, ProjectId, Readback, ReadbackError, ReadbackErrorKind, Timestamp, TokenReading, TokenStatus, Traffic};

use super::database::{Row, Work};
use super::evidence::{at_place, duration, place_of};
use super::statement::{Statement, Value};
use super::{Store, StoreError, excerpt};

const PROJECTS: usize = 500;

const SELECT: &str = "SELECT project, at_ms, others, newest_ms, error, excerpt, retry_after_ms, last_good_ms, failing_since_ms, not_before_ms, \
                      posthog_id, token, token_asked_ms, watched, watched_newest_ms, down, findings FROM readbacks";

impl Store {
    pub async fn readbacks(&self) -> Result<Vec<Readback>, StoreError> {
        self.database.read("reading read-backs", Statement::new(SELECT).text(" ORDER BY project"), from_row).await
    }

    pub async fn readback(&self, project: ProjectId) -> Result<Option<Readback>, StoreError> {
        Ok(self.readbacks_of(&[project]).await?.pop())
    }

    pub async fn readbacks_of(&self, projects: &[ProjectId]) -> Result<Vec<Readback>, StoreError> {
        let mut readbacks = Vec::new();
        for some in projects.chunks(PROJECTS) {
            let statement = Statement::new(SELECT).text(" WHERE project IN ").list(some.iter().map(|project| project.0));
            readbacks.extend(self.database.read("reading read-backs", statement, from_row).await?);
        }
        readbacks.sort_unstable_by_key(|readback| readback.project);
        readbacks.dedup_by_key(|readback| readback.project);
        Ok(readbacks)
    }
}

pub(super) fn replace(work: &mut Work, readbacks: &[&Readback]) {
    let statement = Statement::new(
        "INSERT INTO readbacks (project, at_ms, others, newest_ms, error, excerpt, retry_after_ms, last_good_ms, failing_since_ms, not_before_ms, \
         posthog_id, token, token_asked_ms, watched, watched_newest_ms, down, findings) SELECT fresh.* FROM (VALUES ",
    )
    .rows(readbacks.iter().map(|readback| to_row(readback)))
    .text(
        ") AS fresh CROSS JOIN projects WHERE projects.id = fresh.column1 \
         ON CONFLICT (project) DO UPDATE SET at_ms = excluded.at_ms, others = excluded.others, newest_ms = excluded.newest_ms, \
         error = excluded.error, excerpt = excluded.excerpt, retry_after_ms = excluded.retry_after_ms, last_good_ms = excluded.last_good_ms, \
         failing_since_ms = excluded.failing_since_ms, not_before_ms = excluded.not_before_ms, posthog_id = excluded.posthog_id, \
         token = excluded.token, token_asked_ms = excluded.token_asked_ms, watched = excluded.watched, \
         watched_newest_ms = excluded.watched_newest_ms, down = excluded.down, findings = excluded.findings",
    );
    work.run_later(statement);
}

fn to_row(readback: &Readback) -> [Value; 17] {
    let (traffic, failure) = match &readback.result {
        Ok(traffic) => (Some(traffic), None),
        Err(failure) => (None, Some(failure)),
    };
    [
        readback.project.0.into(),
        readback.at.ms().into(),
        traffic.map(|traffic| traffic.others as i64).into(),
        traffic.and_then(|traffic| traffic.newest).map(Timestamp::ms).into(),
        failure.map(|failure| place_of(&failure.kind, &ReadbackErrorKind::ALL)).into(),
        failure.map(excerpt::write_failure).into(),
        failure.and_then(|failure| failure.retry_after).map(|pause| pause.as_millis() as i64).into(),
        readback.last_good.map(Timestamp::ms).into(),
        readback.failing_since.map(Timestamp::ms).into(),
        readback.not_before.ms().into(),
        readback.posthog_id.map(|id| id as i64).into(),
        readback.token.map(|word| place_of(&word.token_status, &TokenStatus::ALL)).into(),
        readback.token.map(|word| word.asked.ms()).into(),
        traffic.map(|traffic| traffic.watched as i64).into(),
        traffic.and_then(|traffic| traffic.watched_newest).map(Timestamp::ms).into(),
        readback.token.map(|word| i64::from(word.down.bits())).into(),
        written(&readback.findings).into(),
    ]
}

fn from_row(row: &Row) -> Result<Readback, StoreError> {
    let project = ProjectId(row.int(0)?);
    let time = |at| -> Result<Option<Timestamp>, StoreError> { Ok(row.maybe_int(at)?.map(Timestamp::from_ms)) };
    let damaged = || StoreError::Damaged(format!("the last read-back of project {} is damaged", project.0));
    let result = match row.maybe_int(4)? {
        None => Ok(Traffic {
            others: row.maybe_int(2)?.ok_or_else(damaged)? as u64,
            newest: time(3)?,
            // A read-back of an earlier release has no count.
            watched: row.maybe_int(13)?.unwrap_or(0) as u64,
            watched_newest: time(14)?,
        }),
        Some(kind) => {
            let (excerpt, note) = row.maybe_text(5)?.as_deref().and_then(excerpt::read).ok_or_else(damaged)?;
            let kind = at_place(kind, &ReadbackErrorKind::ALL).ok_or_else(damaged)?;
            Err(ReadbackError { kind, excerpt, note, retry_after: duration(row.maybe_int(6)?) })
        }
    };
    let token = match (row.maybe_int(11)?, time(12)?) {
        (Some(token_status), Some(asked)) => {
            // NULL in a row of an earlier release.
            let down = Parts::from_bits(row.maybe_int(15)?.unwrap_or(0) as u8);
            Some(TokenReading { token_status: at_place(token_status, &TokenStatus::ALL).ok_or_else(damaged)?, asked, down })
        }
        _ => None,
    };
    Ok(Readback {
        project,
        at: Timestamp::from_ms(row.int(1)?),
        result,
        last_good: time(7)?,
        failing_since: time(8)?,
        not_before: Timestamp::from_ms(row.int(9)?),
        posthog_id: row.maybe_int(10)?.map(|id| id as u64),
        token,
        // Findings of another release that cannot be read are determined again.
        findings: row.maybe_text(16)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

fn written(findings: &Findings) -> Option<String> {
    if *findings == Findings::default() { None } else { serde_json::to_string(findings).ok() }
}
