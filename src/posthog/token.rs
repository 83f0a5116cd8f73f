//! Whether a token is real. Capture cannot tell: it answers 200 to any. The endpoints that serve browsers can.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use super::AGENT;
use super::client::{Client, Place};
use super::quote::{asks_for_a_login, is_html, quote};
use super::wire::{Ask, Heard, Track};
use crate::model::ProjectToken;

const LIMIT: Duration = Duration::from_secs(20);
/// Only the beginning matters.
const MOST: usize = 64 * 1024;

/// What a PostHog says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenState {
    /// It belongs to a project there.
    Known,
    /// It does not. On Cloud: not in this region.
    Unknown,
    /// Nobody said, and why.
    CannotTell(String),
}

/// Asks the PostHog at this base address whether it knows the token: at `/flags/`, where that is missing at the older
/// `/decide/`, and where both fail for the project's `config.js`.
pub async fn knows_token(client: &Client, base: &str, token: &ProjectToken) -> TokenState {
    let place = match client.place(base) {
        Ok(place) => place,
        Err(cut) => return TokenState::CannotTell(cut.words),
    };
    let inquiry = Inquiry { client, place: &place, token };
    let flags = inquiry.ask_flags("/flags/?v=2").await;
    let flags = match flags {
        Said::Missing(_) => inquiry.ask_flags("/decide/?v=3").await,
        said => said,
    };
    match flags {
        Said::Yes => TokenState::Known,
        Said::No => TokenState::Unknown,
        // Where paths are missing, a 404 for the configuration may be one more of them.
        Said::Missing(words) => match inquiry.ask_config().await {
            Said::Yes => TokenState::Known,
            _ => TokenState::CannotTell(words),
        },
        Said::Nothing(words) => match inquiry.ask_config().await {
            Said::Yes => TokenState::Known,
            Said::No => TokenState::Unknown,
            Said::Missing(_) | Said::Nothing(_) => TokenState::CannotTell(words),
        },
    }
}

/// What one endpoint says.
enum Said {
    Yes,
    No,
    /// There is no such endpoint.
    Missing(String),
    /// Nothing to be used.
    Nothing(String),
}

struct Inquiry<'a> {
    client: &'a Client,
    place: &'a Place,
    token: &'a ProjectToken,
}

impl Inquiry<'_> {
    async fn ask_flags(&self, path: &str) -> Said {
        let body = json!({ "token": self.token.as_str(), "distinct_id": "PostHog Heartbeat Plugin" }).to_string();
        match self.ask(Method::POST, path, body.into()).await {
            Err(words) => Said::Nothing(words),
            Ok(heard) => match heard.status.as_u16() {
                404 | 405 => Said::Missing(words_of(path, &heard)),
                _ if is_html(&heard) || asks_for_a_login(&heard) => Said::Nothing(words_of(path, &heard)),
                200..=299 => Said::Yes,
                401 => Said::No,
                _ => Said::Nothing(words_of(path, &heard)),
            },
        }
    }

    async fn ask_config(&self) -> Said {
        let token: String = url::form_urlencoded::byte_serialize(self.token.as_str().as_bytes()).collect();
        let path = format!("/array/{token}/config.js");
        match self.ask(Method::GET, &path, Bytes::new()).await {
            Err(words) => Said::Nothing(words),
            Ok(heard) if is_html(&heard) => Said::Nothing(words_of(&path, &heard)),
            Ok(heard) => match heard.status.as_u16() {
                200..=299 => Said::Yes,
                404 => Said::No,
                _ => Said::Nothing(words_of(&path, &heard)),
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

fn words_of(path: &str, heard: &Heard) -> String {
    format!("{path} answers {} `{}`", heard.status.as_u16(), quote(heard, None).words)
}
