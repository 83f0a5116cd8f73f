//! The diagnosis: where the way of an event is broken, who answered there, how certain that is, and what to do next. One value, made by `judge`
//! and shown by every command, page, answer and message.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{Did, Minute, Place, Timestamp};

/// Who gave the answer that a diagnosis rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// PostHog itself: the answer has a shape that only PostHog gives.
    Posthog,
    /// Something between.
    Intermediary,
    /// There was no answer.
    Nobody,
    /// The answer could be anybody's.
    #[default]
    Unknown,
}

/// What shows who answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Signs {
    /// The product, where it is known by its headers or its page: `nginx`, `Caddy`, `Cloudflare` ...
    #[serde(default)]
    pub software: Option<String>,
    /// The header `Server`.
    #[serde(default)]
    pub server: Option<String>,
    /// The header `Via`.
    #[serde(default)]
    pub via: Option<String>,
    /// The title of the page that came.
    #[serde(default)]
    pub title: Option<String>,
    /// The status.
    #[serde(default)]
    pub status: Option<u16>,
}

/// An address, in its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// `http` or `https`.
    pub scheme: String,
    /// A name, or an address in numbers.
    pub host: String,
    /// The port, also where the scheme's own is meant.
    pub port: u16,
    /// The path before PostHog's own; empty, or with a leading and without a trailing slash.
    pub path: String,
}

impl Address {
    /// The parts of a base address; none where it is no such address.
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

/// `https://example.com/ingest`, the port only where it is not the scheme's own.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path } = self;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => write!(f, "{scheme}://{host}{path}"),
            _ => write!(f, "{scheme}://{host}:{port}{path}"),
        }
    }
}

/// One thing that it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Possibility {
    /// Where.
    pub place: Place,
    /// What an intermediary does there.
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

/// The beats that a diagnosis rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// How many beats were looked at.
    pub beats: u32,
    /// Of these: seen in time.
    pub arrived: u32,
    /// Seen, but late.
    pub late: u32,
    /// Accepted and not seen so far; still looked for.
    pub missing: u32,
    /// Accepted, and not seen when the search ended.
    pub lost: u32,
    /// Answered, and not taken.
    pub rejected: u32,
    /// Not answered.
    pub not_answered: u32,
    /// Accepted, and not looked for in time, because looking failed.
    #[serde(default)]
    pub unverified: u32,
}

/// Where the way of an event is broken, and all that is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Where.
    pub place: Place,
    /// What the intermediary does, where it is one.
    #[serde(default)]
    pub did: Option<Did>,
    /// Who gave the answer that this rests on.
    #[serde(default)]
    pub answered_by: AnsweredBy,
    /// What shows who that was.
    #[serde(default)]
    pub shown_by: Signs,
    /// The address that was asked.
    #[serde(default)]
    pub address: Option<Address>,
    /// The route, where only one of several is concerned.
    #[serde(default)]
    pub route: Option<String>,
    /// Whether it can be nothing else, by what is seen from outside.
    #[serde(default)]
    pub certain: bool,
    /// What else it may be, where it is not certain; the likeliest first.
    #[serde(default)]
    pub possibilities: Vec<Possibility>,
    /// What is wrong in a few words, where there is more to say than that events stop or are late.
    #[serde(default)]
    pub title: Option<String>,
    /// One sentence.
    pub summary: String,
    /// What an expert would do next, with the very setting or line.
    #[serde(default)]
    pub advice: Option<String>,
    /// The first bad minute.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// The beats that it rests on; none for a single check.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// Whether it is about what others send, and not about the way.
    #[serde(default, skip)]
    pub is_about_traffic: bool,
}

impl Diagnosis {
    /// A certain one, of this place.
    #[must_use]
    pub fn at(place: Place, summary: impl Into<String>) -> Self {
        Self { place, certain: true, summary: summary.into(), ..Self::default() }
    }

    /// Of an intermediary.
    #[must_use]
    pub fn intermediary(did: Did, summary: impl Into<String>) -> Self {
        Self { did: Some(did), answered_by: AnsweredBy::Intermediary, ..Self::at(Place::Intermediary, summary) }
    }

    /// With this advice.
    #[must_use]
    pub fn advised(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Not certain: it may be one of these as well.
    #[must_use]
    pub fn or(self, possibilities: &[(Place, Option<Did>)]) -> Self {
        let possibilities = possibilities.iter().map(|(place, did)| Possibility { place: *place, did: *did }).collect();
        Self { certain: false, possibilities, ..self }
    }

    /// In a word for machines: `pipeline`, `intermediary/upstream_down`. A timeline has an entry where this changes.
    #[must_use]
    pub fn code(&self) -> String {
        match self.did {
            Some(did) => format!("{}/{}", self.place.name(), did.name()),
            None => self.place.name().to_owned(),
        }
    }

    /// With these few words for a title.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// What an earlier release, or a row of it, says of a cause: a code, and a clause without a full stop.
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
            _ => Place::ALL.into_iter().find(|place| place.name() == code).unwrap_or(Place::Pipeline),
        };
        Self { place, summary: words.to_owned(), ..Self::default() }
    }

    /// Whether what is missing may still come: accepted, and not there yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let waits = |place: Place| matches!(place, Place::Pipeline | Place::Partition | Place::Filtered);
        !self.is_final()
            && (waits(self.place) || (self.place == Place::Intermediary && self.possibilities.iter().any(|other| waits(other.place))))
    }

    /// Whether no event that is missing can still arrive.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.place {
            Place::Token | Place::Quota => true,
            Place::Filtered => self.certain,
            // Whatever else it may be is an intermediary's doing as well.
            Place::Intermediary => self.possibilities.iter().all(|other| other.place == Place::Intermediary),
            _ => false,
        }
    }

    /// How many beats it says are missing or lost.
    #[must_use]
    pub fn gone(&self) -> u32 {
        self.counts.map_or(0, |counts| counts.missing + counts.lost)
    }

    /// With the minute in which it began.
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
