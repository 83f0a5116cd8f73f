//! Looking: the question asked, the answer read, every failure under its own name.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{self, Rows};
use super::statement;
use crate::model::{AnsweredBy, Arrival, LookFailure, LookTrouble, PersonalKey, Quote, Timestamp, Traffic};
use crate::posthog::AGENT;
use crate::posthog::client::{Client, Place};
use crate::posthog::answerer::{asks_for_a_login, is_html};
use crate::posthog::quote::{date, printable, quote, retry_after};
use crate::posthog::wire::{Ask, Cut, Heard, Track};

/// PostHog gives a query 60 s; the way there and back comes on top.
const LIMIT: Duration = Duration::from_secs(65);
/// A thousand rows, and the question several times: PostHog repeats it in its answer.
const MOST: usize = 8 * 1024 * 1024;
/// `Date` has whole seconds and the answer takes its time: less than this says nothing about anybody's clock.
const CLOCKS_AGREE_WITHIN_MS: i64 = 2_000;

/// Traffic is that of so long.
pub const TRAFFIC_OF: Duration = Duration::from_mins(30);

/// Which events are watched, beside beats and traffic: they are counted for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched<'a> {
    /// Events of these names; of any, when none are given.
    pub events: Option<Vec<&'a str>>,
    /// Those with a timestamp in so long. Whole minutes.
    pub range: Duration,
}

impl Default for Watched<'_> {
    fn default() -> Self {
        Self { events: None, range: TRAFFIC_OF }
    }
}

/// What is asked of one project.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The API's base address.
    pub base: &'a str,
    /// Who asks.
    pub key: &'a PersonalKey,
    /// PostHog's number of the project.
    pub posthog_id: u64,
    /// The names of our events: beats have one of them, and traffic none.
    pub events: Vec<&'a str>,
    /// The beats asked for; the first [`super::MAX_BEATS_A_LOOK`] of them are.
    pub uuids: Vec<Uuid>,
    /// The slot of the oldest of them.
    pub back_to: Timestamp,
    /// Which events are watched.
    pub watched: Watched<'a>,
    /// When the question is asked.
    pub now: Timestamp,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Those beats that are there, in no order.
    pub arrivals: Vec<Arrival>,
    /// Everything that is not ours, and what is watched.
    pub traffic: Traffic,
    /// By how many milliseconds the server's clock is ahead of ours (behind, when negative), by the answer's `Date`; none where they agree
    /// within two seconds, or nothing is said.
    pub server_ahead: Option<i64>,
}

/// Asks once. Whoever asks decides when to ask again.
///
/// # Errors
/// [`LookFailure`] says what stood in the way: our trouble until shown otherwise.
pub async fn look(client: &Client, question: &Question<'_>) -> Result<Answer, LookFailure> {
    let place = client.place(question.base).map_err(|cut| unreachable(&cut))?;
    let path = place.path(&format!("/api/projects/{}/query/", question.posthog_id)).map_err(|cut| unreachable(&cut))?;
    let body = json!({
        "query": { "kind": "HogQLQuery", "query": statement(question) },
        // Without it the answer may be one that was given before.
        "refresh": "force_blocking",
        "name": "heartbeat",
    });
    let mut headers = headers(question.key);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let ask = Ask { method: Method::POST, path, headers, body: Bytes::from(body.to_string()), cold: false, limit: LIMIT, most: MOST };
    let (heard, answer) = converse(client, &place, &ask, question.key).await?;
    let Rows { arrivals, traffic } =
        answer::read(&answer).map_err(|fault| failure(fault.trouble, &heard, question.key, fault.words.as_bytes()))?;
    Ok(Answer { arrivals, traffic, server_ahead: server_ahead(&heard) })
}

/// Asks the private API with a key; gives the answer, and its JSON.
pub(super) async fn converse(client: &Client, place: &Place, ask: &Ask, key: &PersonalKey) -> Result<(Heard, Value), LookFailure> {
    let heard = client.exchange(place, ask, &Track::new()).await.map_err(|cut| unreachable(&cut))?;
    if let Some(trouble) = trouble(&heard) {
        let detail = serde_json::from_slice::<Value>(&heard.body).ok();
        let detail = detail.as_ref().and_then(|answer| answer.get("detail")).and_then(Value::as_str);
        return Err(match detail {
            Some(detail) => failure(trouble, &heard, key, detail.as_bytes()),
            None => as_answered(trouble, &heard, key),
        });
    }
    if !heard.whole {
        return Err(failure(LookTrouble::NotPostHog, &heard, key, b"an answer of over 8 MiB"));
    }
    let Ok(answer) = serde_json::from_slice(&heard.body) else {
        return Err(as_answered(LookTrouble::NotPostHog, &heard, key));
    };
    Ok((heard, answer))
}

/// The headers of a question. The key is marked as sensitive.
pub(super) fn headers(key: &PersonalKey) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(USER_AGENT, AGENT);
    // A key is printable ASCII, or it would not be one.
    if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", key.expose())) {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    headers
}

/// What a status other than success means for a look.
fn trouble(heard: &Heard) -> Option<LookTrouble> {
    let status = heard.status.as_u16();
    Some(match status {
        429 => LookTrouble::Throttled,
        408 | 500..=599 => LookTrouble::Broken,
        _ if is_html(heard) || asks_for_a_login(heard) => LookTrouble::NotPostHog,
        200..=299 => return None,
        400 | 413 | 414 | 422 => LookTrouble::QuestionRefused,
        401 => LookTrouble::KeyWrong,
        403 => LookTrouble::KeyForbidden,
        404 => LookTrouble::NoSuchProject,
        _ => LookTrouble::NotPostHog,
    })
}

/// A failure in the answer's own words.
pub(super) fn as_answered(trouble: LookTrouble, heard: &Heard, key: &PersonalKey) -> LookFailure {
    let words = quote(heard, Some(key)).words;
    failure(trouble, heard, key, words.as_bytes())
}

/// A failure in the words given, which may hold what was sent.
pub(super) fn failure(trouble: LookTrouble, heard: &Heard, key: &PersonalKey, words: &[u8]) -> LookFailure {
    let quote = Quote { words: printable(words, 300, Some(key)), ..quote(heard, Some(key)) };
    let asked = matches!(heard.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    LookFailure { trouble, quote, retry_after: if asked { retry_after(heard) } else { None } }
}

/// No answer came.
pub(super) fn unreachable(cut: &Cut) -> LookFailure {
    let quote =
        Quote { words: cut.words.clone(), at: Some(cut.at), obstacle: cut.obstacle, by: AnsweredBy::Nobody, ..Quote::default() };
    LookFailure { trouble: LookTrouble::Unreachable, quote, retry_after: None }
}

fn server_ahead(heard: &Heard) -> Option<i64> {
    // The second that `Date` names is over by a half, on average.
    let ahead_ms = date(&heard.headers)?.ms() + 500 - heard.at.ms();
    (ahead_ms.abs() > CLOCKS_AGREE_WITHIN_MS).then_some(ahead_ms)
}
