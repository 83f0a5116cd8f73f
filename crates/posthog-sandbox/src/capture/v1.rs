//! Capture v1: accepts a batch with required headers; answers with a result per event; errors are JSON.

use std::collections::HashSet;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::rejection::Wire;
use super::stamp::Stated;
use super::{Arrived, token, with_faults};
use crate::body::{self, Encoding};
use crate::event::Event;
use crate::instance::Instance;
use crate::moment::Moment;
use crate::project::Project;

/// `Authorization` is checked before these.
const REQUIRED: [&str; 6] =
    ["posthog-sdk-info", "posthog-attempt", "posthog-request-id", "posthog-request-timestamp", "content-type", "user-agent"];

/// The limit of an event name and of a distinct id, in bytes.
const LONGEST: usize = 200;

/// Capture v1 rejects these distinct ids in any case: they come from mistakes in the sender.
const REJECTED_DISTINCT_IDS: [&str; 20] = [
    "0",
    "00000000-0000-0000-0000-000000000000",
    "[object object]",
    "anonymous",
    "anonymous-user",
    "backend",
    "distinct_id",
    "distinctid",
    "email",
    "false",
    "guest",
    "id",
    "nan",
    "none",
    "not_authenticated",
    "null",
    "system",
    "true",
    "undefined",
    "user",
];

pub(crate) async fn take(State(instance): State<Instance>, request: Request) -> Response {
    if instance.faults().instance.is_old() {
        return super::nowhere().await.into_response();
    }
    with_faults(&instance, request, Wire::V1, |instance, arrived| match accept(instance, arrived) {
        Ok(results) => Json(json!({"results": results})).into_response(),
        Err(problem) => problem.into_response(),
    })
    .await
}

#[derive(Deserialize)]
struct Batch {
    created_at: String,
    batch: Vec<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    event: String,
    uuid: String,
    distinct_id: String,
    timestamp: String,
    #[serde(default)]
    options: Value,
    #[serde(default = "no_properties")]
    properties: Value,
}

fn no_properties() -> Value {
    Value::Object(Map::new())
}

struct Headers<'a> {
    project: &'static Project,
    library: (&'a str, Option<&'a str>),
    encoding: Option<Encoding>,
    /// By the sender's clock.
    sent_at: Moment,
}

/// Accepts the valid events; the result has an entry for every event.
fn accept(instance: &Instance, arrived: &Arrived) -> Result<Map<String, Value>, Problem> {
    let now = instance.now();
    let headers = Headers::read(instance, &arrived.head)?;
    let batch = parsed(arrived, headers.encoding)?;
    let faults = instance.faults().capture;
    if faults.over_quota {
        return Err(Problem::of_status(StatusCode::PAYMENT_REQUIRED));
    }
    let mut accepted = Vec::new();
    let mut results = Map::new();
    let mut seen = HashSet::new();
    for raw in batch.batch {
        let uuid = Uuid::parse_str(raw.uuid.trim())
            .map_err(|_| Problem::bad("invalid_event_uuid", format!("event submitted with invalid uuid: {}", raw.uuid)))?;
        if !seen.insert(uuid) {
            return Err(Problem::bad("duplicate_event_uuid", format!("duplicate event uuid: {uuid}")));
        }
        let result = match raw.stored(uuid, &headers, now) {
            Ok(event) if faults.restricted.contains(&event.name) => json!({"result": "drop", "details": "event_restriction_drop"}),
            Ok(event) => {
                accepted.push(event);
                json!({"result": "ok"})
            }
            Err(why) => json!({"result": "drop", "details": why}),
        };
        results.insert(uuid.to_string(), result);
    }
    instance.take(accepted);
    Ok(results)
}

fn parsed(arrived: &Arrived, encoding: Option<Encoding>) -> Result<Batch, Problem> {
    let body = arrived.body.as_ref().map_err(Problem::from)?;
    if body.is_empty() {
        return Err(Problem::bad("empty_body", "request body is empty"));
    }
    let unpacked = encoding.map(|encoding| body::unpack(body, encoding)).transpose().map_err(|bad| Problem::from(&bad))?;
    let batch: Batch = serde_json::from_slice(unpacked.as_deref().unwrap_or(body))
        .map_err(|_| Problem::bad("request_parsing_error", "Failed to parse request body."))?;
    if batch.batch.is_empty() {
        return Err(Problem::bad("empty_batch", "request batch is empty"));
    }
    if Moment::parse(&batch.created_at).is_none() {
        let why = format!("invalid batch: created_at is not valid RFC 3339: {}", batch.created_at);
        return Err(Problem::bad("invalid_batch", why));
    }
    Ok(batch)
}

