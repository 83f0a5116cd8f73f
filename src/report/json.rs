//! Reports as JSON: the same fields in `--json` on the command line and in the API.
//! Missing values are null, times are RFC 3339 in UTC, durations are whole milliseconds. Fields are never removed.

use std::time::Duration;

use serde::{Serialize, Serializer};
use url::Url;
use utoipa::ToSchema;

use super::{Ends, Lags, Report, notes, proof};
use crate::message;
use crate::model::{
    Channel, Diagnosis, Entry, Evidence, Incident, IncidentFacts, KeyScope, Minute, Notification, Outcome, Project, QuotaLimit, Recorded,
    Timestamp,
};

/// A project: its verdict, complete through, today's lags and outcomes, and the last hour.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportJson {
    /// The name of the project.
    pub project: String,
    /// The health of the project, one word.
    pub health: &'static str,
    /// The verdict in one sentence.
    pub verdict: String,
    /// The broken place, who answered there, and what to do next; `none` when nothing is broken.
    pub diagnosis: Diagnosis,
    /// Other notes, one sentence each: a quota that is nearly used up, a filter that drops events, scopes that the key lacks.
    pub notes: Vec<String>,
    /// How much of the project's event quota is used; null if PostHog does not report it.
    pub quota: Option<QuotaJson>,
    /// Optional scopes that the personal API key lacks; null if its scopes are unknown.
    pub missing_scopes: Option<Vec<&'static str>>,
    /// How many more read-backs the rest of the hourly budget of PostHog's API allows; null if PostHog does not report it.
    pub queries_left: Option<u64>,
    /// The first minute of the failure; null if there is none.
    pub since: Option<String>,
    /// The newest minute up to which every accepted beat has arrived.
    pub complete_through: Option<String>,
    /// The ingestion lag of the newest beat that was seen, in milliseconds.
    pub last_lag_ms: Option<u64>,
    /// How long after sending the newest seen beat was not queryable yet, in milliseconds (lower bound).
    pub queryable_after_ms: Option<u64>,
    /// How long after sending the newest seen beat was queryable, in milliseconds (upper bound).
    pub queryable_within_ms: Option<u64>,
    /// The outcomes of today's beats (UTC).
    pub today: TodayJson,
    /// The last hour by minute, oldest first: the worst outcome of all routes; null where no beat was due.
    pub last_hour: Vec<Option<&'static str>>,
}

/// How much of a project's event quota is used.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuotaJson {
    /// Events accepted in this billing period.
    pub used: Option<u64>,
    /// The limit of events; null if there is none.
    pub limit: Option<u64>,
    /// Whether PostHog drops events because of the quota.
    pub limited: bool,
}

/// The outcomes of today's beats (UTC).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TodayJson {
    #[serde(flatten)]
    pub lags: Lags,
    #[serde(flatten)]
    pub ends: Ends,
}

impl ReportJson {
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let minute = |minute: Minute| minute.start().to_string();
        let seen = report.newest_seen.as_ref();
        let queryable = seen.and_then(Recorded::queryable_lag);
        let findings = report.readback.as_ref().map(|readback| &readback.findings);
        let quota = findings.and_then(|findings| findings.quota).filter(QuotaLimit::is_said);
        let scopes = findings.and_then(|findings| findings.key.as_ref());
        Self {
            project: report.project.spec.name.to_string(),
            health: report.verdict.health.name(),
            verdict: report.verdict.to_string(),
            diagnosis: report.verdict.diagnosis(),
            notes: notes(report),
            quota: quota.map(|quota| QuotaJson { used: quota.used, limit: quota.limit, limited: quota.limited }),
            missing_scopes: scopes.map(|scopes| scopes.missing().map(KeyScope::name).collect()),
            queries_left: findings.and_then(|findings| findings.cost.queries_left()),
            since: report.verdict.since.map(minute),
            complete_through: report.complete_through.map(minute),
            last_lag_ms: seen.and_then(Recorded::ingested_lag).map(ms),
            queryable_after_ms: queryable.map(|(after, _)| ms(after)),
            queryable_within_ms: queryable.map(|(_, within)| ms(within)),
            today: TodayJson { lags: report.lags, ends: report.ends },
            last_hour: report.strip.iter().map(|minute| minute.map(Outcome::name)).collect(),
        }
    }
}

/// A beat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BeatJson {
    /// The minute of the beat.
    pub minute: String,
    /// The name of the route.
    pub route: String,
    /// The outcome of the beat, one word.
    pub outcome: &'static str,
    /// When the beat was sent.
    pub sent: Option<String>,
    /// The HTTP status of capture's response.
    pub status: Option<u16>,
    /// The number of tries.
    pub tries: u8,
    /// DNS lookup in microseconds; null if a connection was reused.
    pub dns_us: Option<u32>,
    /// TCP connect in microseconds; null if a connection was reused.
    pub connect_us: Option<u32>,
    /// TLS handshake in microseconds; null if a connection was reused.
    pub tls_us: Option<u32>,
    /// From the request to the first byte of the response, in microseconds.
    pub first_byte_us: Option<u32>,
    /// Ingestion lag in milliseconds.
    pub ingested_lag_ms: Option<u64>,
    /// How long after sending the beat was not queryable yet, in milliseconds (lower bound).
    pub queryable_after_ms: Option<u64>,
    /// How long after sending the beat was queryable, in milliseconds (upper bound).
    pub queryable_within_ms: Option<u64>,
    /// The number of rows of the beat that read-backs saw.
    pub copies: u32,
    /// Evidence of a failure, one line each.
    pub evidence: Vec<String>,
}

