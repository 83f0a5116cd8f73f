//! Looking: what the query API said, and which beats were seen in it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Findings, ProjectId, ResponseExcerpt, Timestamp, TokenReading};

/// A beat, seen in the query API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which beat.
    pub uuid: Uuid,
    /// When the ingestion worker wrote it: its `created_at`, the server's clock.
    pub ingested: Timestamp,
    /// How many rows of it there are. PostHog merges them later.
    pub copies: u32,
}

/// The project's events of every kind, heartbeats with them, as one read-back saw them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Events that are not ours, with a timestamp in the last 30 minutes.
    pub others: u64,
    /// The newest timestamp among them.
    pub newest: Option<Timestamp>,
    /// Events that Ingestion Alert watches, with a timestamp in its last `timeRange`; where it is not installed, all events of 30 minutes.
    pub watched: u64,
    /// The newest timestamp among those.
    pub watched_newest: Option<Timestamp>,
}

/// What is kept of every read-back, one a minute: so the rules can be run over what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadbackSample {
    /// When we asked.
    pub at: Timestamp,
    /// What we saw beside our beats, or why we saw nothing.
    pub result: Result<Traffic, ReadbackErrorKind>,
}

impl ReadbackSample {
    /// What is kept of this read-back.
    #[must_use]
    pub fn of(readback: &Readback) -> Self {
        Self { at: readback.at, result: readback.result.as_ref().copied().map_err(|failure| failure.trouble) }
    }
}

/// Why a read-back saw nothing at all: our trouble until shown otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadbackErrorKind {
    /// There is no personal API key: nobody asked us to look.
    NoKey,
    /// 401: the personal API key is wrong.
    KeyWrong,
    /// 403: the key lacks the scope `query:read`, or may not see this project.
    KeyForbidden,
    /// 404, or none of the key's projects has this token.
    NoSuchProject,
    /// 400: our question was not understood.
    QueryRejected,
    /// 429.
    Throttled,
    /// 5xx: PostHog's own query side is in trouble.
    Broken,
    /// No answer in time, or none at all.
    Unreachable,
    /// An answer that is not of the query API: a proxy, a login page.
    NotPostHog,
    /// A self-hosted PostHog before 1.30.0: Heartbeat does not work with it.
    TooOld,
    /// The question reads more than PostHog gives a key: 10 s, its memory, its bytes (504, 512, 513, `too_many_bytes`).
    TooExpensive,
    /// 402: the queries of the plan are used up.
    QueryQuota,
    /// 429 `api_queries_budget_exceeded`: what the project may read in an hour is used up.
    BudgetUsedUp,
    /// 503 `database_unavailable`: PostHog's own database is away.
    DatabaseUnavailable,
    /// 401: no key reached PostHog, although one was sent.
    KeyNotReceived,
    /// The key may query, and nothing says which project it is to be asked about.
    WhichProject,
}

impl ReadbackErrorKind {
    /// All of them; their place here is their number in the store.
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

    /// Whether it puts in doubt which project is asked, or what the key may do.
    #[must_use]
    pub const fn doubts_project(self) -> bool {
        matches!(self, Self::NoSuchProject | Self::WhichProject | Self::KeyWrong | Self::KeyForbidden | Self::TooOld)
    }

    /// Whether asking less often is the answer to it.
    #[must_use]
    pub const fn slows_down(self) -> bool {
        matches!(self, Self::Throttled | Self::TooExpensive | Self::QueryQuota | Self::BudgetUsedUp)
    }

    /// Whether it passes by itself, and says nothing of the key.
    #[must_use]
    pub const fn can_pass(self) -> bool {
        self.slows_down() || matches!(self, Self::Broken | Self::Unreachable | Self::DatabaseUnavailable)
    }

