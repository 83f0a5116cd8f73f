//! The way of events into a PostHog and back.

use crate::model::{Address, Endpoint, Host, ProjectSpec, Route, Signs};

#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    pub host: &'a Host,
    pub api: &'a Host,
    pub endpoint: Endpoint,
}

impl<'a> Way<'a> {
    #[must_use]
    pub fn of(spec: &'a ProjectSpec, route: &'a Route) -> Self {
        Self { host: spec.host_of(route), api: spec.own_api_host(), endpoint: route.spec.endpoint }
    }

    /// The way to the project's own host, for projects without routes.
    #[must_use]
    pub fn to_host(spec: &'a ProjectSpec) -> Self {
        Self { host: &spec.host, api: spec.own_api_host(), endpoint: Endpoint::V0 }
    }

    #[must_use]
    pub fn address(&self) -> Option<Address> {
        Address::of(self.host.capture())
    }

    #[must_use]
    pub fn api_address(&self) -> Option<Address> {
        Address::of(self.api.api())
    }

    /// Whether events are sent to an address other than PostHog's own, as far as known: through a reverse proxy.
    #[must_use]
    pub fn is_through_proxy(&self) -> bool {
        self.host.capture() != self.api.capture()
    }

    /// Whether events go straight to PostHog Cloud, so that PostHog's own edge answers.
    pub(super) fn is_cloud(&self) -> bool {
        self.host.region().is_some()
    }

    /// The capture address as text: `https://example.com/ingest`.
    pub(super) fn place(&self) -> String {
        self.address().map_or_else(|| self.host.capture().to_owned(), |address| address.to_string())
    }
}

/// The responder, as the subject of a sentence.
pub(super) fn responder(signs: &Signs, place: &str) -> String {
    match signs.software.as_deref() {
        Some(software) => format!("The proxy at {place} ({software})"),
        None => format!("Something between this machine and PostHog, at {place},"),
    }
}

/// The response, as the end of a sentence: `502 “Bad Gateway”`.
pub(super) fn quoted(status: u16, words: &str) -> String {
    let words: String = words.trim().chars().take(200).collect();
    if words.is_empty() { status.to_string() } else { format!("{status} “{words}”") }
}
