//! Reports per route, side by side.

use std::sync::Arc;
use std::time::Duration;

use super::{Ends, Lags, LastDay, read_last_day, strip, today, verdict};
use crate::judge::Verdict;
use crate::model::{Evidence, Outcome, Project, Readback, Recorded, Route, Timestamp};
use crate::store::{Store, StoreError};

#[derive(Debug, Clone)]
pub struct RouteReport {
    pub route: Route,
    /// The host of the route, or else of the project, as the user wrote it.
    pub host: String,
    /// From the beats of this route only.
    pub verdict: Verdict,
    pub newest: Option<Recorded>,
    pub newest_seen: Option<Recorded>,
    pub strip: Vec<Option<Outcome>>,
    pub lags: Lags,
    pub ends: Ends,
}

impl RouteReport {
    #[must_use]
    pub fn newest_lag(&self) -> Option<Duration> {
        self.newest_seen.as_ref().and_then(Recorded::ingested_lag)
    }
}

pub async fn routes(
    store: &Store,
    project: &Arc<Project>,
    readback: Option<&Readback>,
    now: Timestamp,
) -> Result<Vec<RouteReport>, StoreError> {
    let (beats, evidence) = read_last_day(store, project, now).await?;
    Ok(of_day(project, readback, LastDay { beats: &beats, evidence: &evidence }, now))
}

pub(super) fn of_day(project: &Arc<Project>, readback: Option<&Readback>, day: LastDay<'_>, now: Timestamp) -> Vec<RouteReport> {
    project.routes.iter().map(|route| of_route(project, route, readback, day, now)).collect()
}

fn of_route(project: &Arc<Project>, route: &Route, readback: Option<&Readback>, day: LastDay<'_>, now: Timestamp) -> RouteReport {
    let alone = std::slice::from_ref(route);
    let beats: Vec<Recorded> = day.beats.iter().filter(|beat| beat.route == route.id).cloned().collect();
    let evidence: Vec<Evidence> = day.evidence.iter().filter(|evidence| evidence.route == route.id).cloned().collect();
    let (lags, ends) = today(project, alone, &beats, now);
    RouteReport {
        route: route.clone(),
        host: project.spec.host_of(route).written().to_owned(),
        verdict: verdict(project, alone, LastDay { beats: &beats, evidence: &evidence }, readback, now),
        newest: beats.last().cloned(),
        newest_seen: beats.iter().rfind(|beat| beat.outcome.is_seen()).cloned(),
        strip: strip(project, alone, &beats, now),
        lags,
        ends,
    }
}
