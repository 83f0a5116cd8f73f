//! Queries of the pages: a few rows of many projects, without a scan of the whole history.

use std::collections::HashMap;

use crate::model::{Incident, IncidentId, Minute, NotificationState, ProjectId, Recorded, Timestamp};

use super::database::Row;
use super::minute_range::MinuteRange;
use super::statement::{any_of, sql};
use super::value::Value;
use super::{Reach, Store, StoreError, TimelineEntry, beats, incidents};

impl Store {
    /// The newest beat of each route that was seen within its range, by minute and route. A route may have several ranges.
    pub async fn newest_seen(&self, reaches: &[Reach]) -> Result<Vec<Recorded>, StoreError> {
        const WHAT: &str = "reading the newest seen beats";
        let (Some(from), Some(to)) = (reaches.iter().map(|reach| reach.from).min(), reaches.iter().map(|reach| reach.to).max()) else {
            return Ok(Vec::new());
        };
        let stored = MinuteRange { from, to }.within(&self.database, WHAT, "beats").await?;
        let within = |reach: &Reach| Reach { from: reach.from.max(stored.from), to: reach.to.min(stored.to), ..*reach };
        let reaches: Vec<Reach> = reaches.iter().map(within).filter(|reach| reach.from < reach.to).collect();
        let walk = format!(
            "), walk(route, first_minute, minute, found) AS (\
             SELECT reaches.route, reaches.first_minute, reaches.after_last - 1, (SELECT beats.outcome FROM beats \
             WHERE beats.minute = reaches.after_last - 1 AND beats.route = reaches.route) FROM reaches \
             UNION ALL SELECT walk.route, walk.first_minute, walk.minute - 1, (SELECT beats.outcome FROM beats \
             WHERE beats.minute = walk.minute - 1 AND beats.route = walk.route) FROM walk \
             WHERE walk.minute > walk.first_minute AND (walk.found IS NULL OR walk.found NOT IN (1, 2))) SELECT {} \
             FROM walk CROSS JOIN beats WHERE walk.found IN (1, 2) AND beats.minute = walk.minute AND beats.route = walk.route",
            beats::COLUMNS
        );
        let of_reaches = |some: &[Reach]| {
            let rows = some.iter().map(|reach| [Value::from(reach.route), reach.from.into(), reach.to.into()]);
            sql!("WITH RECURSIVE reaches(route, first_minute, after_last) AS (VALUES ").rows(rows).text(&walk)
        };
        let mut found = self.database.read_each(WHAT, &reaches, of_reaches, beats::from_row).await?;
        found.sort_unstable_by_key(|beat: &Recorded| (beat.minute, beat.route));
        found.dedup_by_key(|beat| (beat.minute, beat.route));
        Ok(found)
    }

    pub async fn open_incidents_of(&self, projects: &[ProjectId]) -> Result<Vec<Incident>, StoreError> {
        let text = format!("SELECT {} FROM incidents WHERE closed_ms IS NULL AND project IN ?", incidents::columns());
        let of_projects = |some: &[ProjectId]| sql!(&text, any_of(some.iter().copied()));
        let mut open = self.database.read_each("reading open incidents", projects, of_projects, incidents::from_row).await?;
        open.sort_by_key(|incident: &Incident| std::cmp::Reverse((incident.opened, incident.id)));
        Ok(open)
    }

    /// Incidents of these projects that are open or were resolved at or after `since`, newest first.
    pub async fn incidents_since(&self, projects: &[ProjectId], since: Timestamp) -> Result<Vec<Incident>, StoreError> {
        let of_projects = |some: &[ProjectId]| incidents::select_recent(any_of(some.iter().copied()), since);
        let mut found = self.database.read_each("reading incidents", projects, of_projects, incidents::from_row).await?;
        found.sort_by_key(|incident: &Incident| std::cmp::Reverse((incident.opened, incident.id)));
        Ok(found)
    }

    /// Timeline entries of a project's incidents from `from` up to but not including `to`, oldest first.
    pub async fn entries_between(&self, project: ProjectId, from: Timestamp, to: Timestamp) -> Result<Vec<TimelineEntry>, StoreError> {
        let text = "SELECT entries.at_ms, entries.kind, entries.words, incidents.id, incidents.incident_kind FROM incidents CROSS JOIN entries \
                    WHERE entries.incident = incidents.id AND incidents.project = ? AND incidents.opened_ms < ? AND entries.at_ms >= ? \
                    AND entries.at_ms < ? ORDER BY entries.at_ms, incidents.id, entries.place";
        let read = |row: &Row| {
            let id: IncidentId = row.get("id")?;
            Ok((id, row.get("incident_kind")?, incidents::entry(row, id)?))
        };
        self.database.read("reading timelines", sql!(text, project, to, from, to), read).await
    }

    /// The number of notifications per state, of the project's incidents that opened from `from` on.
    pub async fn notification_counts(&self, project: ProjectId, from: Timestamp) -> Result<HashMap<NotificationState, u64>, StoreError> {
        let text = "SELECT notifications.state, count(*) FROM incidents CROSS JOIN notifications WHERE notifications.incident = incidents.id \
                    AND incidents.project = ? AND incidents.opened_ms >= ? GROUP BY notifications.state";
        let states = self.database.read("counting notifications", sql!(text, project, from), |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(states.await?.into_iter().collect())
    }

    /// The number of read-backs from `from` up to but not including `to`, and of those that failed.
    pub async fn readback_counts(&self, project: ProjectId, from: Minute, to: Minute) -> Result<(u64, u64), StoreError> {
        const WHAT: &str = "counting read-backs";
        let minute_range = MinuteRange { from, to }.within(&self.database, WHAT, "readback_samples").await?;
        if minute_range.is_empty() {
            return Ok((0, 0));
        }
        let count = "SELECT count(*), count(readback_samples.error) FROM minutes CROSS JOIN readback_samples \
                     WHERE readback_samples.minute = minutes.minute AND readback_samples.project = ?";
        let count = minute_range.minutes().then(sql!(count, project));
        Ok(self.database.read_one(WHAT, count, |row| Ok((row.get(0)?, row.get(1)?))).await?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Outcome;

    #[test]
    fn what_counts_as_seen_in_the_statement_is_what_the_model_says() {
        let seen: Vec<i16> = Outcome::ALL.into_iter().filter(|outcome| outcome.is_seen()).map(Outcome::code).collect();
        assert_eq!(seen, [1, 2]);
    }
}
