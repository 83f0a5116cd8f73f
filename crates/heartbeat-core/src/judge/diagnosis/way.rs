//! One way into a PostHog, as far as a diagnosis needs to know it.

use crate::model::{Address, Endpoint, Host, ProjectSpec, Route, Signs};

/// Where events go in, and where they are read.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// Where they are sent.
    pub host: &'a Host,
    /// Where they are read.
    pub api: &'a Host,
    /// Which endpoint takes them.
    pub endpoint: Endpoint,
}

impl<'a> Way<'a> {
    /// The way of a route.
    #[must_use]
    pub fn of(spec: &'a ProjectSpec, route: &'a Route) -> Self {
        Self { host: spec.host_of(route), api: spec.own_api_host(), endpoint: route.spec.endpoint }
    }

    /// The way to the project's own host, whatever routes it has.
    #[must_use]
    pub fn to_host(spec: &'a ProjectSpec) -> Self {
        Self { host: &spec.host, api: spec.own_api_host(), endpoint: Endpoint::V0 }
    }

    /// The address that takes events.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        Address::of(self.host.capture())
    }

    /// The address that is read.
    #[must_use]
    pub fn api_address(&self) -> Option<Address> {
        Address::of(self.api.api())
    }

    /// Whether events are sent to another address than PostHog's own, as far as that is known: through a reverse proxy.
    #[must_use]
    pub fn is_through_proxy(&self) -> bool {
        self.host.capture() != self.api.capture()
    }

    /// Whether events go straight to PostHog Cloud: what answers there is PostHog's own edge.
    pub(super) fn is_cloud(&self) -> bool {
        self.host.region().is_some()
    }

    /// Where events go, in words: `https://example.com/ingest`.
    pub(super) fn place(&self) -> String {
        self.address().map_or_else(|| self.host.capture().to_owned(), |address| address.to_string())
    }
}

/// What answered, as the subject of a sentence: `nginx at https://example.com`, `something that is not PostHog at ...`.
pub(super) fn somebody(signs: &Signs, place: &str) -> String {
    match signs.software.as_deref() {
        Some(software) => format!("The proxy at {place} ({software})"),
        None => format!("Something between this machine and PostHog, at {place},"),
    }
}

/// What was said, as the end of a sentence: `502 “Bad Gateway”`.
pub(super) fn quoted(status: u16, words: &str) -> String {
    let words: String = words.trim().chars().take(200).collect();
    if words.is_empty() { status.to_string() } else { format!("{status} “{words}”") }
}

/// Words with a large letter at their beginning.
pub(super) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}
