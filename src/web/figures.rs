//! Figures of a project as JSON, for the API and for the charts of the pages.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::shown::Lags;
use crate::model::{DistinctId, IncidentKind, Outcome};
use crate::report::json::ms;
use crate::report::{Day, Days, Ends, Point, RouteReport};

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
    pub(super) fn of(lags: &Lags) -> Self {
        let (from, to) = (lags.from.start().to_string(), lags.to.start().to_string());
        Self { range: lags.range.name(), from, to, step_minutes: lags.step, points: lags.points.iter().map(PointJson::of).collect() }
    }
}

/// Lags of one step.
#[derive(Debug, Serialize, ToSchema)]
struct PointJson {
    /// Start of the step.
    start: String,
    /// Median lag; null if no beat arrived.
    p50_ms: Option<u64>,
    /// 95th percentile of the lag.
    p95_ms: Option<u64>,
    /// 99th percentile of the lag.
    p99_ms: Option<u64>,
    /// Number of beats that arrived.
    count: u64,
    /// Worst outcome of its minutes; null if no beat was due.
    worst: Option<&'static str>,
}

impl PointJson {
    fn of(point: &Point) -> Self {
        Self {
            start: point.start.start().to_string(),
            p50_ms: point.p50.map(ms),
            p95_ms: point.p95.map(ms),
            p99_ms: point.p99.map(ms),
            count: point.count,
            worst: point.worst.map(Outcome::name),
        }
    }
}

/// The last 90 days, day by day (UTC).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DaysJson {
    /// Share of beats that arrived.
    uptime: UptimeJson,
    /// Days, oldest first; the last one is today.
    days: Vec<DayJson>,
}

/// Share of beats that arrived, on time or late, from 0 to 1. Beats that were neither found nor failed by PostHog do not count; null if no beat
/// counts. Days are whole days (UTC), including today.
#[derive(Debug, Serialize, ToSchema)]
struct UptimeJson {
    /// Last 24 hours, to the minute.
    #[serde(rename = "last_24_hours")]
    day: Option<f64>,
    /// Last 7 days.
    #[serde(rename = "last_7_days")]
    week: Option<f64>,
    /// Last 30 days.
    #[serde(rename = "last_30_days")]
    month: Option<f64>,
    /// Last 90 days.
    #[serde(rename = "last_90_days")]
    quarter: Option<f64>,
}

/// A day (UTC).
#[derive(Debug, Serialize, ToSchema)]
struct DayJson {
    /// Date, for example `2026-11-23`.
    day: String,
    /// Share of beats that arrived, from 0 to 1; null if no beat counts.
    share: Option<f64>,
    /// Number of beats by outcome.
    ends: EndsJson,
    /// How long an incident of kind `ingestion` was open (events did not arrive, or late).
    ingestion_incident_ms: u64,
    /// How long an incident of kind `monitoring` was open (Heartbeat could not verify).
    monitoring_incident_ms: u64,
    /// How long an incident of kind `traffic` was open (only heartbeats were sent).
    traffic_incident_ms: u64,
}

impl DaysJson {
    pub(super) fn of(days: &Days) -> Self {
        let uptime = &days.uptime;
        Self {
            uptime: UptimeJson {
                day: uptime.last_24_hours,
                week: uptime.last_7_days,
                month: uptime.last_30_days,
                quarter: uptime.last_90_days,
            },
            days: days.days.iter().map(DayJson::of).collect(),
        }
    }
}

impl DayJson {
    fn of(day: &Day) -> Self {
        let start = day.start.start().to_string();
        Self {
            day: start.get(..10).unwrap_or(&start).to_owned(),
            share: day.ends.share(),
            ends: EndsJson::of(&day.ends),
            ingestion_incident_ms: ms(day.incident(IncidentKind::Ingestion)),
            monitoring_incident_ms: ms(day.incident(IncidentKind::Monitoring)),
            traffic_incident_ms: ms(day.incident(IncidentKind::Traffic)),
        }
    }
}

/// Number of beats by outcome.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndsJson {
    /// Arrived on time.
    arrived: u32,
    /// Arrived late.
    late: u32,
    /// Accepted, and not decided yet.
    awaiting: u32,
    /// Accepted, but not found.
    lost: u32,
    /// Rejected by capture.
    rejected: u32,
    /// No response from capture.
    unreachable: u32,
    /// Accepted, but Heartbeat could not verify them.
    unverified: u32,
    /// Not sent by Heartbeat.
    not_sent: u32,
    /// Additional copies of beats that read-backs found.
    duplicates: u32,
}

impl EndsJson {
    pub(super) fn of(ends: &Ends) -> Self {
        Self {
            arrived: ends.of(Outcome::Arrived),
            late: ends.of(Outcome::Late),
            awaiting: ends.of(Outcome::Awaiting),
            lost: ends.of(Outcome::Lost),
            rejected: ends.of(Outcome::Rejected),
            unreachable: ends.of(Outcome::Unreachable),
            unverified: ends.of(Outcome::Unverified),
            not_sent: ends.of(Outcome::NotSent),
            duplicates: ends.duplicates,
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
    /// Median lag of today (UTC).
    p50_ms: Option<u64>,
    /// 95th percentile of the lag of today (UTC).
    p95_ms: Option<u64>,
    /// 99th percentile of the lag of today (UTC).
    p99_ms: Option<u64>,
    /// Today's beats (UTC) by outcome.
    today: EndsJson,
    /// Outcomes of the last hour, one per minute, oldest first; null if no beat was due.
    last_hour: Vec<Option<&'static str>>,
}

impl RouteJson {
    pub(super) fn of(report: &RouteReport) -> Self {
        let spec = &report.route.spec;
        let lag = |lag: Option<Duration>| lag.map(ms);
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
            last_lag_ms: lag(report.newest_lag()),
            p50_ms: lag(report.lags.p50),
            p95_ms: lag(report.lags.p95),
            p99_ms: lag(report.lags.p99),
            today: EndsJson::of(&report.ends),
            last_hour: report.strip.iter().map(|minute| minute.map(Outcome::name)).collect(),
        }
    }
}
