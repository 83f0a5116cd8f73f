//! An event that was sent and is not there under its uuid: a proxy that writes events anew gives them uuids of its own. It is found by what we
//! wrote into it. Not a part of every read-back: it reads properties, and is asked for only when an event stays away.

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

/// An event that was sent, and where it is looked for.
#[derive(Debug, Clone)]
pub struct Sent<'a> {
    /// The API's base address.
    pub base: &'a str,
    /// Who asks.
    pub key: &'a PersonalKey,
    /// In which project.
    pub project: ProjectPath,
    /// Its name.
    pub event: &'a str,
    /// What its property `$timestamp` says: the beat's slot.
    pub slot: Timestamp,
    /// Under this uuid it was not found.
    pub uuid: Uuid,
    /// When it is asked for.
    pub now: Timestamp,
}

/// The text of the question.
#[must_use]
pub fn statement_of_rewritten(sent: &Sent<'_>) -> String {
    let mut text = String::with_capacity(700);
    text.push_str("SELECT 'rewritten' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS at_ms, count() AS seen FROM events WHERE ");
    Span::between(sent.slot, sent.slot.max(sent.now), sent.now).write(&mut text);
    text.push_str(" AND event = ");
    literal(&mut text, &sent.event);
    // Taken out as a text: PostHog makes a time of a property that it holds to be one.
    let slot = format!("JSONExtractString(properties, '$timestamp') = '{}'", sent.slot);
    let _ = write!(text, " AND properties.$lib = '{NAME}' AND {slot} AND uuid != '{}' GROUP BY uuid LIMIT 100", sent.uuid);
    text
}

/// Looks for an event by what we wrote into it; gives what is there under other uuids.
///
/// # Errors
/// [`LookFailure`] says what stood in the way.
pub async fn readback_rewritten(client: &Client, sent: &Sent<'_>) -> Result<Vec<Arrival>, ReadbackError> {
    let (heard, answer) = ask_query(client, sent.base, sent.project, sent.key, &statement_of_rewritten(sent)).await?;
    let read = rows(&answer).and_then(|rows| {
        let found = rows.iter().map(|row| match row.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), id, at, count]) if kind == "rewritten" => arrival(id, at, count),
            _ => None,
        });
        found.collect::<Option<Vec<_>>>().ok_or_else(|| answer::strange("a row that was not asked for", &answer))
    });
    read.map_err(|fault| failure::strange(fault, &heard, sent.key))
}
