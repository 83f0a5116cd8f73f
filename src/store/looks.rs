//! The newest look of each project.

use crate::model::{Findings, Look, LookFailure, LookTrouble, Parts, ProjectId, Standing, Timestamp, TokenWord, Traffic};

use super::database::{Row, Work};
use super::evidence::{at_place, duration, place_of};
use super::statement::{Statement, Value};
use super::{Store, StoreError, quote};

/// So many projects are asked for in one statement.
const PROJECTS: usize = 500;

const SELECT: &str = "SELECT project, at_ms, others, newest_ms, trouble, quote, retry_after_ms, last_good_ms, failing_since_ms, not_before_ms, \
                      posthog_id, token, token_asked_ms, watched, watched_newest_ms, down, findings FROM looks";

impl Store {
    /// The newest look of each project that was looked at.
    pub async fn looks(&self) -> Result<Vec<Look>, StoreError> {
        self.database.read("reading looks", Statement::new(SELECT).text(" ORDER BY project"), from_row).await
    }

    /// The newest look at this project.
    pub async fn look(&self, project: ProjectId) -> Result<Option<Look>, StoreError> {
        Ok(self.looks_of(&[project]).await?.pop())
    }

    /// The newest look of each of these projects that was looked at, by project.
    pub async fn looks_of(&self, projects: &[ProjectId]) -> Result<Vec<Look>, StoreError> {
        let mut looks = Vec::new();
        for some in projects.chunks(PROJECTS) {
            let statement = Statement::new(SELECT).text(" WHERE project IN ").list(some.iter().map(|project| project.0));
            looks.extend(self.database.read("reading looks", statement, from_row).await?);
        }
        looks.sort_unstable_by_key(|look| look.project);
        looks.dedup_by_key(|look| look.project);
        Ok(looks)
    }
}

/// Replaces the last looks of several projects. A project that was removed meanwhile gets none.
pub(super) fn replace(work: &mut Work, looks: &[&Look]) {
    let statement = Statement::new(
        "INSERT INTO looks (project, at_ms, others, newest_ms, trouble, quote, retry_after_ms, last_good_ms, failing_since_ms, not_before_ms, \
         posthog_id, token, token_asked_ms, watched, watched_newest_ms, down, findings) SELECT fresh.* FROM (VALUES ",
    )
    .rows(looks.iter().map(|look| to_row(look)))
    .text(
        ") AS fresh CROSS JOIN projects WHERE projects.id = fresh.column1 \
         ON CONFLICT (project) DO UPDATE SET at_ms = excluded.at_ms, others = excluded.others, newest_ms = excluded.newest_ms, \
         trouble = excluded.trouble, quote = excluded.quote, retry_after_ms = excluded.retry_after_ms, last_good_ms = excluded.last_good_ms, \
         failing_since_ms = excluded.failing_since_ms, not_before_ms = excluded.not_before_ms, posthog_id = excluded.posthog_id, \
         token = excluded.token, token_asked_ms = excluded.token_asked_ms, watched = excluded.watched, \
         watched_newest_ms = excluded.watched_newest_ms, down = excluded.down, findings = excluded.findings",
    );
    work.run_later(statement);
}

fn to_row(look: &Look) -> [Value; 17] {
    let (traffic, failure) = match &look.result {
        Ok(traffic) => (Some(traffic), None),
        Err(failure) => (None, Some(failure)),
    };
    [
        look.project.0.into(),
        look.at.ms().into(),
        traffic.map(|traffic| traffic.others as i64).into(),
        traffic.and_then(|traffic| traffic.newest).map(Timestamp::ms).into(),
        failure.map(|failure| place_of(&failure.trouble, &LookTrouble::ALL)).into(),
        failure.map(quote::write_failure).into(),
        failure.and_then(|failure| failure.retry_after).map(|pause| pause.as_millis() as i64).into(),
        look.last_good.map(Timestamp::ms).into(),
        look.failing_since.map(Timestamp::ms).into(),
        look.not_before.ms().into(),
        look.posthog_id.map(|id| id as i64).into(),
        look.token.map(|word| place_of(&word.standing, &Standing::ALL)).into(),
        look.token.map(|word| word.asked.ms()).into(),
        traffic.map(|traffic| traffic.watched as i64).into(),
        traffic.and_then(|traffic| traffic.watched_newest).map(Timestamp::ms).into(),
        look.token.map(|word| i64::from(word.down.bits())).into(),
        written(&look.findings).into(),
    ]
}

fn from_row(row: &Row) -> Result<Look, StoreError> {
    let project = ProjectId(row.int(0)?);
    let time = |at| -> Result<Option<Timestamp>, StoreError> { Ok(row.maybe_int(at)?.map(Timestamp::from_ms)) };
    let damaged = || StoreError::Damaged(format!("the last look at project {} is damaged", project.0));
    let result = match row.maybe_int(4)? {
        None => Ok(Traffic {
            others: row.maybe_int(2)?.ok_or_else(damaged)? as u64,
            newest: time(3)?,
            // A look from before there was anything to watch counted none.
            watched: row.maybe_int(13)?.unwrap_or(0) as u64,
            watched_newest: time(14)?,
        }),
        Some(trouble) => {
            let (quote, note) = row.maybe_text(5)?.as_deref().and_then(quote::read).ok_or_else(damaged)?;
            let trouble = at_place(trouble, &LookTrouble::ALL).ok_or_else(damaged)?;
            Err(LookFailure { trouble, quote, note, retry_after: duration(row.maybe_int(6)?) })
        }
    };
    let token = match (row.maybe_int(11)?, time(12)?) {
        (Some(standing), Some(asked)) => {
            // None in a row of an earlier release.
            let down = Parts::from_bits(row.maybe_int(15)?.unwrap_or(0) as u8);
            Some(TokenWord { standing: at_place(standing, &Standing::ALL).ok_or_else(damaged)?, asked, down })
        }
        _ => None,
    };
    Ok(Look {
        project,
        at: Timestamp::from_ms(row.int(1)?),
        result,
        last_good: time(7)?,
        failing_since: time(8)?,
        not_before: Timestamp::from_ms(row.int(9)?),
        posthog_id: row.maybe_int(10)?.map(|id| id as u64),
        token,
        // What another release wrote and this one cannot read is found out anew.
        findings: row.maybe_text(16)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

/// Nothing, where nothing was found out.
fn written(findings: &Findings) -> Option<String> {
    if *findings == Findings::default() { None } else { serde_json::to_string(findings).ok() }
}