    /// What it means and what to do, in one sentence.
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
            Self::QueryRejected => {
                "PostHog did not understand our query; this is a fault of Heartbeat: please report it with the words above"
            }
            Self::Throttled => "PostHog is throttling our queries; raise readback_interval, or find what else is using the API",
            Self::Broken => "PostHog's query API is failing; see its logs, or its status page",
            Self::Unreachable => "PostHog's API does not answer; check the api host, the network and the proxy between",
            Self::TooOld => "upgrade PostHog to 1.30.0 or later: https://posthog.com/docs/self-host/configure/upgrading-posthog",
            Self::TooExpensive => {
                "our query reads more than PostHog lets an API key read at once, PostHog itself is well: shorten Ingestion Alert's time range, \
                 or let it watch named events"
            }
            Self::QueryQuota => {
                "the API queries of the plan are used up: raise the limit in PostHog's billing settings, or raise readback_interval"
            }
            Self::BudgetUsedUp => {
                "what this project may read in an hour through the API is used up: find what else is querying it, raise readback_interval, \
                 shorten Ingestion Alert's time range, or let it watch named events"
            }
            Self::DatabaseUnavailable => "PostHog's own database is unavailable: see its logs, or its status page",
            Self::KeyNotReceived => {
                "the personal API key did not reach PostHog: let the proxy between pass on the header Authorization, or give PostHog's own \
                 address as the api host"
            }
            Self::WhichProject => {
                "make a personal API key that is limited to this one project, with the scope query:read; or give the project id"
            }
            Self::NotPostHog => {
                "something that is not PostHog answered in its place; check the api host, and a proxy or login page before it"
            }
        }
    }
}

/// A read-back that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadbackError {
    /// In which way.
    pub trouble: ReadbackErrorKind,
    /// What came back, in the words of whoever answered.
    pub excerpt: ResponseExcerpt,
    /// What is wrong with it, in words of ours, where its kind alone does not say.
    pub note: Option<String>,
    /// How long PostHog asked us to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl ReadbackError {
    /// With nothing but what came back.
    #[must_use]
    pub const fn quoting(trouble: ReadbackErrorKind, excerpt: ResponseExcerpt) -> Self {
        Self { trouble, excerpt, note: None, retry_after: None }
    }

    /// Of which nobody said anything: these words are ours.
    #[must_use]
    pub fn noted(trouble: ReadbackErrorKind, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..Self::quoting(trouble, ResponseExcerpt::default()) }
    }

    /// What was found, without what to do: our words first, a server's words in quotes.
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
            "" => f.write_str(self.trouble.advice()),
            says => write!(f, "{says}: {}", self.trouble.advice()),
        }
    }
}

/// What a query cost, as PostHog says in the headers of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueryCost {
    /// What it read, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_read: Option<u64>,
    /// What the project may still read in this hour, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<u64>,
}

impl QueryCost {
    /// How many more such queries the rest of the hour's budget lasts for; none where PostHog does not say.
    #[must_use]
    pub fn queries_left(self) -> Option<u64> {
        let read = self.bytes_read.filter(|read| *read > 0)?;
        self.budget_left.map(|left| left / read)
    }

    /// Whether the rest would not last for an hour of looks at this pace. The budget fills up all the time, so this warns early.
    #[must_use]
    pub fn is_short(self, readback_interval: Duration) -> bool {
        let readbacks = 3600 / readback_interval.as_secs().max(1);
        self.queries_left().is_some_and(|left| left < readbacks)
    }
}

/// One read-back at a project: the newest is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readback {
    /// Which project.
    pub project: ProjectId,
    /// When we asked.
    pub at: Timestamp,
    /// What we saw beside our beats, or why we saw nothing.
    pub result: Result<Traffic, ReadbackError>,
    /// The last read-back that succeeded, this one included.
    pub last_good: Option<Timestamp>,
    /// Since when read-backs have failed without a break; none while they succeed.
    pub failing_since: Option<Timestamp>,
    /// No read-back before this.
    pub not_before: Timestamp,
    /// PostHog's number of the project, once found.
    pub posthog_id: Option<u64>,
    /// What was said, while beats that were accepted do not arrive; none in good faults.
    pub token: Option<TokenReading>,
    /// What else is known: of the key, of the quota, of what becomes of events that stay away.
    pub findings: Findings,
}
