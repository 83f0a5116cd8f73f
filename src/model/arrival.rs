//! Looking: what the query API said, and which beats were seen in it.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::{ProjectId, Quote, Timestamp, TokenWord};

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

/// The project's events of every kind, heartbeats with them, as one look saw them.
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

/// What is kept of every look, one a minute: so the rules can be run over what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// When we asked.
    pub at: Timestamp,
    /// What we saw beside our beats, or why we saw nothing.
    pub result: Result<Traffic, LookTrouble>,
}

impl Glance {
    /// What is kept of this look.
    #[must_use]
    pub fn of(look: &Look) -> Self {
        Self { at: look.at, result: look.result.as_ref().copied().map_err(|failure| failure.trouble) }
    }
}

/// Why a look saw nothing at all: our trouble until shown otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookTrouble {
    /// There is no personal API key: nobody asked us to look.
    NoKey,
    /// 401: the personal API key is wrong.
    KeyWrong,
    /// 403: the key lacks the scope `query:read`, or may not see this project.
    KeyForbidden,
    /// 404, or none of the key's projects has this token.
    NoSuchProject,
    /// 400: our question was not understood.
    QuestionRefused,
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
}

impl LookTrouble {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 10] = [
        Self::NoKey,
        Self::KeyWrong,
        Self::KeyForbidden,
        Self::NoSuchProject,
        Self::QuestionRefused,
        Self::Throttled,
        Self::Broken,
        Self::Unreachable,
        Self::NotPostHog,
        Self::TooOld,
    ];

    /// What it means and what to do, in one sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NoKey => "no personal API key is set, so arrival is not checked; add one with the scope query:read",
            Self::KeyWrong => {
                "the personal API key is not valid; make a new one with the scope query:read under Settings > Personal API keys"
            }
            Self::KeyForbidden => "the personal API key may not query this project; give it the scope query:read and access to the project",
            Self::NoSuchProject => {
                "the personal API key sees no project with this token; check the project id, the region, and the key's access"
            }
            Self::QuestionRefused => {
                "PostHog did not understand our query; this is a fault of Heartbeat: please report it with the words above"
            }
            Self::Throttled => "PostHog is throttling our queries; look less often (look_every), or find what else is using the API",
            Self::Broken => "PostHog's query API is failing; see its logs, or its status page",
            Self::Unreachable => "PostHog's API does not answer; check the api host, the network and the proxy between",
            Self::TooOld => "upgrade PostHog to 1.30.0 or later: https://posthog.com/docs/self-host/configure/upgrading-posthog",
            Self::NotPostHog => {
                "something that is not PostHog answered in its place; check the api host, and a proxy or login page before it"
            }
        }
    }
}

/// A look that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookFailure {
    /// In which way.
    pub trouble: LookTrouble,
    /// What came back.
    pub quote: Quote,
    /// How long PostHog asked us to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl fmt::Display for LookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.quote.status, self.quote.words.as_str()) {
            (0, "") => f.write_str(self.trouble.advice()),
            (0, words) => write!(f, "{words}: {}", self.trouble.advice()),
            (status, words) => write!(f, "{status} `{words}`: {}", self.trouble.advice()),
        }
    }
}

/// One look at a project: the newest is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Which project.
    pub project: ProjectId,
    /// When we asked.
    pub at: Timestamp,
    /// What we saw beside our beats, or why we saw nothing.
    pub result: Result<Traffic, LookFailure>,
    /// The last look that succeeded, this one included.
    pub last_good: Option<Timestamp>,
    /// Since when looks have failed without a break; none while they succeed.
    pub failing_since: Option<Timestamp>,
    /// No look before this.
    pub not_before: Timestamp,
    /// PostHog's number of the project, once found.
    pub posthog_id: Option<u64>,
    /// What was said, while beats that were accepted do not arrive; none in good weather.
    pub token: Option<TokenWord>,
}
