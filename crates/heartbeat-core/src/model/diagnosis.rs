//! The diagnosis: where the way of an event is broken, who answered there, how certain that is, and what to do. Made by `judge` and shown by every
//! command, page, response and message.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{Did, Minute, Place, Timestamp};

/// Who sent the response that a diagnosis is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// PostHog itself: only PostHog sends responses of this shape.
    Posthog,
    /// Something between this machine and PostHog.
    Intermediary,
    /// There was no response.
    Nobody,
    /// Anyone could have sent the response.
    #[default]
    Unknown,
}

/// What identifies who answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Signs {
    /// The product, if its headers or its page identify it: `nginx`, `Caddy`, `Cloudflare` ...
    #[serde(default)]
    pub software: Option<String>,
    /// The `Server` header.
    #[serde(default)]
    pub server: Option<String>,
    /// The `Via` header.
    #[serde(default)]
    pub via: Option<String>,
    /// The title of the web page.
    #[serde(default)]
    pub title: Option<String>,
    /// The HTTP status.
    #[serde(default)]
    pub status: Option<u16>,
}

/// The parts of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// `http` or `https`.
    pub scheme: String,
    /// A name or an IP address.
    pub host: String,
    /// The port, also if it is the scheme's default.
    pub port: u16,
    /// The path before PostHog's own path; empty, or with a leading and without a trailing slash.
    pub path: String,
}

impl Address {
    /// The parts of a base address; none if it cannot be parsed.
    #[must_use]
    pub fn of(base: &str) -> Option<Self> {
        let url = Url::parse(base).ok()?;
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// `https://example.com/ingest`, with the port only if it is not the scheme's default.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path } = self;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => write!(f, "{scheme}://{host}{path}"),
            _ => write!(f, "{scheme}://{host}:{port}{path}"),
        }
    }
}

/// One possible cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Possibility {
    /// Where the way may be broken.
    pub place: Place,
    /// What an intermediary may do there.
    #[serde(default)]
    pub did: Option<Did>,
}

/// `intermediary (upstream_down)`
impl fmt::Display for Possibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.did {
            Some(did) => write!(f, "{} ({})", self.place.name(), did.name()),
            None => f.write_str(self.place.name()),
        }
    }
}

/// The beats that a diagnosis is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// How many beats were counted.
    pub beats: u32,
    /// Of these: arrived in time.
    pub arrived: u32,
    /// Arrived late.
    pub late: u32,
    /// Accepted but not seen so far; still looked for.
    pub missing: u32,
    /// Accepted but not seen within `lost_after`.
    pub lost: u32,
    /// Answered but not accepted.
    pub rejected: u32,
    /// Not answered.
    pub not_answered: u32,
    /// Accepted but not verified in time, because read-backs failed.
    #[serde(default)]
    pub unverified: u32,
}

/// Where the way of an event is broken, and everything known about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Where the way is broken.
    pub place: Place,
    /// What the intermediary does, if it is one.
    #[serde(default)]
    pub did: Option<Did>,
    /// Who sent the response that this is based on.
    #[serde(default)]
    pub answered_by: AnsweredBy,
    /// What identifies who answered.
    #[serde(default)]
    pub shown_by: Signs,
    /// The address that was asked.
    #[serde(default)]
    pub address: Option<Address>,
    /// The route, if only one of several is affected.
    #[serde(default)]
    pub route: Option<String>,
    /// Whether nothing else is possible, as seen from outside.
    #[serde(default)]
    pub certain: bool,
    /// Other possible causes, most likely first; empty if it is certain.
    #[serde(default)]
    pub possibilities: Vec<Possibility>,
    /// The problem in a few words, if there is more to say than that ingestion stopped or is late.
    #[serde(default)]
    pub title: Option<String>,
    /// The problem in one sentence.
    pub summary: String,
    /// What to do next, with the exact setting or command.
    #[serde(default)]
    pub advice: Option<String>,
    /// The first bad minute.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// The beats that it is based on; none for a single check.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// Whether it is about the traffic of other clients, and not about the way.
    #[serde(default, skip)]
    pub is_about_traffic: bool,
}

impl Diagnosis {
    /// A certain diagnosis.
    #[must_use]
    pub fn at(place: Place, summary: impl Into<String>) -> Self {
        Self { place, certain: true, summary: summary.into(), ..Self::default() }
    }

    #[must_use]
    pub fn intermediary(did: Did, summary: impl Into<String>) -> Self {
        Self { did: Some(did), answered_by: AnsweredBy::Intermediary, ..Self::at(Place::Intermediary, summary) }
    }

    #[must_use]
    pub fn advised(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Makes it uncertain: these places are possible as well.
    #[must_use]
    pub fn or(self, possibilities: &[(Place, Option<Did>)]) -> Self {
        let possibilities = possibilities.iter().map(|(place, did)| Possibility { place: *place, did: *did }).collect();
        Self { certain: false, possibilities, ..self }
    }

    /// A code for programs: `pipeline`, `intermediary/upstream_down`. A timeline gets an entry when it changes.
    #[must_use]
    pub fn code(&self) -> String {
        match self.did {
            Some(did) => format!("{}/{}", self.place.name(), did.name()),
            None => self.place.name().to_owned(),
        }
    }

    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// Reads the cause of an earlier release, or of its rows: a code, and a clause without a full stop.
    #[must_use]
    pub fn of_words(code: &str, words: &str) -> Self {
        let place = match code {
            "capture_refuses" => Place::Capture,
            "capture_unreachable" => Place::NoAnswer,
            "token_unknown" | "wrong_region" => Place::Token,
            "over_quota" => Place::Quota,
            "some_partitions" => Place::Partition,
            "cannot_look" => Place::Query,
            "not_running" => Place::Heartbeat,
            "quiet" => Place::None,
            _ => Place::named(code).unwrap_or(Place::Pipeline),
        };
        Self { place, summary: words.to_owned(), ..Self::default() }
    }

    /// Whether missing beats may still arrive: they are accepted, but not there yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let waits = |place: Place| matches!(place, Place::Pipeline | Place::Partition | Place::Filtered);
        !self.is_final()
            && (waits(self.place) || (self.place == Place::Intermediary && self.possibilities.iter().any(|other| waits(other.place))))
    }

    /// Whether no missing event can still arrive.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.place {
            Place::Token | Place::Quota => true,
            Place::Filtered => self.certain,
            // All other possibilities must be intermediaries as well.
            Place::Intermediary => self.possibilities.iter().all(|other| other.place == Place::Intermediary),
            _ => false,
        }
    }

    /// How many beats are missing or lost.
    #[must_use]
    pub fn gone(&self) -> u32 {
        self.counts.map_or(0, |counts| counts.missing + counts.lost)
    }

    #[must_use]
    pub fn since(self, since: Option<Minute>) -> Self {
        Self { since: since.map(Minute::start), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_a_user_would() {
        for (base, written) in [
            ("https://example.com/ingest", "https://example.com/ingest"),
            ("http://[::1]:8010", "http://[::1]:8010"),
            ("https://example.com:443/", "https://example.com"),
            ("http://example.com:8080/a/b", "http://example.com:8080/a/b"),
        ] {
            assert_eq!(Address::of(base).unwrap().to_string(), written);
        }
        assert_eq!(Address::of("nonsense"), None);
    }

    #[test]
    fn what_an_earlier_release_wrote_is_read() {
        let read: Diagnosis = serde_json::from_str(r#"{"place":"pipeline","summary":"No."}"#).unwrap();
        assert_eq!((read.place, read.certain, read.code().as_str()), (Place::Pipeline, false, "pipeline"));
    }
}
