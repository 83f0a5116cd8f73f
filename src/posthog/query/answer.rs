//! The rows of an answer. Nothing in them is trusted to have the right shape.

use serde_json::Value;
use uuid::Uuid;

use crate::model::{Arrival, ReadbackErrorKind, Timestamp, Traffic};

/// What the rows say.
pub(super) struct Rows {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) traffic: Traffic,
}

/// An answer with the right status that tells nothing.
pub(super) struct Fault {
    pub(super) trouble: ReadbackErrorKind,
    /// What is wrong with it, in our words.
    pub(super) note: Option<String>,
    /// The part of it that says so; where there is none, its beginning.
    pub(super) said: Option<String>,
}

/// Reads the answer to the question of this stamp. One that PostHog calls cached is as good: two read-backs that ask the same at once are joined, and
/// the stamp says that no other question was answered.
pub(super) fn read(answer: &Value, stamp: &str) -> Result<Rows, Fault> {
    let results = rows(answer)?;
    let mut rows = Rows { arrivals: Vec::with_capacity(results.len()), traffic: Traffic::default() };
    let mut has_traffic = false;
    for row in results {
        match row.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), id, at, count, _, _]) if kind == "beat" => {
                rows.arrivals.push(arrival(id, at, count).ok_or_else(|| strange("a row that is no beat", row))?);
            }
            Some([Value::String(kind), id, newest, count, watched_newest, watched]) if kind == "traffic" => {
                if id != stamp {
                    // What is not in it may have arrived since.
                    return Err(strange("the answer to an older question (a cache stands between)", row));
                }
                let of_traffic = || strange("a row that is no count", row);
                (rows.traffic.others, rows.traffic.newest) = counted(newest, count).ok_or_else(of_traffic)?;
                (rows.traffic.watched, rows.traffic.watched_newest) = counted(watched_newest, watched).ok_or_else(of_traffic)?;
                has_traffic = true;
            }
            _ => return Err(strange("a row that was not asked for", row)),
        }
    }
    if has_traffic { Ok(rows) } else { Err(strange("an answer without its last row", answer)) }
}

/// The rows of an answer that is one.
pub(super) fn rows(answer: &Value) -> Result<&[Value], Fault> {
    match answer.get("error") {
        None | Some(Value::Null) => {}
        Some(error) => return Err(Fault { trouble: ReadbackErrorKind::Broken, note: None, said: Some(text(error)) }),
    }
    answer.get("results").and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| strange("an answer without `results`", answer))
}

/// An event: its uuid, when it was ingested, how many rows of it there are.
pub(super) fn arrival(id: &Value, ingested: &Value, copies: &Value) -> Option<Arrival> {
    let uuid = Uuid::try_parse(id.as_str()?).ok()?;
    let copies = u32::try_from(whole(copies)?).ok()?;
    Some(Arrival { uuid, ingested: Timestamp::from_ms(whole(ingested)?), copies })
}

/// How many events there are, and the newest time among them: of no events it is 1970 in ClickHouse, or nothing.
fn counted(newest: &Value, count: &Value) -> Option<(u64, Option<Timestamp>)> {
    let count = u64::try_from(whole(count)?).ok()?;
    let newest = if count == 0 { None } else { Some(Timestamp::from_ms(whole(newest)?)) };
    Some((count, newest))
}

/// A whole number. ClickHouse writes those of 64 bits as text when it makes the JSON itself.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// An answer that PostHog would not give.
pub(super) fn strange(what: &str, value: &Value) -> Fault {
    Fault { trouble: ReadbackErrorKind::NotPostHog, note: Some(what.to_owned()), said: Some(text(value)) }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