impl BeatJson {
    /// Evidence of other beats is ignored.
    #[must_use]
    pub fn of(project: &Project, beat: &Recorded, evidence: &[Evidence]) -> Self {
        let queryable = beat.queryable_lag();
        let mine = evidence.iter().filter(|evidence| evidence.route == beat.route && evidence.minute == beat.minute);
        Self {
            minute: beat.minute.start().to_string(),
            route: super::route_name(project, beat.route).to_owned(),
            outcome: beat.outcome.name(),
            sent: beat.sent.map(|sent| sent.to_string()),
            status: beat.status,
            tries: beat.tries,
            dns_us: beat.phases.dns_us,
            connect_us: beat.phases.connect_us,
            tls_us: beat.phases.tls_us,
            first_byte_us: beat.phases.first_byte_us,
            ingested_lag_ms: beat.ingested_lag().map(ms),
            queryable_after_ms: queryable.map(|(after, _)| ms(after)),
            queryable_within_ms: queryable.map(|(_, within)| ms(within)),
            copies: beat.copies,
            evidence: mine.map(proof).collect(),
        }
    }
}

/// An incident.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncidentJson {
    /// The name of the project when the incident opened.
    pub project: String,
    /// The highest severity so far: `info`, `warning` or `critical`.
    pub severity: String,
    /// The facts, as in notifications.
    #[serde(flatten)]
    pub facts: IncidentFacts,
    /// When the opened notification was queued; null while the incident is silenced.
    pub announced: Option<String>,
    /// When the incident was acknowledged.
    pub acknowledged: Option<String>,
    /// Who acknowledged the incident, as entered.
    pub acknowledged_by: Option<String>,
    /// No reminders before this time.
    pub snoozed_until: Option<String>,
}

impl IncidentJson {
    /// `public` is the public address of the pages, for the link.
    #[must_use]
    pub fn of(incident: &Incident, at: Timestamp, public: Option<&Url>) -> Self {
        let time = |at: &Timestamp| at.to_string();
        Self {
            project: incident.project_name.to_string(),
            severity: incident.severity.to_string(),
            facts: message::facts(incident, at).linked(public),
            announced: incident.announced.as_ref().map(time),
            acknowledged: incident.acknowledged.as_ref().map(|word| time(&word.at)),
            acknowledged_by: incident.acknowledged.as_ref().map(|word| word.by.clone()),
            snoozed_until: incident.snoozed_until.as_ref().map(time),
        }
    }
}

/// An incident with its timeline and notifications.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncidentStoryJson {
    /// The incident.
    pub incident: IncidentJson,
    /// The timeline, oldest first.
    pub timeline: Vec<EntryJson>,
    /// The notifications, oldest first.
    pub notifications: Vec<NotificationJson>,
}

/// An entry of a timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntryJson {
    /// When it happened.
    pub at: String,
    /// The kind of the entry, one word.
    pub kind: &'static str,
    /// What happened: a sentence without a full stop.
    pub words: String,
}

impl EntryJson {
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self { at: entry.at.to_string(), kind: entry.kind.name(), words: entry.words.clone() }
    }
}

/// A notification to one channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationJson {
    /// The id, the same for all tries.
    pub id: String,
    /// The name of the channel.
    pub channel: String,
    /// The kind of the notification, one word.
    pub kind: &'static str,
    /// The state: `queued`, `sent`, `failed` or `superseded`.
    pub state: &'static str,
    /// When the notification was queued.
    pub created: String,
    /// When the next try is due.
    pub due: String,
    /// When the notification was accepted or failed.
    pub ended: Option<String>,
    /// The number of tries.
    pub tries: u16,
    /// The result of the last try.
    pub said: Option<String>,
    /// The incident; null if it is about none or several.
    pub incident: Option<i64>,
    /// The name of the project; empty if it is about Heartbeat itself.
    pub project: String,
    /// The severity.
    pub severity: String,
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
}

impl NotificationJson {
    #[must_use]
    pub fn of(notification: &Notification, channels: &[Channel]) -> Self {
        Self {
            id: notification.id.to_string(),
            channel: super::channel_name(notification, channels),
            kind: notification.message.kind.name(),
            state: notification.state.name(),
            created: notification.created.to_string(),
            due: notification.due.to_string(),
            ended: notification.ended.map(|at| at.to_string()),
            tries: notification.tries,
            said: notification.said.clone(),
            incident: notification.incident.map(|id| id.0),
            project: notification.message.project.clone(),
            severity: notification.message.severity.clone(),
            title: notification.message.title.clone(),
            text: notification.message.text.clone(),
        }
    }
}

pub(crate) fn ms(lag: Duration) -> u64 {
    lag.as_millis() as u64
}

/// For `#[serde(serialize_with)]`: whole milliseconds, or null.
pub(super) fn in_ms<S: Serializer>(lag: &(impl Into<Option<Duration>> + Copy), serializer: S) -> Result<S::Ok, S::Error> {
    (*lag).into().map(ms).serialize(serializer)
}
