//! Queries of the pages: a few rows of many projects, without a scan of the whole history.

use std::collections::HashMap;

use crate::model::{Incident, IncidentId, IncidentKind, Minute, NotificationState, ProjectId, Recorded, Timestamp};

use super::evidence::at_place;
use super::minute_range::{MinuteRange, ROUTES};
use super::statement::{Statement, Value};
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
        let mut found = Vec::new();
        for some in reaches.chunks(ROUTES) {
            let rows = some.iter().map(|reach| [reach.route.0, reach.from.index(), reach.to.index()].map(Value::from));
            let statement = Statement::new("WITH RECURSIVE reaches(route, first_minute, after_last) AS (VALUES ")
                .rows(rows)
                .text(
                    "), walk(route, first_minute, minute, found) AS (\
                     SELECT reaches.route, reaches.first_minute, reaches.after_last - 1, (SELECT beats.outcome FROM beats \
                     WHERE beats.minute = reaches.after_last - 1 AND beats.route = reaches.route) FROM reaches \
                     UNION ALL SELECT walk.route, walk.first_minute, walk.minute - 1, (SELECT beats.outcome FROM beats \
                     WHERE beats.minute = walk.minute - 1 AND beats.route = walk.route) FROM walk \
                     WHERE walk.minute > walk.first_minute AND (walk.found IS NULL OR walk.found NOT IN (1, 2))) SELECT ",
                )
                .text(beats::COLUMNS)
                .text(" FROM walk CROSS JOIN beats WHERE walk.found IN (1, 2) AND beats.minute = walk.minute AND beats.route = walk.route");
            found.extend(self.database.read(WHAT, statement, beats::from_row).await?);
        }
        found.sort_unstable_by_key(|beat: &Recorded| (beat.minute, beat.route));
        found.dedup_by_key(|beat| (beat.minute, beat.route));
        Ok(found)
    }

    pub async fn open_incidents_of(&self, projects: &[ProjectId]) -> Result<Vec<Incident>, StoreError> {
        let mut open = Vec::new();
        for some in projects.chunks(ROUTES) {
            let statement = Statement::new("SELECT ")
                .text(&incidents::columns())
                .text(" FROM incidents WHERE closed_ms IS NULL AND project IN ")
                .list(some.iter().map(|project| project.0));
            open.extend(self.database.read("reading open incidents", statement, incidents::from_row).await?);
        }
        open.sort_by_key(|incident: &Incident| std::cmp::Reverse((incident.opened, incident.id)));
        Ok(open)
    }

    /// Timeline entries of a project's incidents from `from` up to but not including `to`, oldest first.
    pub async fn entries_between(&self, project: ProjectId, from: Timestamp, to: Timestamp) -> Result<Vec<TimelineEntry>, StoreError> {
        let statement = Statement::new(
            "SELECT entries.at_ms, entries.kind, entries.words, incidents.id, incidents.incident_kind FROM incidents CROSS JOIN entries \
             WHERE entries.incident = incidents.id AND incidents.project = ",
        )
        .bind(project.0)
        .text(" AND incidents.opened_ms < ")
        .bind(to.ms())
        .text(" AND entries.at_ms >= ")
        .bind(from.ms())
        .text(" AND entries.at_ms < ")
        .bind(to.ms())
        .text(" ORDER BY entries.at_ms, incidents.id, entries.place");
        let entries = self.database.read("reading timelines", statement, |row| {
            let id = IncidentId(row.int("id")?);
            let damaged = || StoreError::Damaged(format!("the timeline of incident {} is damaged", id.0));
            Ok((id, at_place(row.int("incident_kind")?, &IncidentKind::ALL).ok_or_else(damaged)?, incidents::entry(row, id)?))
        });
        entries.await
    }

    /// The number of notifications per state, of the project's incidents that opened from `from` on.
    pub async fn notification_counts(&self, project: ProjectId, from: Timestamp) -> Result<HashMap<NotificationState, u64>, StoreError> {
        let statement = Statement::new(
            "SELECT notifications.state, count(*) FROM incidents CROSS JOIN notifications WHERE notifications.incident = incidents.id AND incidents.project = ",
        )
        .bind(project.0)
        .text(" AND incidents.opened_ms >= ")
        .bind(from.ms())
        .text(" GROUP BY notifications.state");
        let states = self.database.read("counting notifications", statement, |row| {
            let damaged = || StoreError::Damaged(format!("a notification of project {} has an unknown state", project.0));
            Ok((at_place(row.int(0)?, &NotificationState::ALL).ok_or_else(damaged)?, row.int(1)? as u64))
        });
        Ok(states.await?.into_iter().collect())
    }

    /// The number of read-backs from `from` up to but not including `to`, and of those that failed.
    pub async fn readback_counts(&self, project: ProjectId, from: Minute, to: Minute) -> Result<(u64, u64), StoreError> {
        const WHAT: &str = "counting read-backs";
        let minute_range = MinuteRange { from, to }.within(&self.database, WHAT, "readback_samples").await?;
        if minute_range.is_empty() {
            return Ok((0, 0));
        }
        let statement = minute_range
            .minutes()
            .text(
                "SELECT count(*), count(readback_samples.error) FROM minutes CROSS JOIN readback_samples \
                 WHERE readback_samples.minute = minutes.minute AND readback_samples.project = ",
            )
            .bind(project.0);
        let counted = self.database.read(WHAT, statement, |row| Ok((row.int(0)? as u64, row.int(1)? as u64))).await?;
        Ok(counted.first().copied().unwrap_or_default())
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
