//! The faults: how each part of the sandbox misbehaves.

mod field;
mod filter;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use filter::{EventFilter, FilterField, FilterMode, FilterNode, FilterOperator};

/// Partitions of the queue.
pub(super) const PARTITIONS: u8 = 8;

/// The faults of every part. The default is no faults.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Faults {
    /// Faults of capture.
    pub capture: CaptureFaults,
    /// Faults between capture and the table.
    pub queue: QueueFaults,
    /// Faults of the query API.
    pub query: QueryFaults,
    /// What the instance reports about itself.
    pub instance: InstanceFaults,
}

/// Faults of capture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureFaults {
    /// Answer this status and accept nothing. 3xx has a `Location`, 5xx and 429 a `Retry-After`.
    #[serde(deserialize_with = "field::status")]
    pub status: Option<u16>,
    /// The body of that answer; `None` is capture's own text. The content type follows from its first character.
    #[serde(deserialize_with = "field::text")]
    pub body: Option<String>,
    /// The delay of each answer, in milliseconds of the clock. The event is accepted before the delay.
    #[serde(deserialize_with = "field::millis")]
    pub delay_ms: u64,
    /// The share of events, from 0 to 1, that are answered 200 and then dropped.
    #[serde(deserialize_with = "field::rate")]
    pub drop_rate: f64,
    /// The share of requests, from 0 to 1, whose connection is closed before the events are accepted.
    #[serde(deserialize_with = "field::rate")]
    pub reset_rate: f64,
    /// The share of requests, from 0 to 1, that are accepted and whose connection is then closed without an answer.
    #[serde(deserialize_with = "field::rate")]
    pub lose_answer_rate: f64,
    /// The projects' tokens are unknown: v0 answers 200 and drops, v1 and flags answer 401.
    #[serde(deserialize_with = "field::flag")]
    pub unknown_token: bool,
    /// The events quota is used up: v0 answers 200 and drops, v1 answers 402, `quota_limits` reports `limited`.
    #[serde(deserialize_with = "field::flag")]
    pub over_quota: bool,
    /// The events quota that `quota_limits` reports. Only `over_quota` drops events.
    #[serde(deserialize_with = "field::quota")]
    pub quota: Option<Quota>,
    /// An event filter drops events with these names: capture answers 200, and there is no ingestion warning.
    #[serde(deserialize_with = "field::names")]
    pub filtered: Vec<String>,
    /// The complete event filter. It replaces `filtered`.
    #[serde(deserialize_with = "field::event_filter")]
    pub event_filter: Option<EventFilter>,
    /// A transformation drops events with these names: capture answers 200, and there is at most one ingestion warning an hour.
    #[serde(deserialize_with = "field::names")]
    pub transformation_drops: Vec<String>,
    /// A restriction by PostHog's staff drops events with these names: v0 answers 200, v1 answers `drop`.
    #[serde(deserialize_with = "field::names")]
    pub restricted: Vec<String>,
}

/// The usage of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Events of this billing period.
    pub usage: u64,
    /// The allowed number of events in this billing period.
    pub limit: u64,
}

/// Faults between capture and the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueFaults {
    /// Nothing is ingested. Accepted events wait until the queue is started again.
    #[serde(deserialize_with = "field::flag")]
    pub stopped: bool,
    /// The same for these partitions only (0 to 7).
    #[serde(deserialize_with = "field::partitions")]
    pub stopped_partitions: Vec<u8>,
    /// The time of an event from capture to the table, in milliseconds of the clock.
    #[serde(deserialize_with = "field::millis")]
    pub lag_ms: u64,
    /// The share of events, from 0 to 1, that are ingested twice. Duplicates are merged after ten minutes.
    #[serde(deserialize_with = "field::rate")]
    pub duplicate_rate: f64,
}

