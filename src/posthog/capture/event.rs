//! The request bodies and headers of capture v0 and v1.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::Event;
use crate::model::Timestamp;
use crate::posthog::{AGENT, NAME, VERSION};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SDK_INFO: HeaderName = HeaderName::from_static("posthog-sdk-info");
const ATTEMPT: HeaderName = HeaderName::from_static("posthog-attempt");
const REQUEST_ID: HeaderName = HeaderName::from_static("posthog-request-id");
const REQUEST_TIMESTAMP: HeaderName = HeaderName::from_static("posthog-request-timestamp");

struct Iso(Timestamp);

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
struct Properties {
    #[serde(rename = "$timestamp")]
    slot: Iso,
    /// Without a person profile the event is cheaper. v1 has an option for it.
    #[serde(rename = "$process_person_profile", skip_serializing_if = "Option::is_none")]
    process_person_profile: Option<bool>,
    #[serde(rename = "$geoip_disable")]
    geoip_disable: bool,
    #[serde(rename = "$lib")]
    lib: &'static str,
    #[serde(rename = "$lib_version")]
    lib_version: &'static str,
}

/// No `sent_at`: with it, PostHog would shift the timestamp by the network's delay and store a retry as a second event.
#[derive(Serialize)]
struct V0<'a> {
    api_key: &'a str,
    event: &'a str,
    distinct_id: &'a str,
    uuid: Uuid,
    timestamp: Iso,
    properties: Properties,
}

#[derive(Serialize)]
struct V1<'a> {
    created_at: Iso,
    batch: [V1Event<'a>; 1],
}

#[derive(Serialize)]
struct V1Event<'a> {
    event: &'a str,
    uuid: Uuid,
    distinct_id: &'a str,
    timestamp: Iso,
    options: V1Options,
    properties: Properties,
}

#[derive(Serialize)]
struct V1Options {
    process_person_profile: bool,
    disable_skew_correction: bool,
}

pub(super) fn v0_body(event: &Event<'_>) -> Bytes {
    in_json(&V0 {
        api_key: event.token.as_str(),
        event: event.name,
        distinct_id: &event.beat.distinct_id,
        uuid: event.beat.uuid,
        timestamp: Iso(event.timestamp),
        properties: properties(event, Some(false)),
    })
}

pub(super) fn v1_body(event: &Event<'_>) -> Bytes {
    in_json(&V1 {
        created_at: Iso(event.timestamp),
        batch: [V1Event {
            event: event.name,
            uuid: event.beat.uuid,
            distinct_id: &event.beat.distinct_id,
            timestamp: Iso(event.timestamp),
            options: V1Options { process_person_profile: false, disable_skew_correction: true },
            properties: properties(event, None),
        }],
    })
}

pub(super) fn v0_headers() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(USER_AGENT, AGENT);
    headers
}

pub(super) fn v1_headers(event: &Event<'_>) -> HeaderMap {
    let mut headers = v0_headers();
    headers.insert(AUTHORIZATION, ascii(&format!("Bearer {}", event.token.as_str())));
    headers.insert(SDK_INFO, ascii(&format!("{NAME}/{VERSION}")));
    // The same in every try.
    headers.insert(REQUEST_ID, ascii(&event.beat.uuid.to_string()));
    headers
}

/// Headers of v1 that change with each try.
pub(super) fn stamp_attempt(headers: &mut HeaderMap, tries: u8, now: Timestamp) {
    headers.insert(ATTEMPT, HeaderValue::from(u16::from(tries)));
    headers.insert(REQUEST_TIMESTAMP, ascii(&now.to_string()));
}

fn properties(event: &Event<'_>, process_person_profile: Option<bool>) -> Properties {
    Properties { slot: Iso(event.beat.slot), process_person_profile, geoip_disable: true, lib: NAME, lib_version: VERSION }
}

fn in_json(body: &impl Serialize) -> Bytes {
    let mut written = Vec::with_capacity(512);
    if let Err(wrong) = serde_json::to_writer(&mut written, body) {
        unreachable!("a body of plain values was not written: {wrong}");
    }
    written.into()
}

/// Tokens, uuids and times are printable ASCII, so they are valid in a header.
fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
