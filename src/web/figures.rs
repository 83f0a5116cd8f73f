//! Figures of a project as JSON, for the API and for the charts of the pages.

use serde::Serialize;
use utoipa::ToSchema;

use super::shown;
use crate::model::{DistinctId, IncidentKind, Outcome};
use crate::report::json::ms;
use crate::report::{Day, Days, Ends, Lags, Point, RouteReport, Uptime};

/// Lags over time, in points of equal length.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LagsJson {
    /// The requested range: `1h`, `24h`, `7d`, `30d` or `90d`.
    range: &'static str,
    /// Start of the first point: a whole multiple of the step.
    from: String,
    /// End of the last minute.
    to: String,
    /// Length of a point, in minutes.
    step_minutes: i64,
    /// Points, oldest first.
    points: Vec<PointJson>,
}

impl LagsJson {
    pub(super) fn of(lags: &shown::Lags) -> Self {
        let (from, to) = (lags.from.start().to_string(), lags.to.start().to_string());
        Self { range: lags.range.name(), from, to, step_minutes: lags.step, points: lags.points.iter().map(PointJson::of).collect() }
    }
}

/// Lags of one step.
#[derive(Debug, Serialize, ToSchema)]
struct PointJson {
    /// Start of the step.
    start: String,
    #[serde(flatten)]
    lags: Lags,
    /// Number of beats that arrived.
    count: u64,
    /// Worst outcome of its minutes; null if no beat was due.
    worst: Option<&'static str>,
}

impl PointJson {
    fn of(point: &Point) -> Self {
        Self { start: point.start.start().to_string(), lags: point.lags, count: point.lags.count, worst: point.worst.map(Outcome::name) }
    }
}

/// The last 90 days, day by day (UTC).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DaysJson {
    /// Share of beats that arrived.
    uptime: Uptime,
    /// Days, oldest first; the last one is today.
    days: Vec<DayJson>,
}

/// A day (UTC).
#[derive(Debug, Serialize, ToSchema)]
struct DayJson {
    /// Date, for example `2026-11-23`.
    day: String,
    /// Share of beats that arrived, from 0 to 1; null if no beat counts.
    share: Option<f64>,
    /// Number of beats by outcome.
    ends: Ends,
    /// How long an incident of kind `ingestion` was open (events did not arrive, or late).
    ingestion_incident_ms: u64,
    /// How long an incident of kind `monitoring` was open (Heartbeat could not verify).
    monitoring_incident_ms: u64,
    /// How long an incident of kind `traffic` was open (only heartbeats were sent).
    traffic_incident_ms: u64,
}

impl DaysJson {
    pub(super) fn of(days: &Days) -> Self {
        Self { uptime: days.uptime, days: days.days.iter().map(DayJson::of).collect() }
    }
}

impl DayJson {
    fn of(day: &Day) -> Self {
        let start = day.start.start().to_string();
        Self {
            day: start.get(..10).unwrap_or(&start).to_owned(),
            share: day.ends.share(),
            ends: day.ends,
            ingestion_incident_ms: ms(day.incident(IncidentKind::Ingestion)),
            monitoring_incident_ms: ms(day.incident(IncidentKind::Monitoring)),
            traffic_incident_ms: ms(day.incident(IncidentKind::Traffic)),
        }
    }
}

/// A route and its figures.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteJson {
    /// Route name.
    name: String,
    /// Event name in PostHog.
    event: String,
    /// Host to which events are sent.
    host: String,
    /// Capture endpoint: `v0` or `v1`.
    endpoint: &'static str,
    /// Template of the distinct id; `{minute}` is replaced each minute.
    distinct_id: String,
    /// Whether the distinct id is new each minute and so covers all partitions of the queue in turn.
    watches_all_partitions: bool,
    /// Time at which the route was added.
    since: String,
    /// Health of this route alone.
    health: &'static str,
    /// Verdict on this route alone, in one sentence.
    verdict: String,
    /// Minute of the newest beat of the last 24 hours.
    newest: Option<String>,
    /// Outcome of that beat.
    newest_outcome: Option<&'static str>,
    /// Lag of the newest beat that arrived.
    last_lag_ms: Option<u64>,
    /// Lags of today (UTC).
    #[serde(flatten)]
    lags: Lags,
    /// Today's beats (UTC) by outcome.
    today: Ends,
    /// Outcomes of the last hour, one per minute, oldest first; null if no beat was due.
    last_hour: Vec<Option<&'static str>>,
}

impl RouteJson {
    pub(super) fn of(report: &RouteReport) -> Self {
        let spec = &report.route.spec;
        Self {
            name: spec.name.clone(),
            event: spec.event.clone(),
            host: report.host.clone(),
            endpoint: spec.endpoint.name(),
            distinct_id: spec.distinct_id.to_string(),
            watches_all_partitions: matches!(spec.distinct_id, DistinctId::Fresh(_)),
            since: report.route.since.to_string(),
            health: report.verdict.health.name(),
            verdict: report.verdict.to_string(),
            newest: report.newest.as_ref().map(|beat| beat.minute.start().to_string()),
            newest_outcome: report.newest.as_ref().map(|beat| beat.outcome.name()),
            last_lag_ms: report.newest_lag().map(ms),
            lags: report.lags,
            today: report.ends,
            last_hour: report.strip.iter().map(|minute| minute.map(Outcome::name)).collect(),
        }
    }
}
