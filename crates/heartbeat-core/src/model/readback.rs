//! Read-backs: the answers of the query API, and the beats that were seen in them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Findings, ProjectId, QuotaLimit, ResponseExcerpt, Timestamp, TokenReading};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub uuid: Uuid,
    /// When the ingestion worker wrote it: its `created_at`, by the server's clock.
    pub ingested: Timestamp,
    /// The number of rows; PostHog merges them later.
    pub copies: u32,
}

/// The project's events of every kind, including heartbeats, as one read-back saw them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Events that are not ours, with a timestamp in the last 30 minutes.
    pub others: u64,
    pub newest: Option<Timestamp>,
    /// Events that Ingestion Alert watches, with a timestamp in its last `timeRange`; if it is not installed, all events of 30 minutes.
    pub watched: u64,
    pub watched_newest: Option<Timestamp>,
}

impl Traffic {
    /// Client clocks may be ahead by this much: a later timestamp says nothing about when its event was sent.
    pub const CLOCKS_AHEAD: Duration = Duration::from_mins(5);
}

/// The stored part of a read-back, one per minute, for replays of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadbackSample {
    pub at: Timestamp,
    /// The traffic besides our beats, or why there was no answer.
    pub result: Result<Traffic, ReadbackErrorKind>,
    /// None if PostHog did not say, or there was no answer.
    pub quota: Option<QuotaUse>,
}

impl ReadbackSample {
    /// An ordinary read-back found at most this share of the quota used.
    pub const ORDINARY_QUOTA_PERCENT: u16 = 50;

    /// Whether it was answered, or skipped without a key, and found watched events and enough quota: what no rule calls bad, unless it has a
    /// stricter limit or is about other events. `store/unusual.rs` has the same condition.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        let is_enough = |quota: QuotaUse| !quota.limited && quota.percent <= Self::ORDINARY_QUOTA_PERCENT;
        match self.result {
            Ok(traffic) => traffic.watched > 0 && self.quota.is_none_or(is_enough),
            Err(kind) => kind == ReadbackErrorKind::NoKey,
        }
    }

    #[must_use]
    pub fn of(readback: &Readback) -> Self {
        let quota = readback.findings.quota.as_ref().filter(|_| readback.result.is_ok());
        Self {
            at: readback.at,
            result: readback.result.as_ref().copied().map_err(|failure| failure.kind),
            quota: quota.and_then(QuotaUse::of),
        }
    }
}

/// How much of the project's events quota is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaUse {
    pub percent: u16,
    /// Whether events are dropped because of it.
    pub limited: bool,
}

impl QuotaUse {
    /// Of an unlimited quota nothing is used up.
    fn of(quota: &QuotaLimit) -> Option<Self> {
        let percent = if quota.limit.is_none() { quota.used.map(|_| 0) } else { quota.percent() };
        let percent = if quota.limited { percent.max(Some(100)) } else { percent };
        percent.map(|percent| Self { percent: percent.min(Self::MOST) as u16, limited: quota.limited })
    }

    /// What a SMALLINT holds.
    const MOST: u64 = i16::MAX as u64;
}

/// Why a read-back failed. It says nothing about ingestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadbackErrorKind {
    NoKey,
    /// 401: the personal API key is not valid.
    KeyWrong,
    /// 403: the key lacks the scope `query:read`, or may not see this project.
    KeyForbidden,
    /// 404, or none of the key's projects has this token.
    NoSuchProject,
    /// 400: the query was not understood.
    QueryRejected,
    /// 429.
    Throttled,
    /// 5xx: PostHog's query API fails.
    Broken,
    /// No answer in time, or none at all.
    Unreachable,
    /// The answer is not the query API's: a proxy or a login page.
    NotPostHog,
    /// A self-hosted PostHog before 1.30.0, which Heartbeat does not support.
    TooOld,
    /// The query exceeds PostHog's limits for a key: 10 s, memory or bytes (504, 512, 513, `too_many_bytes`).
    TooExpensive,
    /// 402: the API queries of the plan are used up.
    QueryQuota,
    /// 429 `api_queries_budget_exceeded`: the project's hourly read budget is used up.
    BudgetUsedUp,
    /// 503 `database_unavailable`: PostHog's own database is unavailable.
    DatabaseUnavailable,
    /// 401: no key reached PostHog although one was sent.
    KeyNotReceived,
    /// The key may query, but does not identify the project.
    WhichProject,
}

impl ReadbackErrorKind {
    /// The index is the number in the store.
    pub const ALL: [Self; 16] = [
        Self::NoKey,
        Self::KeyWrong,
        Self::KeyForbidden,
        Self::NoSuchProject,
        Self::QueryRejected,
        Self::Throttled,
        Self::Broken,
        Self::Unreachable,
        Self::NotPostHog,
        Self::TooOld,
        Self::TooExpensive,
        Self::QueryQuota,
        Self::BudgetUsedUp,
        Self::DatabaseUnavailable,
        Self::KeyNotReceived,
        Self::WhichProject,
    ];

    /// Whether it makes the project or the key's scopes uncertain.
    #[must_use]
    pub const fn doubts_project(self) -> bool {
        matches!(self, Self::NoSuchProject | Self::WhichProject | Self::KeyWrong | Self::KeyForbidden | Self::TooOld)
    }

