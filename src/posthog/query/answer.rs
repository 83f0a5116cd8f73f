//! Parses the rows of an answer without trusting their shape.

use serde_json::Value;
use uuid::Uuid;

use crate::model::{Arrival, ReadbackErrorKind, Timestamp, Traffic};

pub(super) struct Rows {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) traffic: Traffic,
}

pub(super) struct Fault {
    pub(super) kind: ReadbackErrorKind,
    pub(super) note: Option<String>,
    pub(super) said: Option<String>,
}

/// Parses the answer to the query with this stamp. A cached answer is accepted: PostHog joins two identical read-backs, and the stamp shows
/// that it belongs to this query.
pub(super) fn read(answer: &Value, stamp: &str) -> Result<Rows, Fault> {
    let results = rows(answer)?;
    let mut rows = Rows { arrivals: Vec::with_capacity(results.len()), traffic: Traffic::default() };
    let mut has_traffic = false;
    for row in results {
        match row.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), id, at, count, _, _]) if kind == "beat" => {
                rows.arrivals.push(arrival(id, at, count).ok_or_else(|| strange("a row that is not a beat", row))?);
            }
            Some([Value::String(kind), id, newest, count, watched_newest, watched]) if kind == "traffic" => {
                if id != stamp {
                    // Events that it lacks may have arrived since.
                    return Err(strange("the answer to an older query (from a cache in between)", row));
                }
                let of_traffic = || strange("a row that is not a count", row);
                (rows.traffic.others, rows.traffic.newest) = counted(newest, count).ok_or_else(of_traffic)?;
                (rows.traffic.watched, rows.traffic.watched_newest) = counted(watched_newest, watched).ok_or_else(of_traffic)?;
                has_traffic = true;
            }
            _ => return Err(strange("an unexpected row", row)),
        }
    }
    if has_traffic { Ok(rows) } else { Err(strange("an answer without its last row", answer)) }
}

/// The rows, unless the answer is an error.
pub(super) fn rows(answer: &Value) -> Result<&[Value], Fault> {
    match answer.get("error") {
        None | Some(Value::Null) => {}
        Some(error) => return Err(Fault { kind: ReadbackErrorKind::Broken, note: None, said: Some(text(error)) }),
    }
    answer.get("results").and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| strange("an answer without `results`", answer))
}

pub(super) fn arrival(id: &Value, ingested: &Value, copies: &Value) -> Option<Arrival> {
    let uuid = Uuid::try_parse(id.as_str()?).ok()?;
    let copies = u32::try_from(whole(copies)?).ok()?;
    Some(Arrival { uuid, ingested: Timestamp::from_ms(whole(ingested)?), copies })
}

/// Parses number and newest time. Without events the time is 1970 in ClickHouse, or null.
fn counted(newest: &Value, count: &Value) -> Option<(u64, Option<Timestamp>)> {
    let count = u64::try_from(whole(count)?).ok()?;
    let newest = if count == 0 { None } else { Some(Timestamp::from_ms(whole(newest)?)) };
    Some((count, newest))
}

/// An integer. ClickHouse writes 64-bit integers as text when it creates the JSON itself.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn strange(what: &str, value: &Value) -> Fault {
    Fault { kind: ReadbackErrorKind::NotPostHog, note: Some(what.to_owned()), said: Some(text(value)) }
}

/// The text itself, or the JSON of anything else.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
