//! Looking: the question asked, the answer read, every failure under its own name.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ProjectPath;
use super::answer::{self, Fault, Rows};
use super::clocks::server_ahead;
use super::failure::{Told, failure, strange, trouble, unreachable};
use super::statement::{stamp, statement};
use crate::model::{Arrival, PersonalKey, Phase, QueryCost, ReadbackError, ReadbackErrorKind, Timestamp, Traffic};
use crate::posthog::AGENT;
use crate::posthog::client::{Client, Place};
use crate::posthog::wire::{Ask, Cut, Heard, Track};

/// PostHog gives a query 60 s; the way there and back comes on top.
const LIMIT: Duration = Duration::from_secs(65);
/// What is no query is answered sooner.
const BESIDE: Duration = Duration::from_secs(20);
/// A thousand rows, and the question several times: PostHog repeats it in its answer.
const MOST: usize = 8 * 1024 * 1024;

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
    /// Which project.
    pub posthog_id: ProjectPath,
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
    /// By how many milliseconds PostHog's clock is ahead of ours (behind, when negative); none where they agree within two seconds, or nothing is
    /// known of it.
    pub server_ahead: Option<i64>,
    /// What the query cost.
    pub cost: QueryCost,
}

/// Asks once. Whoever asks decides when to ask again.
///
/// # Errors
/// [`LookFailure`] says what stood in the way: our trouble until shown otherwise.
pub async fn readback(client: &Client, question: &Question<'_>) -> Result<Answer, ReadbackError> {
    let (heard, answer) = ask_query(client, question.base, question.posthog_id, question.key, &statement(question)).await?;
    let Rows { arrivals, mut traffic } = answer::read(&answer, &stamp(question)).map_err(|fault| strange(fault, &heard, question.key))?;
    let server_ahead = server_ahead(&heard, &arrivals);
    // Rules compare these with our own clock.
    for newest in [&mut traffic.newest, &mut traffic.watched_newest] {
        *newest = newest.map(|at| Timestamp::from_ms(at.ms() - server_ahead.unwrap_or(0)));
    }
    Ok(Answer { arrivals, traffic, server_ahead, cost: cost(&heard) })
}

/// Puts a statement to a project, for the columns and rows of its answer.
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
        // Without it the answer may be one that was given before.
        "refresh": "force_blocking",
        "name": "heartbeat",
    });
    let mut headers = headers(key);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let ask = Ask { method: Method::POST, path, headers, body: Bytes::from(body.to_string()), cold: false, limit: LIMIT, most: MOST };
    converse(client, &place, &ask, key).await
}

/// Asks for what lies at this path.
pub(super) async fn get(client: &Client, base: &str, path: &str, key: &PersonalKey) -> Result<(Heard, Value), ReadbackError> {
    let place = client.place(base).map_err(|cut| unreachable(&cut))?;
    let path = place.path(path).map_err(|cut| unreachable(&cut))?;
    let ask = Ask { method: Method::GET, path, headers: headers(key), body: Bytes::new(), cold: false, limit: BESIDE, most: MOST };
    converse(client, &place, &ask, key).await
}

/// Asks the private API with a key; gives the answer, and its JSON.
async fn converse(client: &Client, place: &Place, ask: &Ask, key: &PersonalKey) -> Result<(Heard, Value), ReadbackError> {
    let heard = exchange(client, place, ask).await.map_err(|cut| unreachable(&cut))?;
    let told = Told::of(&heard);
    if let Some(trouble) = trouble(&heard, &told) {
        return Err(failure(trouble, &heard, key, told.detail()));
    }
    let odd = |note: &str| strange(Fault { trouble: ReadbackErrorKind::NotPostHog, note: Some(note.to_owned()), said: None }, &heard, key);
    if !heard.whole {
        return Err(odd("an answer of over 8 MiB"));
    }
    match serde_json::from_slice(&heard.body) {
        Ok(answer) => Ok((heard, answer)),
        Err(_) => Err(odd("an answer that is not JSON")),
    }
}

/// Asks once more where the connection broke: a server may close a kept one at the very moment at which it is used, and a question may be put twice.
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

/// The headers of a question. The key is marked as sensitive.
fn headers(key: &PersonalKey) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(USER_AGENT, AGENT);
    // A key is printable ASCII, or it would not be one.
    if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", key.expose())) {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    headers
}

/// What the query cost, where the answer says so.
fn cost(heard: &Heard) -> QueryCost {
    let number = |name: &str| heard.headers.get(name)?.to_str().ok()?.trim().parse().ok();
    QueryCost { bytes_read: number("x-posthog-query-bytes-read"), budget_left: number("x-posthog-query-budget-remaining-bytes") }
}
