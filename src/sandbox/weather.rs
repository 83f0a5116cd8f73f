//! The weather: how each part of the sandbox misbehaves at the moment.

use serde::Serialize;
use serde_json::{Map, Value};

/// How many partitions the queue has. A partition is chosen by `token:distinct_id`.
pub(super) const PARTITIONS: u8 = 8;

/// The longest delay and lag that may be asked for: a week, in milliseconds.
const LONGEST_MS: u64 = 7 * 24 * 3600 * 1000;

/// How every part behaves. The default is fair: everything works at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Weather {
    /// What capture does with requests.
    pub capture: CaptureWeather,
    /// What happens to events between capture and the table.
    pub queue: QueueWeather,
    /// What the query API does.
    pub query: QueryWeather,
    /// What the whole says of itself.
    pub instance: InstanceWeather,
}

/// What capture does with requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CaptureWeather {
    /// Answer this status, and take nothing. 3xx carries a `Location`, 5xx and 429 a `Retry-After`.
    pub status: Option<u16>,
    /// The body of that answer; HTML and JSON are recognised by how they begin. Without it, the words that capture uses.
    pub body: Option<String>,
    /// How long each answer is held, in milliseconds of the clock. The event is taken before that.
    pub delay_ms: u64,
    /// The share of events that are answered 200 and then lost, from 0 to 1.
    pub drop_rate: f64,
    /// The share of requests whose connection is cut before anything is taken, from 0 to 1.
    pub reset_rate: f64,
    /// The share of requests that are taken and whose connection is then cut without an answer, from 0 to 1.
    pub lose_answer_rate: f64,
    /// The project's token is no longer known: v0 answers 200 and drops, v1 and flags answer 401.
    pub unknown_token: bool,
    /// The events quota is used up: v0 answers 200 and drops, v1 answers 402.
    pub over_quota: bool,
}

/// What happens to events between capture and the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct QueueWeather {
    /// Nothing is ingested; what was accepted waits until the queue is started again, and is ingested then.
    pub stopped: bool,
    /// The same for some of the partitions (0 to 7).
    pub stopped_partitions: Vec<u8>,
    /// How long an event takes from capture to the table, in milliseconds of the clock.
    pub lag_ms: u64,
    /// The share of events that are ingested twice; the second row is merged away late, as ClickHouse does, from 0 to 1.
    pub duplicate_rate: f64,
}

/// What the query API does.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct QueryWeather {
    /// Answer this status with the body that PostHog gives it. 401 holds for the whole private API: the key is wrong.
    pub status: Option<u16>,
    /// The body of that answer instead of PostHog's own.
    pub body: Option<String>,
    /// The `Retry-After` of a 429 or a 503, in seconds.
    pub retry_after_s: Option<u32>,
    /// How long each answer is held, in milliseconds of the clock.
    pub delay_ms: u64,
}

/// What the whole says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct InstanceWeather {
    /// The parts that `/_preflight` says are down. It is said and nothing else: what they do is other weather.
    pub down: Vec<String>,
}

/// The parts whose state `/_preflight` tells.
pub(super) const PARTS: [&str; 6] = ["redis", "plugins", "celery", "clickhouse", "kafka", "db"];

/// Weather that was asked for and does not exist: every wrong field with its reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct BadWeather(pub Vec<String>);

impl QueueWeather {
    /// Whether events of this partition wait.
    pub(super) fn holds(&self, partition: u8) -> bool {
        self.stopped || self.stopped_partitions.contains(&partition)
    }
}

