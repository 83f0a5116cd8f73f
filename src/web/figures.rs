//! Figures of a project for programs: for the API, and for what the pages' own script draws.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::shown::Lags;
use crate::model::{DistinctId, IncidentKind, Outcome};
use crate::report::json::ms;
use crate::report::{Day, Days, Ends, Point, RouteReport};

/// Lag over time, in points side by side.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LagsJson {
    /// What was asked for: `1h`, `24h`, `7d`, `30d` or `90d`.
    range: &'static str,
    /// The beginning of the first point: a whole multiple of its length.
    from: String,
    /// The end of the last minute that counts.
    to: String,
    /// How many minutes a point is long.
    step_minutes: i64,
    /// Oldest first.
    points: Vec<PointJson>,
}

impl LagsJson {
    pub(super) fn of(lags: &Lags) -> Self {
        let (from, to) = (lags.from.start().to_string(), lags.to.start().to_string());
        Self { range: lags.range.name(), from, to, step_minutes: lags.step, points: lags.points.iter().map(PointJson::of).collect() }
    }
}

/// What was measured in one stretch of time.
#[derive(Debug, Serialize, ToSchema)]
struct PointJson {
    /// Its beginning.
    start: String,
    /// Half of its beats were not ingested later than this; null where none arrived.
    p50_ms: Option<u64>,
    /// 95 of 100 were not later than this.
    p95_ms: Option<u64>,
    /// 99 of 100 were not later than this.
    p99_ms: Option<u64>,
    /// How many arrived.
    count: u64,
    /// The gravest outcome of its minutes; null where no beat was due.
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
    /// How much arrived.
    uptime: UptimeJson,
    /// Oldest first; the last is today.
    days: Vec<DayJson>,
}

/// The share of beats that arrived, from 0 to 1, late ones with them, of those that were seen or that PostHog failed; null where there are none. Days are
/// whole ones (UTC), today with them.
#[derive(Debug, Serialize, ToSchema)]
struct UptimeJson {
    /// Of the last 24 hours, to the minute.
    #[serde(rename = "last_24_hours")]
    day: Option<f64>,
    /// Of the last 7 days.
    #[serde(rename = "last_7_days")]
    week: Option<f64>,
    /// Of the last 30 days.
    #[serde(rename = "last_30_days")]
    month: Option<f64>,
    /// Of the last 90 days.
    #[serde(rename = "last_90_days")]
    quarter: Option<f64>,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
struct DayJson {
    /// Which one: `2026-11-23`.
    day: String,
    /// The share that arrived, from 0 to 1; null where nothing is decided.
    share: Option<f64>,
    /// What became of its beats.
    ends: EndsJson,
    /// For how long an incident was open in which events did not get in, or late.
    ingestion_incident_ms: u64,
    /// For how long one was open in which we could not look.
    blind_incident_ms: u64,
    /// For how long one was open in which nobody sent anything but heartbeats.
    quiet_incident_ms: u64,
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
            blind_incident_ms: ms(day.incident(IncidentKind::Monitoring)),
            quiet_incident_ms: ms(day.incident(IncidentKind::Traffic)),
        }
    }
}

/// How many beats came to which end.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndsJson {
    /// Seen in time.
    arrived: u32,
    /// Seen, but later.
    late: u32,
    /// Accepted, and not yet decided.
    awaiting: u32,
    /// Accepted, looked for, and not there.
    lost: u32,
    /// Not taken by capture.
    rejected: u32,
    /// No answer from capture.
    unreachable: u32,
    /// Accepted, and we could not look.
    unverified: u32,
    /// Not sent: ours.
    not_sent: u32,
    /// Rows beyond one that read-backs saw of a beat.
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

/// A route: what it is, and how it fares.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteJson {
    /// Its name.
    name: String,
    /// The event's name in PostHog.
    event: String,
    /// Where it goes.
    host: String,
    /// Which endpoint takes it: `v0` or `v1`.
    endpoint: &'static str,
    /// The rule for the distinct id; `{minute}` stands for one that is new each minute.
    distinct_id: String,
    /// Whether the distinct id is new each minute, and so watches all partitions of the queue in turn.
    watches_all_partitions: bool,
    /// When it was set up.
    since: String,
    /// Its own health in a word, as if there were no other route.
    health: &'static str,
    /// Its own verdict in a sentence.
    verdict: String,
    /// The minute of its newest beat of the last 24 hours.
    newest: Option<String>,
    /// What became of that.
    newest_outcome: Option<&'static str>,
    /// How late the newest beat that was seen was ingested.
    last_lag_ms: Option<u64>,
    /// Half of today's beats (UTC) were not later than this.
    p50_ms: Option<u64>,
    /// 95 of 100 were not later than this.
    p95_ms: Option<u64>,
    /// 99 of 100 were not later than this.
    p99_ms: Option<u64>,
    /// What became of today's beats (UTC).
    today: EndsJson,
    /// The last hour, a minute each, oldest first; null where no beat was expected.
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
