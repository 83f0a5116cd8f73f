//! Ingestion warnings: PostHog's records of dropped or changed events. They are debounced, so their count is not the number of
//! events.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::event::Event;
use super::moment::Moment;

/// At most one warning per project and kind in this time: an hour.
const DEBOUNCE_MS: i64 = 3600 * 1000;

const TRANSFORMATION_ID: &str = "0195d3a0-0000-7000-8000-000000000005";

#[derive(Debug, Clone)]
pub(super) struct Warning {
    pub(super) project: u32,
    pub(super) source: &'static str,
    pub(super) kind: &'static str,
    /// A JSON object, as text.
    pub(super) details: String,
    pub(super) timestamp: Moment,
}

#[derive(Debug, Default)]
pub(super) struct Warnings {
    unwritten: Vec<Warning>,
    last: HashMap<(u32, &'static str), Moment>,
}

impl Warnings {
    pub(super) fn dropped_by_transformation(&mut self, event: &Event) {
        let details = json!({
            "eventUuid": event.uuid.to_string(),
            "event": event.name,
            "distinctId": event.distinct_id,
            "transformationId": TRANSFORMATION_ID,
            "transformationName": "Drop events",
            "category": "transformation",
            "severity": "info",
            "pipelineStep": "hog-transform",
        });
        self.write(event.project, "event_dropped_by_transformation", &details, event.received_at);
    }

    pub(super) fn take(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.unwritten)
    }

    fn write(&mut self, project: u32, kind: &'static str, details: &Value, now: Moment) {
        let last = self.last.get(&(project, kind));
        if last.is_some_and(|last| now < last.plus_ms(DEBOUNCE_MS)) {
            return;
        }
        self.last.insert((project, kind), now);
        self.unwritten.push(Warning { project, source: "plugin-server", kind, details: details.to_string(), timestamp: now });
    }
}

/// A warning as it is stored.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) source: String,
    pub(super) kind: String,
    pub(super) details: Map<String, Value>,
    pub(super) timestamp: Moment,
}

impl Written {
    fn detail(&self, name: &str) -> Value {
        self.details.get(name).cloned().unwrap_or(Value::Null)
    }

    pub(super) fn detail_or(&self, name: &str, default: &str) -> Value {
        self.details.get(name).cloned().unwrap_or_else(|| default.into())
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "timestamp": self.timestamp.iso(),
            "source": self.source,
            "pipeline_step": self.detail_or("pipelineStep", "unknown"),
            "event_uuid": self.detail("eventUuid"),
            "distinct_id": self.detail("distinctId"),
            "person_id": self.detail("personId"),
            "group_key": self.detail("groupKey"),
            "details": self.details,
        })
    }
}
