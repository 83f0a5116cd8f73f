//! The change token: a few numbers, read from the ends of indexes, that change when there is something new to show.

use std::collections::HashMap;

use crate::model::{Minute, ProjectId, Timestamp};

use super::database::Work;
use super::minute_range::MinuteRange;
use super::statement::Statement;
use super::{ChangeToken, Store, StoreError};

/// How far back from the newest beat the beats of one project are looked up, in minutes. Without a beat in that range the token does not
/// change.
const MINUTES: i64 = 60;

impl Store {
    pub async fn change_token(&self, project: Option<ProjectId>) -> Result<ChangeToken, StoreError> {
        let mut work = self.database.snapshot("reading the change token").await?;
        let counters = "SELECT name, value FROM heartbeat_meta WHERE name IN ('revision', 'incident_changes', 'next_notification')";
        let counters = work.read(Statement::new(counters), |row| Ok((row.text(0)?, row.int(1)?))).await?;
        let counters: HashMap<String, i64> = counters.into_iter().collect();
        let counted = |name| counters.get(name).copied().unwrap_or(0);
        let change_token = ChangeToken {
            revision: counted("revision"),
            readback: newest_readback(&mut work, project).await?,
            beat: newest_beat(&mut work, project).await?,
            entries: counted("incident_changes"),
            notifications: counted("next_notification"),
        };
        work.commit().await?;
        Ok(change_token)
    }
}

/// For all projects it is read from the read-back samples, which are ordered by minute and have a row for every read-back.
async fn newest_readback(work: &mut Work, project: Option<ProjectId>) -> Result<Option<Timestamp>, StoreError> {
    if let Some(project) = project {
        let readback = Statement::new("SELECT at_ms FROM readbacks WHERE project = ").bind(project.0);
        return Ok(work.read(readback, |row| row.int(0)).await?.pop().map(Timestamp::from_ms));
    }
    let newest =
        "SELECT minute, max(after_ms) FROM readback_samples WHERE minute = (SELECT max(minute) FROM readback_samples) GROUP BY minute";
    let found = work.read(Statement::new(newest), |row| Ok((Minute::from_index(row.int(0)?), row.int(1)?))).await?.pop();
    Ok(found.map(|(minute, after)| Timestamp::from_ms(minute.start().ms().saturating_add(after))))
}

async fn newest_beat(work: &mut Work, project: Option<ProjectId>) -> Result<Option<Minute>, StoreError> {
    let newest = work.read(Statement::new("SELECT max(minute) FROM beats"), |row| row.maybe_int(0)).await?.pop().flatten();
    let newest = newest.map(Minute::from_index);
    let (Some(last), Some(project)) = (newest, project) else { return Ok(newest) };
    let statement = MinuteRange { from: last.plus(1 - MINUTES), to: last.plus(1) }
        .minutes()
        .text(
            "SELECT max(beats.minute) FROM minutes CROSS JOIN beats WHERE beats.minute = minutes.minute \
             AND beats.route IN (SELECT id FROM routes WHERE project = ",
        )
        .bind(project.0)
        .text(")");
    Ok(work.read(statement, |row| row.maybe_int(0)).await?.pop().flatten().map(Minute::from_index))
}
