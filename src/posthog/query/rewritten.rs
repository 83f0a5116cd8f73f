//! Finds an event that a proxy stored under another uuid, by its properties. Reading properties is expensive, so this is done only when an
//! event is missing.

use std::fmt::Write as _;

use serde_json::Value;
use uuid::Uuid;

use super::ProjectPath;
use super::answer::{self, arrival, rows};
use super::failure;
use super::readback::ask_query;
use super::statement::{Span, literal};
use crate::model::{Arrival, PersonalKey, ReadbackError, Timestamp};
use crate::posthog::NAME;
use crate::posthog::client::Client;

#[derive(Debug, Clone)]
pub struct Sent<'a> {
    pub base: &'a str,
    pub key: &'a PersonalKey,
    pub project: ProjectPath,
    pub event: &'a str,
    pub slot: Timestamp,
    /// Not found under this uuid.
    pub uuid: Uuid,
    pub now: Timestamp,
}

#[must_use]
pub fn statement_of_rewritten(sent: &Sent<'_>) -> String {
    let mut text = String::with_capacity(700);
    text.push_str("SELECT 'rewritten' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS at_ms, count() AS seen FROM events WHERE ");
    Span::between(sent.slot, sent.slot.max(sent.now), sent.now).write(&mut text);
    text.push_str(" AND event = ");
    literal(&mut text, &sent.event);
    // As a string: PostHog converts properties that look like a time.
    let slot = format!("JSONExtractString(properties, '$timestamp') = '{}'", sent.slot);
    let _ = write!(text, " AND properties.$lib = '{NAME}' AND {slot} AND uuid != '{}' GROUP BY uuid LIMIT 100", sent.uuid);
    text
}

pub async fn readback_rewritten(client: &Client, sent: &Sent<'_>) -> Result<Vec<Arrival>, ReadbackError> {
    let (heard, answer) = ask_query(client, sent.base, sent.project, sent.key, &statement_of_rewritten(sent)).await?;
    let read = rows(&answer).and_then(|rows| {
        let found = rows.iter().map(|row| match row.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), id, at, count]) if kind == "rewritten" => arrival(id, at, count),
            _ => None,
        });
        found.collect::<Option<Vec<_>>>().ok_or_else(|| answer::strange("an unexpected row", &answer))
    });
    read.map_err(|fault| failure::strange(fault, &heard, sent.key))
}