/// Faults of the query API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryFaults {
    /// Answer this status with PostHog's body for it. 401 applies to the whole private API: the key is invalid.
    #[serde(deserialize_with = "field::status")]
    pub status: Option<u16>,
    /// The body of that answer; `None` is PostHog's own.
    #[serde(deserialize_with = "field::text")]
    pub body: Option<String>,
    /// The reason in the body, where PostHog has several for this status: `too_many_bytes` (400), `api_queries_budget_exceeded`
    /// (429). Any other code is sent unchanged.
    #[serde(deserialize_with = "field::code")]
    pub code: Option<String>,
    /// The `Retry-After` of that answer, in seconds.
    #[serde(deserialize_with = "field::seconds")]
    pub retry_after_s: Option<u32>,
    /// The delay of each answer, in milliseconds of the clock.
    #[serde(deserialize_with = "field::millis")]
    pub delay_ms: u64,
    /// Each answer has `is_cached: true`, like the result of an identical running query.
    #[serde(deserialize_with = "field::flag")]
    pub cached: bool,
    /// The hourly read budget: each answer reports the bytes read and remaining; 429 once the budget is used up.
    #[serde(deserialize_with = "field::budget")]
    pub budget: Option<Budget>,
}

/// The read budget of each project's API queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The remaining bytes at the start. At zero and below, queries are rejected immediately.
    pub remaining_bytes: i64,
    /// The refill per hour.
    #[serde(default = "field::default_refill")]
    pub refill_bytes_per_hour: u64,
}

/// What the instance reports about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceFaults {
    /// The parts that `/_preflight` reports as down. Nothing else changes.
    #[serde(deserialize_with = "field::parts")]
    pub down: Vec<String>,
    /// `/_preflight` reports PostHog Cloud US. Nothing else changes.
    #[serde(deserialize_with = "field::flag")]
    pub cloud: bool,
    /// The simulated release.
    pub release: Release,
}

/// A PostHog release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// September 2026.
    #[default]
    Current,
    /// A self-hosted release of 2023: without capture v1, `system` tables in HogQL, `@current` keys, and the addresses that report
    /// dropped events.
    Old,
}

impl InstanceFaults {
    pub(super) fn is_old(&self) -> bool {
        self.release == Release::Old
    }
}

/// The parts that `/_preflight` reports.
pub(super) const PARTS: [&str; 6] = ["redis", "plugins", "celery", "clickhouse", "kafka", "db"];

/// The invalid fields of a change, each with its reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct FaultsError(pub Vec<String>);

impl CaptureFaults {
    pub(super) fn filter(&self) -> Option<EventFilter> {
        let named = || (!self.filtered.is_empty()).then(|| EventFilter::of_names(&self.filtered));
        self.event_filter.clone().or_else(named)
    }
}

impl QueueFaults {
    pub(super) fn holds(&self, partition: u8) -> bool {
        self.stopped || self.stopped_partitions.contains(&partition)
    }
}

impl Faults {
    pub(super) fn changed(&self, change: &Value) -> Result<Self, FaultsError> {
        let Value::Object(sections) = change else {
            return Err(FaultsError(vec!["the faults must be a JSON object with `capture`, `queue`, `query` or `instance`".into()]));
        };
        let mut next = self.clone();
        let mut wrong = Vec::new();
        for (name, section) in sections {
            match name.as_str() {
                "capture" => merge(name, section, &mut next.capture, &mut wrong),
                "queue" => merge(name, section, &mut next.queue, &mut wrong),
                "query" => merge(name, section, &mut next.query, &mut wrong),
                "instance" => merge(name, section, &mut next.instance, &mut wrong),
                _ => wrong.push(format!("{name}: unknown part; the parts are capture, queue, query, instance")),
            }
        }
        if wrong.is_empty() { Ok(next) } else { Err(FaultsError(wrong)) }
    }
}

/// Sets the fields of one part and collects the invalid ones. `null` resets a field, or the whole part.
fn merge<T: Default + Serialize + DeserializeOwned>(part: &str, change: &Value, into: &mut T, wrong: &mut Vec<String>) {
    let fields = match change {
        Value::Null => {
            *into = T::default();
            return;
        }
        Value::Object(fields) => fields,
        _ => return wrong.push(format!("{part}: must be an object")),
    };
    let known = object(&T::default());
    for (field, value) in fields {
        let mut next = object(into);
        // A field that is missing has its default.
        next.retain(|_, value| !value.is_null());
        if value.is_null() && known.contains_key(field) {
            next.remove(field);
        } else {
            next.insert(field.clone(), value.clone());
        }
        match serde_json::from_value(Value::Object(next)) {
            Ok(next) => *into = next,
            Err(why) => wrong.push(format!("{part}.{field}: {why}")),
        }
    }
}