impl Weather {
    /// This weather with `change` merged in.
    ///
    /// # Errors
    /// Names every field that is wrong.
    pub(super) fn changed(&self, change: &Value) -> Result<Self, BadWeather> {
        let Value::Object(sections) = change else {
            return Err(BadWeather(vec!["the weather must be a JSON object with `capture`, `queue`, `query` or `instance` in it".into()]));
        };
        let mut next = self.clone();
        let mut wrong = Vec::new();
        for (name, section) in sections {
            match name.as_str() {
                "capture" => merge(name, section, &mut next.capture, CaptureWeather::set, &mut wrong),
                "queue" => merge(name, section, &mut next.queue, QueueWeather::set, &mut wrong),
                "query" => merge(name, section, &mut next.query, QueryWeather::set, &mut wrong),
                "instance" => merge(name, section, &mut next.instance, InstanceWeather::set, &mut wrong),
                _ => wrong.push(format!("{name}: there is no such part; there are capture, queue, query, instance")),
            }
        }
        if wrong.is_empty() { Ok(next) } else { Err(BadWeather(wrong)) }
    }
}

impl CaptureWeather {
    fn set(&mut self, field: &str, value: &Value) -> Result<(), String> {
        match field {
            "status" => self.status = optional(value, status)?,
            "body" => self.body = optional(value, text)?,
            "delay_ms" => self.delay_ms = millis(value)?,
            "drop_rate" => self.drop_rate = rate(value)?,
            "reset_rate" => self.reset_rate = rate(value)?,
            "lose_answer_rate" => self.lose_answer_rate = rate(value)?,
            "unknown_token" => self.unknown_token = flag(value)?,
            "over_quota" => self.over_quota = flag(value)?,
            _ => {
                return Err("there is no such field; there are status, body, delay_ms, drop_rate, reset_rate, lose_answer_rate, \
                            unknown_token, over_quota"
                    .into());
            }
        }
        Ok(())
    }
}

impl QueueWeather {
    fn set(&mut self, field: &str, value: &Value) -> Result<(), String> {
        match field {
            "stopped" => self.stopped = flag(value)?,
            "stopped_partitions" => self.stopped_partitions = partitions(value)?,
            "lag_ms" => self.lag_ms = millis(value)?,
            "duplicate_rate" => self.duplicate_rate = rate(value)?,
            _ => return Err("there is no such field; there are stopped, stopped_partitions, lag_ms, duplicate_rate".into()),
        }
        Ok(())
    }
}

impl QueryWeather {
    fn set(&mut self, field: &str, value: &Value) -> Result<(), String> {
        match field {
            "status" => self.status = optional(value, status)?,
            "body" => self.body = optional(value, text)?,
            "retry_after_s" => self.retry_after_s = optional(value, seconds)?,
            "delay_ms" => self.delay_ms = millis(value)?,
            _ => return Err("there is no such field; there are status, body, retry_after_s, delay_ms".into()),
        }
        Ok(())
    }
}

impl InstanceWeather {
    fn set(&mut self, field: &str, value: &Value) -> Result<(), String> {
        match field {
            "down" => self.down = parts(value)?,
            _ => return Err("there is no such field; there is down".into()),
        }
        Ok(())
    }
}

/// Sets each field of one part, and collects what is wrong with them. A `null` part is fair again.
fn merge<T: Default>(
    part: &str,
    change: &Value,
    into: &mut T,
    set: impl Fn(&mut T, &str, &Value) -> Result<(), String>,
    wrong: &mut Vec<String>,
) {
    match change {
        Value::Null => *into = T::default(),
        Value::Object(fields) => {
            for (field, value) in fields {
                if let Err(why) = set(into, field, value) {
                    wrong.push(format!("{part}.{field}: {why}"));
                }
            }
        }
        _ => wrong.push(format!("{part}: must be an object")),
    }
}

fn optional<T>(value: &Value, read: impl Fn(&Value) -> Result<T, String>) -> Result<Option<T>, String> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}

fn status(value: &Value) -> Result<u16, String> {
    bounded(value, 200, 599).map(|status| status as u16).ok_or_else(|| "must be an HTTP status from 200 to 599, or null".into())
}

fn seconds(value: &Value) -> Result<u32, String> {
    bounded(value, 0, 86_400).map(|seconds| seconds as u32).ok_or_else(|| "must be whole seconds from 0 to 86400, or null".into())
}

fn millis(value: &Value) -> Result<u64, String> {
    if value.is_null() {
        return Ok(0);
    }
    bounded(value, 0, LONGEST_MS).ok_or_else(|| format!("must be whole milliseconds from 0 to {LONGEST_MS} (a week)"))
}

