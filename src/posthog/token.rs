//! Checks whether PostHog knows a token. Capture cannot tell: it answers 200 to any token. The endpoints for browsers can.
//! `/flags` answers 401 with its own text (PostHog: rust/feature-flags/src/api/errors.rs); a bare 401, or one for another login, comes from
//! something in between. `config.js` confirms it before a token is called unknown.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::AGENT;
use super::answerer::is_html;
use super::client::{Client, Place};
use super::excerpt::excerpt;
use super::wire::{Ask, Cut, Heard, Track};
use crate::model::{AnsweredBy, Did, ProjectToken, ResponseExcerpt};

const LIMIT: Duration = Duration::from_secs(20);
const MOST: usize = 64 * 1024;
/// A token of no project: if it is called known, something ignores or replaces tokens.
const NOBODYS: &str = "phc_HeartbeatAsksWhetherTokensAreRead00000000000";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenState {
    Known,
    /// Unknown to `/flags`, which gets it in the body, but the project's `config.js`, which gets it in the path, exists.
    Contradicted,
    /// Unknown. On Cloud: in this region.
    Unknown,
    /// PostHog reports that the token was missing: it was removed on the way.
    Lost,
    /// Something other than PostHog answers.
    NotPostHog(ResponseExcerpt),
    CannotTell(String),
}

/// Asks `/flags/`, or the older `/decide/` if that is missing, and the project's `config.js` if the answer is not conclusive.
pub async fn knows_token(client: &Client, base: &str, token: &ProjectToken) -> TokenState {
    let place = match client.place(base) {
        Ok(place) => place,
        Err(cut) => return TokenState::CannotTell(cut.words),
    };
    let inquiry = Inquiry { client, place: &place, token: token.as_str() };
    let flags = match inquiry.ask_flags("/flags/?v=2").await {
        Said::Missing(_) => inquiry.ask_flags("/decide/?v=3").await,
        other => other,
    };
    match flags {
        Said::Yes => TokenState::Known,
        Said::Lost => TokenState::Lost,
        // If paths are missing, a 404 for the configuration means nothing.
        Said::No => match inquiry.ask_config().await {
            Said::Yes => TokenState::Contradicted,
            _ => TokenState::Unknown,
        },
        Said::Missing(words) => match inquiry.ask_config().await {
            Said::Yes => TokenState::Known,
            _ => TokenState::CannotTell(words),
        },
        Said::Another(excerpt) => match inquiry.ask_config().await {
            Said::Yes => TokenState::Known,
            _ => TokenState::NotPostHog(excerpt),
        },
        Said::Nothing(words) => match inquiry.ask_config().await {
            Said::Yes => TokenState::Known,
            Said::No => TokenState::Unknown,
            _ => TokenState::CannotTell(words),
        },
    }
}

/// Whether this base URL accepts a token of no project: then something on the way replaces tokens. None if unknown.
pub async fn replaces_tokens(client: &Client, base: &str) -> Option<bool> {
    let place = client.place(base).ok()?;
    let inquiry = Inquiry { client, place: &place, token: NOBODYS };
    match inquiry.ask_flags("/flags/?v=2").await {
        Said::Yes => Some(true),
        Said::No => Some(false),
        _ => None,
    }
}

/// Whether requests to this base URL reach PostHog's capture. Sends an event without a name, which PostHog rejects with its own text and
/// does not store; anything that accepts it is not PostHog. None if unknown.
pub async fn reaches_capture(client: &Client, base: &str, token: &ProjectToken) -> Option<bool> {
    let place = client.place(base).ok()?;
    let inquiry = Inquiry { client, place: &place, token: token.as_str() };
    let body = json!({ "api_key": token.as_str(), "distinct_id": "PostHog Heartbeat Plugin" }).to_string();
    let heard = inquiry.ask(Method::POST, "/i/v0/e/", body.into()).await.ok()?;
    match (heard.status.as_u16(), excerpt(&heard, None).by) {
        (200..=299, _) => Some(false),
        (400, AnsweredBy::Posthog) => Some(true),
        _ => None,
    }
}

enum Said {
    Yes,
    No,
    Lost,
    Missing(String),
    Another(ResponseExcerpt),
    Nothing(String),
}

struct Inquiry<'a> {
    client: &'a Client,
    place: &'a Place,
    token: &'a str,
}

impl Inquiry<'_> {
    async fn ask_flags(&self, path: &str) -> Said {
        // Evaluating flags costs quota, and they are not needed.
        let body = json!({ "token": self.token, "distinct_id": "PostHog Heartbeat Plugin", "disable_flags": true }).to_string();
        let heard = match self.ask(Method::POST, path, body.into()).await {
            Err(cut) => return Said::Nothing(cut.to_string()),
            Ok(heard) => heard,
        };
        let excerpt = excerpt(&heard, None);
        match (heard.status.as_u16(), excerpt.by) {
            (200, _) if is_flags(&heard) => Said::Yes,
            // A billing limit of feature flags: the token is known.
            (402, AnsweredBy::Posthog) => Said::Yes,
            (_, AnsweredBy::Posthog) if excerpt.did == Some(Did::DropsBody) => Said::Lost,
            (401, AnsweredBy::Posthog) => Said::No,
            (404 | 405, _) => Said::Missing(words_of(path, &excerpt)),
            (200..=299, _) | (300..=499, AnsweredBy::Intermediary) => Said::Another(excerpt),
            _ => Said::Nothing(words_of(path, &excerpt)),
        }
    }

    async fn ask_config(&self) -> Said {
        let token: String = url::form_urlencoded::byte_serialize(self.token.as_bytes()).collect();
        let path = format!("/array/{token}/config.js");
        match self.ask(Method::GET, &path, Bytes::new()).await {
            Err(cut) => Said::Nothing(cut.to_string()),
            Ok(heard) => match heard.status.as_u16() {
                // A page for every path does not contain the token.
                200 if !is_html(&heard) && heard.contains(self.token) => Said::Yes,
                404 if !is_html(&heard) => Said::No,
                _ => Said::Nothing(words_of(&path, &excerpt(&heard, None))),
            },
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Heard, Cut> {
        let path = self.place.path(path)?;
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, AGENT);
        let ask = Ask { method, path, headers, body, cold: false, limit: LIMIT, most: MOST };
        self.client.exchange(self.place, &ask, &Track::new()).await
    }
}

fn is_flags(heard: &Heard) -> bool {
    let answer: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    ["flags", "featureFlags", "errorsWhileComputingFlags", "supportedCompression", "sessionRecording"]
        .into_iter()
        .any(|key| answer.get(key).is_some())
}

fn words_of(path: &str, excerpt: &ResponseExcerpt) -> String {
    format!("{path} answers {}", excerpt.said())
}
