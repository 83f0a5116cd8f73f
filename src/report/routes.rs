//! Each route beside the others: where it goes, and how it fares.

use std::sync::Arc;
use std::time::Duration;

use super::{Ends, Lags, LastDay, read_last_day, strip, today};
use crate::judge::{self, Facts, Verdict};
use crate::model::{Evidence, Outcome, Project, Readback, Recorded, Route, Timestamp};
use crate::store::{Store, StoreError};

/// A route, as it is shown beside the others.
#[derive(Debug, Clone)]
pub struct RouteReport {
    /// What it is: name, event, endpoint, rule for the distinct id, since when.
    pub route: Route,
    /// Where it goes: the project's host, unless it has one of its own; as it was written.
    pub host: String,
    /// What its own beats say, as if there were no other route: its health in a word, and where its way is broken.
    pub verdict: Verdict,
    /// Its newest beat, whatever became of it; none where none is on record in the last 24 hours.
    pub newest: Option<Recorded>,
    /// Its newest beat that was seen.
    pub newest_seen: Option<Recorded>,
    /// The last hour, oldest minute first; none where no beat was expected.
    pub strip: Vec<Option<Outcome>>,
    /// Lags of today (UTC).
    pub lags: Lags,
    /// Ends of today, minutes without a beat as Not sent.
    pub ends: Ends,
}

impl RouteReport {
    /// How late its newest beat that was seen was ingested.
    #[must_use]
    pub fn newest_lag(&self) -> Option<Duration> {
        self.newest_seen.as_ref().and_then(Recorded::ingested_lag)
    }
}

/// Each route of a project, in its order.
///
/// # Errors
/// When the store cannot be read.
pub async fn routes(
    store: &Store,
    project: &Arc<Project>,
    readback: Option<&Readback>,
    now: Timestamp,
) -> Result<Vec<RouteReport>, StoreError> {
    let (beats, evidence) = read_last_day(store, project, now).await?;
    Ok(of_day(project, readback, LastDay { beats: &beats, evidence: &evidence }, now))
}

/// Each route of a project, from what was read of the last 24 hours.
pub(super) fn of_day(project: &Arc<Project>, readback: Option<&Readback>, day: LastDay<'_>, now: Timestamp) -> Vec<RouteReport> {
    project.routes.iter().map(|route| of_route(project, route, readback, day, now)).collect()
}

fn of_route(project: &Arc<Project>, route: &Route, readback: Option<&Readback>, day: LastDay<'_>, now: Timestamp) -> RouteReport {
    let alone = std::slice::from_ref(route);
    let beats: Vec<Recorded> = day.beats.iter().filter(|beat| beat.route == route.id).cloned().collect();
    let evidence: Vec<Evidence> = day.evidence.iter().filter(|evidence| evidence.route == route.id).cloned().collect();
    let facts = Facts {
        now,
        spec: &project.spec,
        on_since: project.on_since(),
        routes: alone,
        beats: &beats,
        evidence: &evidence,
        readback,
        first_bad: None,
    };
    let (lags, ends) = today(project, alone, &beats, now);
    RouteReport {
        route: route.clone(),
        host: project.spec.host_of(route).written().to_owned(),
        verdict: judge::verdict(&facts),
        newest: beats.last().cloned(),
        newest_seen: beats.iter().rfind(|beat| beat.outcome.is_seen()).cloned(),
        strip: strip(project, alone, &beats, now),
        lags,
        ends,
    }
}