fn bounded(value: &Value, least: u64, most: u64) -> Option<u64> {
    value.as_u64().filter(|number| (least..=most).contains(number))
}

fn rate(value: &Value) -> Result<f64, String> {
    match value {
        Value::Null => Ok(0.0),
        _ => value.as_f64().filter(|rate| (0.0..=1.0).contains(rate)).ok_or_else(|| "must be a share from 0 to 1".into()),
    }
}

fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Null => Ok(false),
        _ => value.as_bool().ok_or_else(|| "must be true or false".into()),
    }
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be text, or null".into())
}

fn partitions(value: &Value) -> Result<Vec<u8>, String> {
    let wrong = || format!("must be a list of partitions from 0 to {}", PARTITIONS - 1);
    let listed = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(listed) => listed,
        _ => return Err(wrong()),
    };
    let mut partitions = listed
        .iter()
        .map(|one| bounded(one, 0, u64::from(PARTITIONS) - 1).map(|partition| partition as u8).ok_or_else(wrong))
        .collect::<Result<Vec<_>, _>>()?;
    partitions.sort_unstable();
    partitions.dedup();
    Ok(partitions)
}

fn parts(value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("must be a list of parts out of {}", PARTS.join(", "));
    let listed = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(listed) => listed,
        _ => return Err(wrong()),
    };
    let is_part = |name: &&str| PARTS.contains(name);
    listed.iter().map(|one| one.as_str().filter(is_part).map(str::to_owned).ok_or_else(wrong)).collect()
}

/// The weather as the JSON that `/_sandbox/weather` speaks.
pub(super) fn as_json(weather: &Weather) -> Value {
    serde_json::to_value(weather).unwrap_or_else(|_| Value::Object(Map::new()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let stormy = Weather::default().changed(&json!({"capture": {"status": 503, "delay_ms": 5}, "queue": {"lag_ms": 7}})).unwrap();
        let milder = stormy.changed(&json!({"capture": {"status": null}})).unwrap();
        assert_eq!(milder.capture, CaptureWeather { delay_ms: 5, ..CaptureWeather::default() });
        assert_eq!(milder.queue.lag_ms, 7);
        assert_eq!(milder.changed(&json!({"capture": null, "queue": null})).unwrap(), Weather::default());
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = Weather::default()
            .changed(&json!({
                "capture": {"status": 99, "drop_rate": 1.5, "delay_ms": -1, "unknown_token": "yes", "statsu": 1},
                "queue": {"stopped": 1, "stopped_partitions": [8], "lag_ms": "soon"},
                "query": [],
                "instance": {"down": ["kafka", "sky"], "up": true},
                "sky": {}
            }))
            .unwrap_err()
            .to_string();
        for field in [
            "capture.status:",
            "capture.drop_rate:",
            "capture.delay_ms:",
            "capture.unknown_token:",
            "capture.statsu:",
            "queue.stopped:",
            "queue.stopped_partitions:",
            "queue.lag_ms:",
            "query:",
            "instance.down: must be a list of parts out of redis",
            "instance.up:",
            "sky:",
        ] {
            assert!(wrong.contains(field), "{field} is not in: {wrong}");
        }
    }

    #[test]
    fn parts_are_down_until_they_are_not_named() {
        let down = Weather::default().changed(&json!({"instance": {"down": ["kafka", "db"]}})).unwrap();
        assert_eq!(down.instance.down, ["kafka", "db"]);
        for up in [json!({"instance": {"down": []}}), json!({"instance": {"down": null}}), json!({"instance": null})] {
            assert_eq!(down.changed(&up).unwrap(), Weather::default(), "{up}");
        }
        for wrong in [json!("kafka"), json!([1]), json!(["django"])] {
            assert!(down.changed(&json!({"instance": {"down": wrong}})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn weather_that_is_no_object_is_refused() {
        for wrong in [json!(null), json!([]), json!("rain"), json!(1)] {
            assert!(Weather::default().changed(&wrong).is_err(), "{wrong}");
        }
    }
}
