//! Whether a token is real. Capture cannot tell: it answers 200 to any. The endpoints that serve browsers can.
//!
//! `/flags` says 401 in words of its own (PostHog: rust/feature-flags/src/api/errors.rs); a bare 401, or one with another login, comes from
//! something between. `config.js` is the second witness: it is asked before a token is called unknown.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::AGENT;
use super::answerer::is_html;
use super::client::{Client, Place};
use super::excerpt::excerpt;
use super::wire::{Ask, Heard, Track};
use crate::model::{AnsweredBy, Did, ProjectToken, ResponseExcerpt};

const LIMIT: Duration = Duration::from_secs(20);
/// Only the beginning matters.
const MOST: usize = 64 * 1024;
/// A token that no project has: whoever calls it known does not look at it, or puts another in its place.
const NOBODYS: &str = "phc_HeartbeatAsksWhetherTokensAreRead00000000000";

/// What a PostHog says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenState {
    /// It belongs to a project there.
    Known,
    /// `/flags`, to which it travels in the body, does not know it, and the project's `config.js`, to which it travels in the address, is there.
    Contradicted,
    /// It does not. On Cloud: not in this region.
    Unknown,
    /// PostHog says that the token did not come with the request: it was lost on the way.
    Lost,
    /// Something that is not PostHog answers, also where a token is asked about.
    NotPostHog(ResponseExcerpt),
    /// Nobody said, and why.
    CannotTell(String),
}

/// Asks the PostHog at this base address whether it knows the token: at `/flags/`, where that is missing at the older
/// `/decide/`, and for the project's `config.js` where that does not settle it.
pub async fn knows_token(client: &Client, base: &str, token: &ProjectToken) -> TokenState {
    let place = match client.place(base) {
        Ok(place) => place,
        Err(cut) => return TokenState::CannotTell(cut.words),
    };
    let inquiry = Inquiry { client, place: &place, token: token.as_str() };
    let flags = match inquiry.ask_flags("/flags/?v=2").await {
        Said::Missing(_) => inquiry.ask_flags("/decide/?v=3").await,
        said => said,
    };
    match flags {
        Said::Yes => TokenState::Known,
        Said::Lost => TokenState::Lost,
        // Where paths are missing, a 404 for the configuration may be one more of them.
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

/// Whether a token that no project has is called known at this base address: then something on the way puts another token in its place. None where
/// nobody says.
pub async fn replaces_tokens(client: &Client, base: &str) -> Option<bool> {
    let place = client.place(base).ok()?;
    let inquiry = Inquiry { client, place: &place, token: NOBODYS };
    match inquiry.ask_flags("/flags/?v=2").await {
        Said::Yes => Some(true),
        Said::No => Some(false),
        _ => None,
    }
}

/// Whether what is sent to capture at this base address gets to PostHog's capture. An event without a name is sent, which PostHog rejects in words of
/// its own and stores nowhere: whatever takes it in does not look at it. None where nobody says.
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

/// What one endpoint says.
enum Said {
    Yes,
    No,
    /// The token did not arrive.
    Lost,
    /// There is no such endpoint.
    Missing(String),
    /// Something that is not PostHog says it.
    Another(ResponseExcerpt),
    /// Nothing to be used.
    Nothing(String),
}

struct Inquiry<'a> {
    client: &'a Client,
    place: &'a Place,
    token: &'a str,
}

impl Inquiry<'_> {
    async fn ask_flags(&self, path: &str) -> Said {
        // Evaluating costs a request of the flags' own quota: nobody needs the flags.
        let body = json!({ "token": self.token, "distinct_id": "PostHog Heartbeat Plugin", "disable_flags": true }).to_string();
        let heard = match self.ask(Method::POST, path, body.into()).await {
            Err(words) => return Said::Nothing(words),
            Ok(heard) => heard,
        };
        let excerpt = excerpt(&heard, None);
        match (heard.status.as_u16(), excerpt.by) {
            (200, _) if is_flags(&heard) => Said::Yes,
            // A billing limit of the flags: the token is known.
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
            Err(words) => Said::Nothing(words),
            Ok(heard) => match heard.status.as_u16() {
                // A page that answers every path does not name the token.
                200 if !is_html(&heard) && String::from_utf8_lossy(&heard.body).contains(self.token) => Said::Yes,
                404 if !is_html(&heard) => Said::No,
                _ => Said::Nothing(words_of(&path, &excerpt(&heard, None))),
            },
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Heard, String> {
        let path = self.place.path(path).map_err(|cut| cut.words)?;
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, AGENT);
        let ask = Ask { method, path, headers, body, cold: false, limit: LIMIT, most: MOST };
        let heard = self.client.exchange(self.place, &ask, &Track::new()).await;
        heard.map_err(|cut| format!("no answer ({}): {}", cut.at, cut.words))
    }
}

/// Whether this is what PostHog answers to a token that it knows.
fn is_flags(heard: &Heard) -> bool {
    let answer: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    ["flags", "featureFlags", "errorsWhileComputingFlags", "supportedCompression", "sessionRecording"]
        .into_iter()
        .any(|key| answer.get(key).is_some())
}

fn words_of(path: &str, excerpt: &ResponseExcerpt) -> String {
    format!("{path} answers {}", excerpt.said())
}
