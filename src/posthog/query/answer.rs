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
    let mut has_traffic = false;
    for row in results {
        match row.as_array().map(Vec::as_slice) {
            Some([Value::String(kind), id, at, count]) if kind == "beat" => {
                rows.arrivals.push(arrival(id, at, count).ok_or_else(|| strange("a row that is no beat", row))?);
            }
            Some([Value::String(kind), _, newest, count]) if kind == "traffic" => {
                rows.traffic = traffic(newest, count).ok_or_else(|| strange("a row that is no count", row))?;
                has_traffic = true;
            }
            _ => return Err(strange("a row that was not asked for", row)),
        }
    }
    if has_traffic { Ok(rows) } else { Err(strange("an answer without its last row", answer)) }
}

fn arrival(id: &Value, ingested: &Value, copies: &Value) -> Option<Arrival> {
    let uuid = Uuid::try_parse(id.as_str()?).ok()?;
    let copies = u32::try_from(whole(copies)?).ok()?;
    Some(Arrival { uuid, ingested: Timestamp::from_ms(whole(ingested)?), copies })
}

/// The newest of no events is 1970 in ClickHouse, or nothing.
fn traffic(newest: &Value, count: &Value) -> Option<Traffic> {
    let others = u64::try_from(whole(count)?).ok()?;
    let newest = if others == 0 { None } else { Some(Timestamp::from_ms(whole(newest)?)) };
    Some(Traffic { others, newest, watched: 0, watched_newest: None })
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
