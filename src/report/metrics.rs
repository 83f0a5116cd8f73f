//! An app's figures: what it did, and what it costs.

use std::time::Duration;

use super::due::{Counted, Due};
use super::history::History;
use super::{Ends, Lags};
use crate::model::{Histogram, Incident, IncidentKind, Minute, NotificationState, Project, Recorded, RouteId, Timestamp};
use crate::store::{IncidentFilter, Store, StoreError};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
/// Of so many incidents, the newest, the time to notice is told.
const INCIDENTS: u32 = 1000;

/// What Heartbeat did on a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeartbeatFigures {
    /// How many routes beat.
    pub routes: u32,
    /// How many events that costs a day: one a minute and route. None while it is off.
    pub events_a_day: u32,
    /// What became of the beats of the last hour, minutes without one as Not sent.
    pub last_hour: Ends,
    /// The same of the last 24 hours,
    pub last_24_hours: Ends,
    /// and of the last 30 days.
    pub last_30_days: Ends,
    /// Lags of the last 24 hours.
    pub lags: Lags,
}

/// Reads what Heartbeat did on a project.
///
/// # Errors
/// When the store cannot be read.
pub async fn heartbeat_figures(store: &Store, project: &Project, now: Timestamp) -> Result<HeartbeatFigures, StoreError> {
    let end = now.minute().plus(1);
    let (month, day, hour) = (end.plus(-MONTH), end.plus(-DAY), end.plus(-HOUR));
    let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
    let begun = project.routes.iter().map(|route| route.since.minute()).min().unwrap_or(end);
    let history = History::read(store, &ids, month.max(begun), end, day).await?;

    let due = Due::of(project);
    let of = |from: Minute| {
        let mut counted = Counted::at(now);
        history.minutes().filter(|(_, minute, _)| *minute >= from).for_each(|(_, minute, outcome)| counted.add(minute, outcome));
        counted.add_duplicates(history.duplicates(from));
        counted.ends(due.over(&project.routes, from, end, now))
    };
    let mut lags = Histogram::default();
    history.hours.iter().filter(|one| one.start >= day).for_each(|one| lags.merge(&one.lags));
    history.beats_from(day).iter().filter_map(Recorded::ingested_lag).for_each(|lag| lags.add(lag));
    let routes = project.routes.len() as u32;
    Ok(HeartbeatFigures {
        routes,
        events_a_day: if project.spec.beats() { routes * DAY as u32 } else { 0 },
        last_hour: of(hour),
        last_24_hours: of(day),
        last_30_days: of(month),
        lags: Lags::of(&lags),
    })
}

/// Looks at a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadbackCounts {
    /// How many were made, one a minute at most.
    pub made: u64,
    /// How many of them failed.
    pub failed: u64,
}

/// What Ingestion Alert did on a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertFigures {
    /// Read-backs of the last hour.
    pub last_hour: ReadbackCounts,
    /// Read-backs of the last 24 hours. What was seen longer ago is not kept for as long as incidents are.
    pub last_24_hours: ReadbackCounts,
    /// How many incidents are open.
    pub open: u32,
    /// How many opened in the last 24 hours.
    pub opened_in_24_hours: u32,
    /// How many opened in the last 30 days.
    pub opened_in_30_days: u32,
    /// From the first bad minute to the incident, for half of those that opened in the last 30 days because of ingestion; none where there was none.
    pub time_to_notice: Option<Duration>,
    /// The same for the slowest of them.
    pub longest_to_notice: Option<Duration>,
    /// Messages about incidents of the last 30 days that were delivered,
    pub sent: u64,
    /// that are still to be delivered,
    pub queued: u64,
    /// and that nobody took.
    pub dead: u64,
}

/// Reads what Ingestion Alert did on a project.
///
/// # Errors
/// When the store cannot be read.
pub async fn alert_figures(store: &Store, project: &Project, now: Timestamp) -> Result<AlertFigures, StoreError> {
    let end = now.minute().plus(1);
    let readbacks = async |from: Minute| -> Result<ReadbackCounts, StoreError> {
        let (made, failed) = store.readback_counts(project.id, from, end).await?;
        Ok(ReadbackCounts { made, failed })
    };
    let (last_hour, last_24_hours) = (readbacks(end.plus(-HOUR)).await?, readbacks(end.plus(-DAY)).await?);
    let month = end.plus(-MONTH).start();
    let which = IncidentFilter { project: Some(project.id), since: Some(month), at_most: INCIDENTS, ..IncidentFilter::default() };
    let incidents = store.incidents(&which).await?;
    let opened_since = |from: Timestamp| incidents.iter().filter(move |incident| incident.opened >= from);
    let mut waits: Vec<Duration> = opened_since(month).filter_map(time_to_notice).collect();
    waits.sort_unstable();
    let told = store.told(project.id, month).await?;
    let come_to = |state| told.get(&state).copied().unwrap_or(0);
    Ok(AlertFigures {
        last_hour,
        last_24_hours,
        open: incidents.iter().filter(|incident| incident.is_open()).count() as u32,
        opened_in_24_hours: opened_since(end.plus(-DAY).start()).count() as u32,
        opened_in_30_days: opened_since(month).count() as u32,
        time_to_notice: waits.get(waits.len().saturating_sub(1) / 2).copied(),
        longest_to_notice: waits.last().copied(),
        sent: come_to(NotificationState::Sent),
        queued: come_to(NotificationState::Queued),
        dead: come_to(NotificationState::Failed),
    })
}

/// How long after the first bad minute had begun an incident opened, where it is about ingestion.
fn time_to_notice(incident: &Incident) -> Option<Duration> {
    incident.first_bad.filter(|_| incident.incident_kind == IncidentKind::Ingestion)?;
    Some(incident.noticed_after())
}