impl<'a> Headers<'a> {
    fn read(instance: &Instance, head: &'a Parts) -> Result<Self, Problem> {
        let headers = &head.headers;
        if !headers.contains_key(header::AUTHORIZATION) {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "missing_authorization", "request is missing the Authorization header"));
        }
        let missing = REQUIRED.iter().filter(|name| !headers.contains_key(**name)).collect::<Vec<_>>();
        if !missing.is_empty() {
            return Err(Problem::bad("missing_required_headers", format!("request is missing required headers: {missing:?}")));
        }
        let project = project_of(instance, header_text(headers, "authorization")?)?;
        let media_type = header_text(headers, "content-type")?;
        if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(unsupported("unsupported_content_type", format!("unsupported content type: {media_type}")));
        }
        let encoding = if headers.contains_key(header::CONTENT_ENCODING) {
            let word = header_text(headers, "content-encoding")?;
            let why = || unsupported("unsupported_encoding", format!("unsupported content encoding: {word}"));
            Some(Encoding::parse(word).ok_or_else(why)?)
        } else {
            None
        };
        let request_id = header_text(headers, "posthog-request-id")?;
        Uuid::parse_str(request_id).map_err(|_| invalid(&format!("posthog-request-id is not a valid UUID: {request_id}")))?;
        let attempt = header_text(headers, "posthog-attempt")?;
        if !attempt.parse::<u32>().is_ok_and(|attempt| attempt > 0) {
            return Err(invalid(&format!("posthog-attempt must be a positive integer: {attempt}")));
        }
        let sent_at = header_text(headers, "posthog-request-timestamp")?;
        let sent_at =
            Moment::parse(sent_at).ok_or_else(|| invalid(&format!("posthog-request-timestamp is not valid RFC 3339: {sent_at}")))?;
        let sdk = header_text(headers, "posthog-sdk-info")?;
        let library = sdk.split_once('/').map_or((sdk, None), |(name, version)| (name, Some(version)));
        Ok(Self { project, library, encoding, sent_at })
    }
}

/// Unlike v0, v1 rejects unknown tokens.
fn project_of(instance: &Instance, authorization: &str) -> Result<&'static Project, Problem> {
    let bearer = authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = bearer.ok_or_else(|| invalid("Authorization must use Bearer scheme"))?;
    let known = token::check(token).ok().and_then(Project::of_token).filter(|_| !instance.faults().capture.unknown_token);
    known.ok_or_else(|| Problem::of_status(StatusCode::UNAUTHORIZED))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Problem> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    text.ok_or_else(|| invalid(&format!("{name} contains non-visible ASCII characters")))
}

fn invalid(what: &str) -> Problem {
    Problem::bad("invalid_header_value", format!("invalid header value: {what}"))
}

fn unsupported(tag: &'static str, description: String) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, tag, description)
}

/// Why an event is dropped, in v1's own words.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum DropReason {
    MissingEventName,
    EventNameTooLong,
    MissingDistinctId,
    DistinctIdTooLarge,
    MalformedDistinctId,
    InvalidEventTimestamp,
    MalformedEventProperties,
    InvalidOptions,
}

impl RawEvent {
    fn stored(self, uuid: Uuid, headers: &Headers<'_>, now: Moment) -> Result<Event, DropReason> {
        let distinct_id = self.distinct_id.trim();
        if self.event.is_empty() {
            return Err(DropReason::MissingEventName);
        }
        if self.event.len() > LONGEST {
            return Err(DropReason::EventNameTooLong);
        }
        if distinct_id.is_empty() {
            return Err(DropReason::MissingDistinctId);
        }
        if distinct_id.len() > LONGEST {
            return Err(DropReason::DistinctIdTooLarge);
        }
        if REJECTED_DISTINCT_IDS.iter().any(|rejected| distinct_id.eq_ignore_ascii_case(rejected)) {
            return Err(DropReason::MalformedDistinctId);
        }
        let timestamp = Moment::parse(&self.timestamp).ok_or(DropReason::InvalidEventTimestamp)?;
        let Value::Object(mut properties) = self.properties else { return Err(DropReason::MalformedEventProperties) };
        let options = Options::read(&self.options)?;
        if let Some(profile) = options.process_person_profile {
            properties.insert("$process_person_profile".into(), profile.into());
        }
        // From the header, unless the event has its own `$lib`.
        let (library, version) = headers.library;
        for (name, value) in [("$lib", Some(library)), ("$lib_version", version)] {
            if let Some(value) = value {
                properties.entry(name).or_insert_with(|| value.into());
            }
        }
        let stated = Stated { timestamp: Some(timestamp), sent_at: (!options.disable_skew_correction).then_some(headers.sent_at) };
        Ok(Event {
            project: headers.project.id,
            uuid,
            name: self.event,
            distinct_id: distinct_id.to_owned(),
            properties: Value::Object(properties).to_string(),
            timestamp: stated.stored(now),
            received_at: now,
        })
    }
}

#[derive(Default)]
struct Options {
    process_person_profile: Option<bool>,
    disable_skew_correction: bool,
}

impl Options {
    fn read(value: &Value) -> Result<Self, DropReason> {
        let options = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(options) => options,
            _ => return Err(DropReason::InvalidOptions),
        };
        let flag =
            |name: &str| options.get(name).filter(|value| !value.is_null()).map(|value| truth(value).ok_or(DropReason::InvalidOptions));
        Ok(Self {
            process_person_profile: flag("process_person_profile").transpose()?,
            disable_skew_correction: flag("disable_skew_correction").transpose()?.unwrap_or(false),
        })
    }
}

/// v1 accepts booleans, numbers and strings.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
