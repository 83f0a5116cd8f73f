//! Figures of an app: what it did, and what it costs.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::due::{Counted, Due};
use super::history::{Detail, History};
use super::json::in_ms;
use super::{DAY, Ends, HOUR, Lags};
use crate::model::{Histogram, Incident, IncidentKind, Minute, NotificationState, Project, Recorded, Timestamp};
use crate::store::{IncidentFilter, Store, StoreError};

const MONTH: i64 = 30 * DAY;
/// The time to notice covers this many of the newest incidents.
const INCIDENTS: u32 = 1000;

/// Figures of Heartbeat. The lags are those of the last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BeatFigures)]
pub struct HeartbeatFigures {
    pub routes: u32,
    /// One event per minute and route; 0 while Heartbeat is disabled.
    pub events_a_day: u32,
    pub last_hour: Ends,
    pub last_24_hours: Ends,
    pub last_30_days: Ends,
    #[serde(flatten)]
    pub lags: Lags,
}

pub async fn heartbeat_figures(store: &Store, project: &Project, now: Timestamp) -> Result<HeartbeatFigures, StoreError> {
    let end = now.minute().plus(1);
    let (month, day, hour) = (end.plus(-MONTH), end.plus(-DAY), end.plus(-HOUR));
    let detail = Detail::Beats { lags_from: day, beats_from: day };
    let history = History::read(store, project.routes.iter().collect(), month, end, detail).await?;

    let due = Due::of(project);
    let of = |from: Minute| {
        let mut counted = Counted::at(now);
        history.minutes().filter(|(_, minute, _)| *minute >= from).for_each(|(_, minute, outcome)| counted.add(minute, outcome));
        counted.add_duplicates(history.duplicates(from));
        // A day is not cut by any of these ranges.
        history.days.iter().filter(|one| one.start >= from).for_each(|one| counted.add_day(one));
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

/// Number of read-backs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = ReadbacksView)]
pub struct ReadbackCounts {
    pub made: u64,
    pub failed: u64,
}

/// Figures of Ingestion Alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = IncidentFigures)]
pub struct AlertFigures {
    pub last_hour: ReadbackCounts,
    /// Read-backs are deleted before incidents are.
    pub last_24_hours: ReadbackCounts,
    /// Open incidents.
    pub open: u32,
    pub opened_in_24_hours: u32,
    pub opened_in_30_days: u32,
    /// Median time from the first bad minute to the opening of the incident, over the ingestion incidents of the last 30 days.
    #[serde(rename = "time_to_detect_ms", serialize_with = "in_ms")]
    #[schema(value_type = Option<u64>)]
    pub time_to_detect: Option<Duration>,
    /// The longest of these times.
    #[serde(rename = "longest_to_detect_ms", serialize_with = "in_ms")]
    #[schema(value_type = Option<u64>)]
    pub longest_to_detect: Option<Duration>,
    /// Notifications about incidents of the last 30 days that were sent.
    pub sent: u64,
    pub queued: u64,
    pub failed: u64,
}

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
    let mut waits: Vec<Duration> = opened_since(month).filter_map(time_to_detect).collect();
    waits.sort_unstable();
    let counts = store.notification_counts(project.id, month).await?;
    let come_to = |state| counts.get(&state).copied().unwrap_or(0);
    Ok(AlertFigures {
        last_hour,
        last_24_hours,
        open: incidents.iter().filter(|incident| incident.is_open()).count() as u32,
        opened_in_24_hours: opened_since(end.plus(-DAY).start()).count() as u32,
        opened_in_30_days: opened_since(month).count() as u32,
        time_to_detect: waits.get(waits.len().saturating_sub(1) / 2).copied(),
        longest_to_detect: waits.last().copied(),
        sent: come_to(NotificationState::Sent),
        queued: come_to(NotificationState::Queued),
        failed: come_to(NotificationState::Failed),
    })
}

fn time_to_detect(incident: &Incident) -> Option<Duration> {
    incident.first_bad.filter(|_| incident.incident_kind == IncidentKind::Ingestion)?;
    Some(incident.noticed_after())
}
