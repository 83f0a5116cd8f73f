//! Capture v0: accepts one event, a list of events, or a batch; errors are plain text.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::rejection::Wire;
use super::stamp::Stated;
use super::{Arrived, token, with_faults};
use crate::body::{self, BadBody, Encoding};
use crate::event::Event;
use crate::instance::Instance;
use crate::moment::Moment;
use crate::project::Project;

/// In bytes of JSON: the limit of a message in PostHog's queue.
const LARGEST_EVENT: usize = 1_000_000;

/// Longer distinct ids are truncated. In characters.
const LONGEST_DISTINCT_ID: usize = 200;

/// 2021-01-01. A smaller `?_=` is in seconds, from an old SDK, and is ignored.
const OLDEST_SENT_AT_MS: i64 = 1_609_459_200_000;

pub(crate) async fn take(State(instance): State<Instance>, request: Request) -> Response {
    with_faults(&instance, request, Wire::V0, |instance, arrived| match accept(instance, arrived) {
        Ok(()) if Query::of(&arrived.head.uri).beacon => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => Json(json!({"status": "Ok"})).into_response(),
        Err(rejection) => rejection.into_response(),
    })
    .await
}

/// The error text is the body of the answer.
#[derive(Debug, thiserror::Error)]
enum RejectionReason {
    #[error("failed to decode request: {0}")]
    Undecodable(String),
    #[error("failed to parse request: {0}")]
    Unparsable(#[from] serde_json::Error),
    #[error("request missing data payload")]
    EmptyBody,
    #[error("request holds no event")]
    EmptyBatch,
    #[error("event submitted with an empty event name")]
    NoEventName,
    #[error("event submitted without a distinct_id")]
    NoDistinctId,
    #[error("event submitted without an api_key")]
    NoToken,
    #[error("batch submitted with inconsistent api_key values")]
    SeveralTokens,
    #[error("API key is not valid: {0}")]
    BadToken(#[from] token::BadToken),
    #[error("maximum event size exceeded: {0}")]
    TooLarge(String),
}

impl IntoResponse for RejectionReason {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Undecodable(_) | Self::Unparsable(_) | Self::EmptyBody | Self::EmptyBatch | Self::NoEventName | Self::NoDistinctId => {
                StatusCode::BAD_REQUEST
            }
            Self::NoToken | Self::SeveralTokens | Self::BadToken(_) => StatusCode::UNAUTHORIZED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        };
        (status, self.to_string()).into_response()
    }
}

impl From<&BadBody> for RejectionReason {
    fn from(bad: &BadBody) -> Self {
        match bad {
            BadBody::TooLarge => Self::TooLarge(bad.to_string()),
            BadBody::Undecodable(why) => Self::Undecodable(why.clone()),
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Query {
    /// `?beacon=1`: answer 204.
    beacon: bool,
    /// `?_=`.
    sent_at: Option<Moment>,
    gzip: bool,
}

impl Query {
    fn of(uri: &Uri) -> Self {
        let mut query = Self::default();
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "beacon" => query.beacon = value == "1",
                "_" => query.sent_at = value.parse().ok().filter(|ms| *ms >= OLDEST_SENT_AT_MS).map(Moment::from_ms),
                "compression" => query.gzip = matches!(&*value, "gzip" | "gzip-js"),
                _ => {}
            }
        }
        query
    }
}

struct Submission {
    token: Option<String>,
    sent_at: Option<Moment>,
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
struct BatchForm {
    #[serde(alias = "api_key")]
    token: Option<String>,
    #[serde(default)]
    sent_at: Option<Value>,
    batch: Vec<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(alias = "$token", alias = "api_key")]
    token: Option<String>,
    event: String,
    #[serde(alias = "$distinct_id")]
    distinct_id: Option<Value>,
    #[serde(default, deserialize_with = "uuid_or_empty")]
    uuid: Option<Uuid>,
    #[serde(default)]
    timestamp: Option<Value>,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
}

fn uuid_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => Uuid::parse_str(text).map(Some).map_err(serde::de::Error::custom),
    }
}

