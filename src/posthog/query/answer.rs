//! The rows of an answer. Nothing in them is trusted to have the right shape.

use serde_json::Value;
use uuid::Uuid;

use crate::model::{Arrival, LookTrouble, Timestamp, Traffic};

/// What the rows say.
pub(super) struct Rows {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) traffic: Traffic,
}

/// An answer with the right status that tells nothing.
pub(super) struct Fault {
    pub(super) trouble: LookTrouble,
    pub(super) words: String,
}

/// Reads the answer to a question.
pub(super) fn read(answer: &Value) -> Result<Rows, Fault> {
    match answer.get("error") {
        None | Some(Value::Null) => {}
        Some(error) => return Err(Fault { trouble: LookTrouble::Broken, words: text(error) }),
    }
    if answer.get("is_cached") == Some(&Value::Bool(true)) {
        // What is not in an old answer may have arrived since.
        return Err(Fault { trouble: LookTrouble::Broken, words: "answered from its cache, although asked for a fresh answer".into() });
    }
    let Some(results) = answer.get("results").and_then(Value::as_array) else {
        return Err(strange("an answer without `results`", answer));
    };
    let mut rows = Rows { arrivals: Vec::with_capacity(results.len()), traffic: Traffic::default() };
    let (mut has_traffic, mut has_watched) = (false, false);
    for row in results {
        match row.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), id, at, count]) if kind == "beat" => {
                rows.arrivals.push(arrival(id, at, count).ok_or_else(|| strange("a row that is no beat", row))?);
            }
            Some([Value::String(kind), _, newest, count]) if kind == "traffic" => {
                (rows.traffic.others, rows.traffic.newest) =
                    counted(newest, count).ok_or_else(|| strange("a row that is no count", row))?;
                has_traffic = true;
            }
            Some([Value::String(kind), _, newest, count]) if kind == "watched" => {
                (rows.traffic.watched, rows.traffic.watched_newest) =
                    counted(newest, count).ok_or_else(|| strange("a row that is no count", row))?;
                has_watched = true;
            }
            _ => return Err(strange("a row that was not asked for", row)),
        }
    }
    if has_traffic && has_watched { Ok(rows) } else { Err(strange("an answer without its last rows", answer)) }
}

fn arrival(id: &Value, ingested: &Value, copies: &Value) -> Option<Arrival> {
    let uuid = Uuid::try_parse(id.as_str()?).ok()?;
    let copies = u32::try_from(whole(copies)?).ok()?;
    Some(Arrival { uuid, ingested: Timestamp::from_ms(whole(ingested)?), copies })
}

/// How many events there are, and the newest timestamp among them: of no events it is 1970 in ClickHouse, or nothing.
fn counted(newest: &Value, count: &Value) -> Option<(u64, Option<Timestamp>)> {
    let count = u64::try_from(whole(count)?).ok()?;
    let newest = if count == 0 { None } else { Some(Timestamp::from_ms(whole(newest)?)) };
    Some((count, newest))
}

/// A whole number. ClickHouse writes those of 64 bits as text when it makes the JSON itself.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn strange(what: &str, value: &Value) -> Fault {
    Fault { trouble: LookTrouble::NotPostHog, words: format!("{what}: `{}`", text(value)) }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
