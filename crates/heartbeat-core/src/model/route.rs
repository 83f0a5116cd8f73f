//! A route: one way into a project.

use std::fmt;

use super::{Host, Invalid, Timestamp, named_enum};

/// The store's number of a route, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub i64);

named_enum! {
    /// The capture endpoint that receives the event.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub enum Endpoint {
        /// `POST /i/v0/e/`: available in every PostHog.
        #[default]
        V0 = "v0",
        /// `POST /i/v1/analytics/events`: Cloud and newer self-hosted; returns a result per event.
        V1 = "v1",
    }
}

impl Endpoint {
    /// The path after capture's base address. If a PostHog lacks the v0 path, `/e/` is used.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::V0 => "/i/v0/e/",
            Self::V1 => "/i/v1/analytics/events",
        }
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        Self::named(text).ok_or_else(|| Invalid::choice(text, &["`v0` (every PostHog)", "`v1` (Cloud, newer self-hosted)"]))
    }
}

/// The rule for a beat's distinct id, which determines the queue's partition: a fixed one tests one partition, a new one each minute tests all of
/// them in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistinctId {
    Fixed(String),
    /// This prefix, followed by the slot in Unix milliseconds.
    Fresh(String),
}

impl DistinctId {
    /// The placeholder in settings for a new one each minute.
    pub const FRESH_MARK: &'static str = "{minute}";

    /// Rejected by capture v1 (PostHog's `v1/analytics/constants.rs`), therefore rejected here for v0 as well.
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
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let fixed = text.strip_suffix(Self::FRESH_MARK);
        // PostHog cuts distinct ids at 200.
        if text.len() > 180 {
            return Err(Invalid::TooLong { length: text.len(), unit: "bytes", most: 180 });
        }
        match fixed {
            Some(prefix) if prefix.contains(Self::FRESH_MARK) => Err(Invalid::unusable(text, "has more than one {minute}")),
            Some(prefix) => Ok(Self::Fresh(prefix.to_owned())),
            None if text.contains(Self::FRESH_MARK) => Err(Invalid::unusable(text, "must have its {minute} at the end")),
            None if Self::REJECTED.contains(&text.to_ascii_lowercase().as_str()) => {
                Err(Invalid::unusable(text, "is rejected by PostHog as a distinct id; give a specific one, for example `heartbeat-proxy`"))
            }
            None => Ok(Self::Fixed(text.to_owned())),
        }
    }

    #[must_use]
    pub fn at(&self, slot: Timestamp) -> String {
        match self {
            Self::Fixed(id) => id.clone(),
            Self::Fresh(prefix) => format!("{prefix}{}", slot.ms()),
        }
    }
}

/// The form in settings.
impl fmt::Display for DistinctId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(id) => f.write_str(id),
            Self::Fresh(prefix) => write!(f, "{prefix}{}", Self::FRESH_MARK),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    /// Unique within the project. It is part of the beats' identity: renaming creates a new route.
    pub name: String,
    pub event: String,
    /// The address, if it is not the project's host: a reverse proxy.
    pub host: Option<Host>,
    pub endpoint: Endpoint,
    pub distinct_id: DistinctId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub id: RouteId,
    pub spec: RouteSpec,
    /// When it was set up: no earlier minute was ever due.
    pub since: Timestamp,
}
