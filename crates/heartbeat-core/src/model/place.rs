//! The address of a PostHog: a region of PostHog Cloud, a self-hosted installation, or a reverse proxy in front of either.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::{is_loopback, named_enum};

named_enum! {
    /// A region of PostHog Cloud. A token belongs to one of them; the other one answers 200 and drops the event.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Region {
        Us = "us",
        Eu = "eu",
    }
}

impl Region {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Us => Self::Eu,
            Self::Eu => Self::Us,
        }
    }

    #[must_use]
    pub fn host(self) -> Host {
        let (capture, api) = match self {
            Self::Us => ("https://us.i.posthog.com", "https://us.posthog.com"),
            Self::Eu => ("https://eu.i.posthog.com", "https://eu.posthog.com"),
        };
        Host::of(self.name(), capture, api, Some(self))
    }

    fn of_domain(domain: &str) -> Option<Self> {
        match domain {
            "us.i.posthog.com" | "us.posthog.com" | "app.posthog.com" | "us-assets.i.posthog.com" => Some(Self::Us),
            "eu.i.posthog.com" | "eu.posthog.com" | "eu-assets.i.posthog.com" => Some(Self::Eu),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("is empty; give `us`, `eu`, or the address of a PostHog such as `https://posthog.example.com`")]
    Empty,
    #[error("`{0}` has no protocol; did you mean `https://{0}`?")]
    NoProtocol(String),
    #[error("`{0}` is not an http or https address; give `us`, `eu`, or one such as `https://posthog.example.com`")]
    NotHttp(String),
    #[error("`{0}` is not an address: {1}; give `us`, `eu`, or one such as `https://posthog.example.com`")]
    NoAddress(String, String),
    /// `user:password@`, `?query` or `#fragment`. The text is not quoted, because it may contain a password.
    #[error("must not contain a user name, a password, a query (?) or a fragment (#)")]
    TooMuch,
}

/// The address of a PostHog: one base for capture, one for the API. They differ on Cloud and are the same elsewhere. Without a trailing slash, but
/// with the path of a reverse proxy. Clones share one text: many projects have the same host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(Arc<Address>);

#[derive(Debug, PartialEq, Eq)]
struct Address {
    written: Box<str>,
    capture: Box<str>,
    api: Box<str>,
    region: Option<Region>,
}

impl Host {
    fn of(written: &str, capture: &str, api: &str, region: Option<Region>) -> Self {
        Self(Arc::new(Address { written: written.into(), capture: capture.into(), api: api.into(), region }))
    }

    /// Reads `us`, `eu`, or an http(s) address, with or without a path and a trailing slash. The addresses of Cloud's web application
    /// (`us.posthog.com`, the old `app.posthog.com`) mean its regions.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "" => return Err(HostError::Empty),
            "us" => return Ok(Region::Us.host()),
            "eu" => return Ok(Region::Eu.host()),
            lower if !lower.contains("://") => return Err(HostError::NoProtocol(text.to_owned())),
            _ => {}
        }
        let url = Url::parse(text).map_err(|wrong| HostError::NoAddress(text.to_owned(), wrong.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(HostError::TooMuch);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HostError::NotHttp(text.to_owned()));
        }
        if let Some(region) = url.host_str().and_then(Region::of_domain) {
            let host = region.host();
            return Ok(Self::of(text, host.capture(), host.api(), Some(region)));
        }
        let base = url.as_str().trim_end_matches('/');
        Ok(Self::of(text, base, base, None))
    }

    #[must_use]
    pub fn written(&self) -> &str {
        &self.0.written
    }

    #[must_use]
    pub fn capture(&self) -> &str {
        &self.0.capture
    }

    /// The base address of the API and the web application.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.0.api
    }

    /// The region, if this is PostHog Cloud itself.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.0.region
    }

    /// Whether both addresses are on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        [self.capture(), self.api()].into_iter().all(|base| Url::parse(base).is_ok_and(|url| is_loopback(&url)))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_cloud_is_known() {
        for (text, region) in [
            ("us", Region::Us),
            ("EU", Region::Eu),
            ("https://app.posthog.com", Region::Us),
            ("https://eu.posthog.com/", Region::Eu),
            ("https://us.i.posthog.com", Region::Us),
        ] {
            let host = Host::parse(text).unwrap();
            assert_eq!(host.region(), Some(region), "{text}");
            assert!(host.capture().contains(".i.posthog.com"), "{text}");
            assert!(!host.api().contains(".i."), "{text}");
        }
    }

    #[test]
    fn a_proxy_keeps_its_path_and_loses_its_slash() {
        let host = Host::parse("https://example.com/ingest/").unwrap();
        assert_eq!((host.capture(), host.api()), ("https://example.com/ingest", "https://example.com/ingest"));
        assert_eq!(host.region(), None);
    }

    #[test]
    fn a_wrong_address_says_what_was_meant() {
        for (text, says) in [
            ("", "is empty"),
            ("posthog.example.com", "did you mean `https://posthog.example.com`?"),
            ("localhost:8000", "did you mean"),
            ("ftp://x", "not an http"),
            ("http://", "is not an address"),
            ("https://user:hunter2@x.org", "must not contain"),
            ("https://x.org/?a=b", "must not contain"),
        ] {
            let wrong = Host::parse(text).unwrap_err().to_string();
            assert!(wrong.contains(says), "{text}: {wrong}");
            assert!(!wrong.contains("hunter2"));
        }
    }

    #[test]
    fn loopback_is_told_from_the_world() {
        for near in ["http://localhost:1", "http://127.0.0.1:8010", "http://[::1]:8010/x"] {
            assert!(Host::parse(near).unwrap().is_loopback(), "{near}");
        }
        for far in ["us", "http://192.168.1.2", "https://localhost.example.com"] {
            assert!(!Host::parse(far).unwrap().is_loopback(), "{far}");
        }
    }
}
