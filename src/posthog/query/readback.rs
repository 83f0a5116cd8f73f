//! The read-back: one query per project, its answer, and every failure by name.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ProjectPath;
use super::answer::{self, Fault, Rows};
use super::clocks::server_ahead;
use super::failure::{ApiError, failure, kind, strange, unreachable};
use super::statement::{stamp, statement};
use crate::model::{Arrival, PersonalKey, Phase, QueryCost, ReadbackError, ReadbackErrorKind, Timestamp, Traffic};
use crate::posthog::AGENT;
use crate::posthog::client::{Client, Place};
use crate::posthog::wire::{Ask, Cut, Heard, Track};

/// PostHog limits a query to 60 s; plus the network.
const LIMIT: Duration = Duration::from_secs(65);
const BESIDE: Duration = Duration::from_secs(20);
/// A thousand rows, and the query, which PostHog repeats in its answer.
const MOST: usize = 8 * 1024 * 1024;

/// Range of the counted traffic.
pub const TRAFFIC_OF: Duration = Duration::from_mins(30);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched<'a> {
    /// Event names; none for any event.
    pub events: Option<Vec<&'a str>>,
    /// Range of their timestamps, in whole minutes.
    pub range: Duration,
}

impl Default for Watched<'_> {
    fn default() -> Self {
        Self { events: None, range: TRAFFIC_OF }
    }
}

#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub base: &'a str,
    pub key: &'a PersonalKey,
    pub posthog_id: ProjectPath,
    /// Names of our own events: beats have one of them, traffic has none.
    pub events: Vec<&'a str>,
    /// Only the first [`super::MAX_BEATS_A_READBACK`] are read back.
    pub uuids: Vec<Uuid>,
    pub back_to: Timestamp,
    pub watched: Watched<'a>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In no order.
    pub arrivals: Vec<Arrival>,
    /// All events that are not ours, and the watched ones.
    pub traffic: Traffic,
    /// Milliseconds by which PostHog's clock is ahead of ours, negative if behind; none within two seconds or if unknown.
    pub server_ahead: Option<i64>,
    pub cost: QueryCost,
}

/// Sends one query. The caller decides about retries.
pub async fn readback(client: &Client, question: &Question<'_>) -> Result<Answer, ReadbackError> {
    let (heard, answer) = ask_query(client, question.base, question.posthog_id, question.key, &statement(question)).await?;
    let Rows { arrivals, mut traffic } = answer::read(&answer, &stamp(question)).map_err(|fault| strange(fault, &heard, question.key))?;
    let server_ahead = server_ahead(&heard, &arrivals);
    // Rules compare these with our clock.
    for newest in [&mut traffic.newest, &mut traffic.watched_newest] {
        *newest = newest.map(|at| Timestamp::from_ms(at.ms() - server_ahead.unwrap_or(0)));
    }
    Ok(Answer { arrivals, traffic, server_ahead, cost: cost(&heard) })
}

pub(super) async fn ask_query(
    client: &Client,
    base: &str,
    project: ProjectPath,
    key: &PersonalKey,
    statement: &str,
) -> Result<(Heard, Value), ReadbackError> {
    let place = client.place(base).map_err(|cut| unreachable(&cut))?;
    let path = place.path(&format!("/api/projects/{project}/query/")).map_err(|cut| unreachable(&cut))?;
    let body = json!({
        "query": { "kind": "HogQLQuery", "query": statement },
        // Otherwise the answer may come from the cache.
        "refresh": "force_blocking",
        "name": "heartbeat",
    });
    let mut headers = headers(key);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let ask = Ask { method: Method::POST, path, headers, body: Bytes::from(body.to_string()), cold: false, limit: LIMIT, most: MOST };
    converse(client, &place, &ask, key).await
}

pub(super) async fn get(client: &Client, base: &str, path: &str, key: &PersonalKey) -> Result<(Heard, Value), ReadbackError> {
    let place = client.place(base).map_err(|cut| unreachable(&cut))?;
    let path = place.path(path).map_err(|cut| unreachable(&cut))?;
    let ask = Ask { method: Method::GET, path, headers: headers(key), body: Bytes::new(), cold: false, limit: BESIDE, most: MOST };
    converse(client, &place, &ask, key).await
}

async fn converse(client: &Client, place: &Place, ask: &Ask, key: &PersonalKey) -> Result<(Heard, Value), ReadbackError> {
    let heard = exchange(client, place, ask).await.map_err(|cut| unreachable(&cut))?;
    let error = ApiError::of(&heard);
    if let Some(kind) = kind(&heard, &error) {
        return Err(failure(kind, &heard, key, error.detail()));
    }
    let odd = |note: &str| strange(Fault { kind: ReadbackErrorKind::NotPostHog, note: Some(note.to_owned()), said: None }, &heard, key);
    if !heard.whole {
        return Err(odd("an answer of over 8 MiB"));
    }
    match serde_json::from_slice(&heard.body) {
        Ok(answer) => Ok((heard, answer)),
        Err(_) => Err(odd("an answer that is not JSON")),
    }
}

/// Retries once on a broken connection: a server may close an idle one just when it is used. Safe, because a query changes nothing.
async fn exchange(client: &Client, place: &Place, ask: &Ask) -> Result<Heard, Cut> {
    let begun = client.clock().monotonic();
    let first = client.exchange(place, ask, &Track::new()).await;
    match first {
        Err(cut) if matches!(cut.at, Phase::Send | Phase::Answer) && client.clock().monotonic().saturating_sub(begun) < ask.limit => {
            client.exchange(place, ask, &Track::new()).await
        }
        first => first,
    }
}

fn headers(key: &PersonalKey) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(USER_AGENT, AGENT);
    // A valid key is printable ASCII.
    if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", key.expose())) {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    headers
}

fn cost(heard: &Heard) -> QueryCost {
    let number = |name: &str| heard.header(name)?.trim().parse().ok();
    QueryCost { bytes_read: number("x-posthog-query-bytes-read"), budget_left: number("x-posthog-query-budget-remaining-bytes") }
}
