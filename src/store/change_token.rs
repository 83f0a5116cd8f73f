//! The change token: a few numbers, read from the ends of indexes, that change when there is something new to show.

use std::collections::HashMap;

use crate::model::{Minute, ProjectId, Timestamp};

use super::database::Work;
use super::minute_range::MinuteRange;
use super::statement::sql;
use super::{ChangeToken, Store, StoreError};

/// How far back from the newest beat the beats of one project are looked up, in minutes. Without a beat in that range the token does not
/// change.
const MINUTES: i64 = 60;

impl Store {
    pub async fn change_token(&self, project: Option<ProjectId>) -> Result<ChangeToken, StoreError> {
        let mut work = self.database.snapshot("reading the change token").await?;
        let counters = "SELECT name, value FROM heartbeat_meta WHERE name IN ('revision', 'incident_changes', 'next_notification')";
        let counters = work.read(sql!(counters), |row| Ok((row.text(0)?, row.int(1)?))).await?;
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
        return work.read_one(sql!("SELECT at_ms FROM readbacks WHERE project = ?", project), |row| row.get(0)).await;
    }
    let newest =
        "SELECT minute, max(after_ms) FROM readback_samples WHERE minute = (SELECT max(minute) FROM readback_samples) GROUP BY minute";
    let at = |minute: Minute, after: i64| Timestamp::from_ms(minute.start().ms().saturating_add(after));
    work.read_one(sql!(newest), |row| Ok(at(row.get(0)?, row.int(1)?))).await
}

async fn newest_beat(work: &mut Work, project: Option<ProjectId>) -> Result<Option<Minute>, StoreError> {
    let newest: Option<Minute> = work.read_one(sql!("SELECT max(minute) FROM beats"), |row| row.maybe(0)).await?.flatten();
    let (Some(last), Some(project)) = (newest, project) else { return Ok(newest) };
    let statement = MinuteRange { from: last.plus(1 - MINUTES), to: last.plus(1) }.minutes().then(sql!(
        "SELECT max(beats.minute) FROM minutes CROSS JOIN beats WHERE beats.minute = minutes.minute \
         AND beats.route IN (SELECT id FROM routes WHERE project = ?)",
        project
    ));
    Ok(work.read_one(statement, |row| row.maybe(0)).await?.flatten())
}