fn object(part: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(part) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let faults = Faults::default().changed(&json!({"capture": {"status": 503, "delay_ms": 5}, "queue": {"lag_ms": 7}})).unwrap();
        let changed = faults.changed(&json!({"capture": {"status": null}})).unwrap();
        assert_eq!(changed.capture, CaptureFaults { delay_ms: 5, ..CaptureFaults::default() });
        assert_eq!(changed.queue.lag_ms, 7);
        assert_eq!(changed.changed(&json!({"capture": null, "queue": null})).unwrap(), Faults::default());
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = Faults::default()
            .changed(&json!({
                "capture": {
                    "status": 99, "drop_rate": 1.5, "delay_ms": -1, "unknown_token": "yes", "statsu": 1,
                    "filtered": "heartbeat", "event_filter": {"mode": "on"}, "restricted": [""], "transformation_drops": [1], "quota": {"usage": 1},
                },
                "queue": {"stopped": 1, "stopped_partitions": [8], "lag_ms": "soon"},
                "query": {"code": "Too many", "budget": {"remaining_bytes": 1, "refill_bytes_per_hour": 0}, "cached": 1},
                "instance": {"down": ["kafka", "sky"], "up": true, "release": "1.43", "cloud": "us"},
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
            "capture.filtered: must be a list",
            "capture.event_filter: must be an event filter",
            "capture.restricted:",
            "capture.transformation_drops:",
            "capture.quota: must be an object with `usage` and `limit`",
            "queue.stopped:",
            "queue.stopped_partitions:",
            "queue.lag_ms:",
            "query.code:",
            "query.budget: must be an object with `remaining_bytes`",
            "query.cached:",
            "instance.release: unknown variant `1.43`, expected `current` or `old`",
            "instance.cloud:",
            "instance.down: must be a list of these parts: redis",
            "instance.up:",
            "sky:",
        ] {
            assert!(wrong.contains(field), "{field} is not in: {wrong}");
        }
    }

    #[test]
    fn parts_are_down_until_they_are_not_named() {
        let down = Faults::default().changed(&json!({"instance": {"down": ["kafka", "db"]}})).unwrap();
        assert_eq!(down.instance.down, ["kafka", "db"]);
        for up in [json!({"instance": {"down": []}}), json!({"instance": {"down": null}}), json!({"instance": null})] {
            assert_eq!(down.changed(&up).unwrap(), Faults::default(), "{up}");
        }
        for wrong in [json!("kafka"), json!([1]), json!(["django"])] {
            assert!(down.changed(&json!({"instance": {"down": wrong}})).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_that_is_no_object_is_refused() {
        for part in ["capture", "queue", "query", "instance"] {
            let wrong = Faults::default().changed(&json!({part: []})).unwrap_err().to_string();
            assert_eq!(wrong, format!("{part}: must be an object"));
        }
    }

    #[test]
    fn each_field_is_fair_again_at_null() {
        let change = json!({
            "capture": {"quota": {"usage": 5, "limit": 10}, "filtered": ["a"], "transformation_drops": ["b"], "restricted": ["c"]},
            "query": {"status": 400, "code": "too_many_bytes", "cached": true, "budget": {"remaining_bytes": -1}},
            "instance": {"cloud": true, "release": "old"},
        });
        let faults = Faults::default().changed(&change).unwrap();
        assert_eq!(faults.capture.quota, Some(Quota { usage: 5, limit: 10 }));
        assert_eq!(faults.query.budget, Some(Budget { remaining_bytes: -1, refill_bytes_per_hour: 20_000_000_000 }));
        assert_eq!(serde_json::to_value(&faults).unwrap()["instance"]["release"], "old");
        let cleared = json!({
            "capture": {"quota": null, "filtered": null, "transformation_drops": null, "restricted": null},
            "query": {"status": null, "code": null, "cached": null, "budget": null},
            "instance": {"cloud": null, "release": null},
        });
        assert_eq!(faults.changed(&cleared).unwrap(), Faults::default());
    }

    #[test]
    fn weather_that_is_no_object_is_refused() {
        for wrong in [json!(null), json!([]), json!("rain"), json!(1)] {
            assert!(Faults::default().changed(&wrong).is_err(), "{wrong}");
        }
    }
}