    /// Whether fewer queries can fix it.
    #[must_use]
    pub const fn slows_down(self) -> bool {
        matches!(self, Self::Throttled | Self::TooExpensive | Self::QueryQuota | Self::BudgetUsedUp)
    }

    /// Whether it can pass by itself and says nothing about the key.
    #[must_use]
    pub const fn can_pass(self) -> bool {
        self.slows_down() || matches!(self, Self::Broken | Self::Unreachable | Self::DatabaseUnavailable)
    }

    /// What it means and what to do, in one sentence without a full stop.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NoKey => {
                "no personal API key is set, so arrival is not checked; add one that is limited to this project, with the scope query:read"
            }
            Self::KeyWrong => {
                "the personal API key is not valid; make a new one under Settings > Personal API keys, limited to this project, with the scope query:read"
            }
            Self::KeyForbidden => "the personal API key may not query this project; give it the scope query:read and access to the project",
            Self::NoSuchProject => {
                "the personal API key sees no project with this token; check the project id, the region, and the key's access"
            }
            Self::QueryRejected => "PostHog did not understand the query; this is a bug in Heartbeat: please report it with the text above",
            Self::Throttled => "PostHog limits the rate of queries; raise readback_interval, or find what else uses the API",
            Self::Broken => "PostHog's query API is failing; see its logs, or its status page",
            Self::Unreachable => "PostHog's API does not answer; check the API host, the network and the proxy in between",
            Self::TooOld => "upgrade PostHog to 1.30.0 or later: https://posthog.com/docs/self-host/configure/upgrading-posthog",
            Self::TooExpensive => {
                "the query reads more than PostHog allows an API key at once; PostHog itself works: shorten Ingestion Alert's time range, \
                 or let it watch named events"
            }
            Self::QueryQuota => {
                "the API queries of the plan are used up: raise the limit in PostHog's billing settings, or raise readback_interval"
            }
            Self::BudgetUsedUp => {
                "the project's hourly API read budget is used up: find what else queries it, raise readback_interval, \
                 shorten Ingestion Alert's time range, or let it watch named events"
            }
            Self::DatabaseUnavailable => "PostHog's own database is unavailable: see its logs, or its status page",
            Self::KeyNotReceived => {
                "the personal API key did not reach PostHog: let the proxy in between pass the Authorization header on, or give PostHog's own \
                 address as the API host"
            }
            Self::WhichProject => {
                "make a personal API key that is limited to this one project, with the scope query:read; or give the project id"
            }
            Self::NotPostHog => {
                "something that is not PostHog answered in its place; check the API host, and any proxy or login page in front of it"
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadbackError {
    pub kind: ReadbackErrorKind,
    pub excerpt: ResponseExcerpt,
    /// What is wrong in our own words, if the kind does not say enough.
    pub note: Option<String>,
    /// The wait that PostHog asked for (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl ReadbackError {
    #[must_use]
    pub const fn quoting(kind: ReadbackErrorKind, excerpt: ResponseExcerpt) -> Self {
        Self { kind, excerpt, note: None, retry_after: None }
    }

    /// An error without a response, described in our own words.
    #[must_use]
    pub fn noted(kind: ReadbackErrorKind, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..Self::quoting(kind, ResponseExcerpt::default()) }
    }

    /// The finding without the advice: our text first, a server's text in quotes.
    #[must_use]
    pub fn says(&self) -> String {
        let quoted = self.excerpt.said();
        match &self.note {
            Some(note) if quoted.is_empty() => note.clone(),
            Some(note) => format!("{note} ({quoted})"),
            None => quoted,
        }
    }
}

impl fmt::Display for ReadbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.says().as_str() {
            "" => f.write_str(self.kind.advice()),
            says => write!(f, "{says}: {}", self.kind.advice()),
        }
    }
}

/// The cost of a query, from the headers of PostHog's response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueryCost {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_read: Option<u64>,
    /// What the project may still read in this hour, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<u64>,
}

impl QueryCost {
    /// How many more such queries the hour's budget allows; none if PostHog does not say.
    #[must_use]
    pub fn queries_left(self) -> Option<u64> {
        let read = self.bytes_read.filter(|read| *read > 0)?;
        self.budget_left.map(|left| left / read)
    }

    /// Whether the budget would not last for an hour of read-backs at this interval. The budget refills continuously, so this warns early.
    #[must_use]
    pub fn is_short(self, readback_interval: Duration) -> bool {
        let readbacks = 3600 / readback_interval.as_secs().max(1);
        self.queries_left().is_some_and(|left| left < readbacks)
    }
}

/// One read-back of a project; the newest is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readback {
    pub project: ProjectId,
    pub at: Timestamp,
    /// The traffic besides our beats, or why there was no answer.
    pub result: Result<Traffic, ReadbackError>,
    /// The last successful read-back, including this one.
    pub last_good: Option<Timestamp>,
    /// Since when read-backs have failed without a break; none while they succeed.
    pub failing_since: Option<Timestamp>,
    /// The earliest time of the next read-back.
    pub not_before: Timestamp,
    /// PostHog's id of the project, once found.
    pub posthog_id: Option<u64>,
    /// The status of the token, while accepted beats are missing; none otherwise.
    pub token: Option<TokenReading>,
    /// Other findings: about the key, the quota, and missing events.
    pub findings: Findings,
}
