//! Identifies the PostHog by `GET /_preflight`, which needs no key.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::AGENT;
use super::client::Client;
use super::excerpt::excerpt;
use super::printable::printable;
pub use super::token::{TokenState, knows_token, reaches_capture, replaces_tokens};
use super::wire::{Ask, Track};
use crate::model::{Part, Parts, Phase, Region, ResponseExcerpt};

pub const OLDEST: Version = Version { major: 1, minor: 30, patch: 0 };
pub const UPGRADING: &str = "https://posthog.com/docs/self-host/configure/upgrading-posthog";

const LIMIT: Duration = Duration::from_secs(20);
const MOST: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let numbers = text.split(['-', '+', ' ']).next().unwrap_or_default();
        let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let patch = numbers.next().unwrap_or(Some(0))?;
        Some(Self { major, minor, patch })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instance {
    Cloud(Region),
    /// A cloud in an unknown region, with the name that it reports; may be empty.
    OtherCloud(String),
    SelfHosted {
        /// Reported up to 1.43; none means newer.
        version: Option<Version>,
        down: Parts,
    },
    Demo,
}

impl Instance {
    /// The version if it is older than [`OLDEST`].
    #[must_use]
    pub fn too_old(&self) -> Option<Version> {
        match self {
            Self::SelfHosted { version: Some(version), .. } if *version < OLDEST => Some(*version),
            _ => None,
        }
    }
}

/// `PostHog Cloud US`, `a self-hosted PostHog 1.43.0 (kafka is down)`.
impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(region) => write!(f, "PostHog Cloud {}", region.name().to_ascii_uppercase()),
            Self::OtherCloud(name) => write!(f, "PostHog Cloud {name}"),
            Self::Demo => f.write_str("a demo of PostHog"),
            Self::SelfHosted { version, down } => {
                f.write_str("a self-hosted PostHog")?;
                if let Some(version) = version {
                    write!(f, " {version}")?;
                }
                if down.is_empty() { Ok(()) } else { write!(f, " ({down})") }
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    #[error("nobody answers there ({at}): {words}")]
    NoAnswer { at: Phase, words: String },
    /// A reverse proxy that only forwards capture, or no PostHog at all.
    #[error("it does not report which PostHog it is: {}", .0.said())]
    Strange(ResponseExcerpt),
}

pub async fn identify(client: &Client, base: &str) -> Result<Instance, Unidentified> {
    let no_answer = |cut: super::wire::Cut| Unidentified::NoAnswer { at: cut.at, words: cut.words };
    let place = client.place(base).map_err(no_answer)?;
    let path = place.path("/_preflight").map_err(no_answer)?;
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(USER_AGENT, AGENT);
    let ask = Ask { method: Method::GET, path, headers, body: Bytes::new(), cold: false, limit: LIMIT, most: MOST };
    let heard = client.exchange(&place, &ask, &Track::new()).await.map_err(no_answer)?;
    let preflight: Option<Value> = if heard.status.is_success() { serde_json::from_slice(&heard.body).ok() } else { None };
    preflight.as_ref().and_then(read).ok_or_else(|| Unidentified::Strange(excerpt(&heard, None)))
}

fn read(preflight: &Value) -> Option<Instance> {
    let word = |name: &str| preflight.get(name).and_then(Value::as_str).unwrap_or_default();
    let (cloud, realm) = (preflight.get("cloud").and_then(Value::as_bool), word("realm"));
    if cloud.is_none() && realm.is_empty() {
        return None;
    }
    if realm == "demo" || preflight.get("demo") == Some(&Value::Bool(true)) {
        return Some(Instance::Demo);
    }
    if cloud == Some(true) || realm == "cloud" {
        return Some(match word("region") {
            "US" => Instance::Cloud(Region::Us),
            "EU" => Instance::Cloud(Region::Eu),
            other => Instance::OtherCloud(printable(other.as_bytes(), 40, None)),
        });
    }
    let version = Version::parse(word("posthog_version"));
    let down = Part::ALL.into_iter().filter(|part| preflight.get(part.name()) == Some(&Value::Bool(false))).collect();
    Some(Instance::SelfHosted { version, down })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_in_every_way_it_was_written() {
        for (text, version) in [
            ("1.30.0", Some((1, 30, 0))),
            ("v1.43.1", Some((1, 43, 1))),
            ("1.29", Some((1, 29, 0))),
            ("1.30.0-rc1", Some((1, 30, 0))),
            ("", None),
            ("main", None),
            ("1.x.2", None),
            ("1.30.x", None),
            ("99999999999.1", None),
        ] {
            let expected = version.map(|(major, minor, patch)| Version { major, minor, patch });
            assert_eq!(Version::parse(text), expected, "{text}");
        }
    }
}
