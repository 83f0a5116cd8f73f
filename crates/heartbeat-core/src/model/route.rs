//! A route: one way into a project.

use std::fmt;

use super::{Host, Timestamp};

/// The store's number of a route. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub i64);

/// Which of capture's endpoints takes the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Endpoint {
    /// `POST /i/v0/e/`: every PostHog has it.
    #[default]
    V0,
    /// `POST /i/v1/analytics/events`: Cloud and newer self-hosted; answers for each event.
    V1,
}

impl Endpoint {
    /// As it is written in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V0 => "v0",
            Self::V1 => "v1",
        }
    }

    /// The path behind capture's base address. A PostHog that lacks the one of v0 is sent to `/e/`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::V0 => "/i/v0/e/",
            Self::V1 => "/i/v1/analytics/events",
        }
    }

    /// Reads `v0` or `v1`.
    ///
    /// # Errors
    /// Says which endpoints there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "v0" => Ok(Self::V0),
            "v1" => Ok(Self::V1),
            other => Err(format!("`{other}` is no endpoint; there are `v0` (every PostHog) and `v1` (Cloud, newer self-hosted)")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The rule for a beat's distinct id. The queue's partition is chosen by it: a fixed one watches one partition, a new
/// one each minute watches all of them in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistinctId {
    /// The same in every minute.
    Fixed(String),
    /// This, and the slot in Unix milliseconds behind it.
    Fresh(String),
}

impl DistinctId {
    /// The mark by which settings say "a new one each minute".
    pub const FRESH_MARK: &'static str = "{minute}";

    /// Refused by capture v1 (PostHog's `v1/analytics/constants.rs`), so refused here, for v0 as well.
    const REJECTED: [&'static str; 17] = [
        "",
        "system",
        "backend",
        "server",
        "user",
        "id",
        "anonymous",
        "guest",
        "null",
        "none",
        "undefined",
        "0",
        "nan",
        "true",
        "false",
        "distinct_id",
        "[object object]",
    ];

    /// Reads a distinct id; one that ends in `{minute}` is new each minute.
    ///
    /// # Errors
    /// Says why PostHog would not take it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fixed = text.strip_suffix(Self::FRESH_MARK);
        if text.len() > 180 {
            return Err("is over 180 bytes; PostHog cuts distinct ids at 200".into());
        }
        match fixed {
            Some(prefix) if prefix.contains(Self::FRESH_MARK) => Err(format!("`{text}` has more than one {}", Self::FRESH_MARK)),
            Some(prefix) => Ok(Self::Fresh(prefix.to_owned())),
            None if text.contains(Self::FRESH_MARK) => Err(format!("`{text}` must have its {} at the end", Self::FRESH_MARK)),
            None if Self::REJECTED.contains(&text.to_ascii_lowercase().as_str()) => {
                Err(format!("`{text}` is refused by PostHog as a distinct id; give one that says whose it is, such as `heartbeat-proxy`"))
            }
            None => Ok(Self::Fixed(text.to_owned())),
        }
    }

    /// The distinct id of the beat whose slot is `slot`.
    #[must_use]
    pub fn at(&self, slot: Timestamp) -> String {
        match self {
            Self::Fixed(id) => id.clone(),
            Self::Fresh(prefix) => format!("{prefix}{}", slot.ms()),
        }
    }
}

/// As it is written in settings.
impl fmt::Display for DistinctId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(id) => f.write_str(id),
            Self::Fresh(prefix) => write!(f, "{prefix}{}", Self::FRESH_MARK),
        }
    }
}

/// One way into a project, as a person sets it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    /// Unlike that of any other route of the project. Part of the beats' identity: renaming makes a new route.
    pub name: String,
    /// The event's name in PostHog.
    pub event: String,
    /// Where it is sent, when that is not the project's host: a reverse proxy.
    pub host: Option<Host>,
    /// Which endpoint takes it.
    pub endpoint: Endpoint,
    /// Whose event it is.
    pub distinct_id: DistinctId,
}

/// A route that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its number.
    pub id: RouteId,
    /// What it is.
    pub spec: RouteSpec,
    /// When it was set up: no minute before this was ever due.
    pub since: Timestamp,
}
