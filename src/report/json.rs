//! What is shown, for programs: the same fields under the same names in `--json` of the command line and in the answers of the API.
//!
//! Absent values are null, times RFC 3339 in UTC, spans whole milliseconds. A field that is there stays there.

use std::time::Duration;

use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::{Report, notes, proof};
use crate::message;
use crate::model::{
    Channel, Diagnosis, Entry, Evidence, Incident, IncidentFacts, KeyScope, Minute, Notification, Outcome, Project, QuotaLimit, Recorded,
    Timestamp,
};

/// A project: verdict, complete through, lags and ends of today, the last hour.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportJson {
    /// The project's name.
    pub project: String,
    /// Its health in a word.
    pub health: &'static str,
    /// The verdict in one sentence.
    pub verdict: String,
    /// Where the way is broken, who answered there, and what to do next; `none` where nothing is broken.
    pub diagnosis: Diagnosis,
    /// What is worth knowing beside that, a sentence each: a quota that is nearly used up, what drops events, scopes that the key has not.
    pub notes: Vec<String>,
    /// How far the project's quota of events is used up; null where PostHog did not say.
    pub quota: Option<QuotaJson>,
    /// The scopes that the personal API key has not, of those that add something; null where it is not known which it has.
    pub missing_scopes: Option<Vec<&'static str>>,
    /// How many more read-backs the rest of the hour's budget of PostHog's API lasts for; null where PostHog did not say.
    pub queries_left: Option<u64>,
    /// The first minute of the trouble.
    pub since: Option<String>,
    /// The newest minute up to which every accepted beat has arrived.
    pub complete_through: Option<String>,
    /// How late the newest beat that was seen was ingested.
    pub last_lag_ms: Option<u64>,
    /// It was not queryable so long after it was sent,
    pub queryable_after_ms: Option<u64>,
    /// and it was so long after.
    pub queryable_within_ms: Option<u64>,
    /// What became of today's beats (UTC).
    pub today: TodayJson,
    /// The last hour, a minute each, oldest first: the worst outcome among the routes; null where no beat was expected.
    pub last_hour: Vec<Option<&'static str>>,
}

/// How far a project's quota of events is used up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuotaJson {
    /// So many events were taken in this period.
    pub used: Option<u64>,
    /// So many may be; null where there is no limit.
    pub limit: Option<u64>,
    /// Whether events are dropped for it.
    pub limited: bool,
}

/// What became of today's beats (UTC).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TodayJson {
    /// Half of them were not later than this.
    pub p50_ms: Option<u64>,
    /// 95 of 100 were not later than this.
    pub p95_ms: Option<u64>,
    /// 99 of 100 were not later than this.
    pub p99_ms: Option<u64>,
    /// Seen in time.
    pub arrived: u32,
    /// Seen, but later.
    pub late: u32,
    /// Accepted, looked for, and not there.
    pub lost: u32,
    /// Not taken by capture.
    pub rejected: u32,
    /// No answer from capture.
    pub unreachable: u32,
    /// Accepted, and we could not look.
    pub unverified: u32,
    /// Not sent: ours.
    pub not_sent: u32,
    /// Accepted, and not yet decided.
    pub awaiting: u32,
    /// Rows beyond one that read-backs saw of a beat.
    pub duplicates: u32,
}

impl ReportJson {
    /// What is shown of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let minute = |minute: Minute| minute.start().to_string();
        let ends = |outcome| report.ends.of(outcome);
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
            today: TodayJson {
                p50_ms: report.lags.p50.map(ms),
                p95_ms: report.lags.p95.map(ms),
                p99_ms: report.lags.p99.map(ms),
                arrived: ends(Outcome::Arrived),
                late: ends(Outcome::Late),
                lost: ends(Outcome::Lost),
                rejected: ends(Outcome::Rejected),
                unreachable: ends(Outcome::Unreachable),
                unverified: ends(Outcome::Unverified),
                not_sent: ends(Outcome::NotSent),
                awaiting: ends(Outcome::Awaiting),
                duplicates: report.ends.duplicates,
            },
            last_hour: report.strip.iter().map(|minute| minute.map(Outcome::name)).collect(),
        }
    }
}

/// One beat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BeatJson {
    /// Its minute.
    pub minute: String,
    /// Its route's name.
    pub route: String,
    /// What became of it, in a word.
    pub outcome: &'static str,
    /// When it was sent.
    pub sent: Option<String>,
    /// The status that capture answered with.
    pub status: Option<u16>,
    /// How many tries it took.
    pub tries: u8,
    /// Looking up the name, in microseconds; null where a connection was used again.
    pub dns_us: Option<u32>,
    /// Connecting, in microseconds.
    pub connect_us: Option<u32>,
    /// Agreeing on TLS, in microseconds.
    pub tls_us: Option<u32>,
    /// From the request to the first byte of the answer, in microseconds.
    pub first_byte_us: Option<u32>,
    /// How late it was ingested.
    pub ingested_lag_ms: Option<u64>,
    /// It was not queryable so long after it was sent,
    pub queryable_after_ms: Option<u64>,
    /// and it was so long after.
    pub queryable_within_ms: Option<u64>,
    /// How many rows of it a read-back saw.
    pub copies: u32,
    /// What its failure left, a line each.
    pub evidence: Vec<String>,
}

impl BeatJson {
    /// What is shown of a beat. Of the evidence only what is about this beat counts.
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

/// One incident.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncidentJson {
    /// What the project was called when it opened.
    pub project: String,
    /// `info`, `warning` or `critical`: the gravest that it has been so far.
    pub severity: String,
    /// What messages tell of it.
    #[serde(flatten)]
    pub facts: IncidentFacts,
    /// When its opening was told; null while it was silenced.
    pub announced: Option<String>,
    /// Since when somebody has it in hand.
    pub acknowledged: Option<String>,
    /// Who, in that person's own words.
    pub acknowledged_by: Option<String>,
    /// No reminders before this.
    pub snoozed_until: Option<String>,
}

impl IncidentJson {
    /// What is shown of an incident as it stands at `at`, with its page at this public address.
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

/// One incident with its timeline, and who was told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncidentStoryJson {
    /// The incident.
    pub incident: IncidentJson,
    /// Its timeline, oldest first.
    pub timeline: Vec<EntryJson>,
    /// What was told of it, oldest first.
    pub notifications: Vec<NotificationJson>,
}

/// One entry of a timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntryJson {
    /// When.
    pub at: String,
    /// About what, in a word.
    pub kind: &'static str,
    /// A sentence without a full stop.
    pub words: String,
}

impl EntryJson {
    /// What is shown of an entry.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self { at: entry.at.to_string(), kind: entry.kind.name(), words: entry.words.clone() }
    }
}

/// One message, owed to one channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationJson {
    /// Its id, the same on every try.
    pub id: String,
    /// To which channel.
    pub channel: String,
    /// What it is about, in a word.
    pub kind: &'static str,
    /// How far it has come: `owed`, `sent`, `dead` or `superseded`.
    pub state: &'static str,
    /// Since when it is owed.
    pub created: String,
    /// Not to be tried before this.
    pub due: String,
    /// When it was taken, or given up.
    pub ended: Option<String>,
    /// How often it was tried.
    pub tries: u16,
    /// What the last try came to.
    pub said: Option<String>,
    /// The incident that it is about; null where it is about none, or several.
    pub incident: Option<i64>,
    /// Empty when it is about Heartbeat itself.
    pub project: String,
    /// How grave it is.
    pub severity: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
}

impl NotificationJson {
    /// What is shown of a notification.
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