/// Accepts all events of a request, or none.
fn accept(instance: &Instance, arrived: &Arrived) -> Result<(), RejectionReason> {
    let now = instance.now();
    let query = Query::of(&arrived.head.uri);
    let mut sent = Submission::parse(&unpacked(arrived, &query)?)?;
    sent.sent_at = sent.sent_at.or(query.sent_at);
    if sent.events.is_empty() {
        return Err(RejectionReason::EmptyBatch);
    }
    let token = sent.token()?;
    // PostHog detects unknown tokens and exceeded quotas behind capture, so v0 answers 200 to them. Invalid events are rejected
    // even with an unknown token.
    let project = Project::of_token(&token).map_or(0, |project| project.id);
    let stored = |raw: RawEvent| raw.stored(instance, project, sent.sent_at, now);
    let events = sent.events.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    let faults = instance.faults().capture;
    if project != 0 && !faults.unknown_token && !faults.over_quota {
        instance.take(events);
    }
    Ok(())
}

/// Gzip is recognised by its first bytes, whatever the headers say.
fn unpacked(arrived: &Arrived, query: &Query) -> Result<Vec<u8>, RejectionReason> {
    let body = arrived.body.as_ref().map_err(RejectionReason::from)?;
    if body.is_empty() {
        return Err(RejectionReason::EmptyBody);
    }
    if query.gzip || body::is_gzip(body) {
        return body::unpack(body, Encoding::Gzip).map_err(|bad| RejectionReason::from(&bad));
    }
    Ok(body.to_vec())
}

impl Submission {
    fn parse(text: &[u8]) -> Result<Self, RejectionReason> {
        let value: Value = serde_json::from_slice(text)?;
        if value.is_array() {
            return Ok(Self { token: None, sent_at: None, events: serde_json::from_value(value)? });
        }
        if value.get("batch").is_some() {
            let form: BatchForm = serde_json::from_value(value)?;
            let sent_at = form.sent_at.as_ref().and_then(Value::as_str).and_then(Moment::parse);
            return Ok(Self { token: form.token, sent_at, events: form.batch });
        }
        Ok(Self { token: None, sent_at: None, events: vec![serde_json::from_value(value)?] })
    }

    fn token(&self) -> Result<String, RejectionReason> {
        let token = if let Some(token) = &self.token {
            token.as_str()
        } else {
            let mut tokens = self.events.iter().filter_map(RawEvent::token);
            let first = tokens.next().ok_or(RejectionReason::NoToken)?;
            if tokens.any(|other| other != first) {
                return Err(RejectionReason::SeveralTokens);
            }
            first
        };
        Ok(token::check(token)?.to_owned())
    }
}

impl RawEvent {
    fn token(&self) -> Option<&str> {
        self.token.as_deref().or_else(|| self.properties.as_ref()?.get("token")?.as_str())
    }

    fn stored(mut self, instance: &Instance, project: u32, sent_at: Option<Moment>, now: Moment) -> Result<Event, RejectionReason> {
        if self.event.is_empty() {
            return Err(RejectionReason::NoEventName);
        }
        let mut properties = self.properties.take().unwrap_or_default();
        let distinct_id = self.distinct_id.take().or_else(|| properties.get("distinct_id").cloned());
        let distinct_id = match distinct_id {
            Some(Value::String(text)) if !text.is_empty() => text,
            None | Some(Value::Null | Value::String(_)) => return Err(RejectionReason::NoDistinctId),
            Some(other) => other.to_string(),
        };
        let ignore_sent_at = properties.get("$ignore_sent_at").and_then(Value::as_bool).unwrap_or(false);
        let stated = Stated {
            // v0 ignores numeric timestamps.
            timestamp: self.timestamp.as_ref().and_then(Value::as_str).and_then(Moment::parse),
            sent_at: sent_at.filter(|_| !ignore_sent_at),
        };
        properties.remove("token");
        let properties = Value::Object(properties).to_string();
        if properties.len() > LARGEST_EVENT {
            return Err(RejectionReason::TooLarge(format!("{} bytes", properties.len())));
        }
        Ok(Event {
            project,
            uuid: self.uuid.unwrap_or_else(|| instance.fresh_uuid()),
            name: self.event,
            distinct_id: distinct_id.chars().take(LONGEST_DISTINCT_ID).collect(),
            properties,
            timestamp: stated.stored(now),
            received_at: now,
        })
    }
}
