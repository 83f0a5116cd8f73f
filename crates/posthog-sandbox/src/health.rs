//! Which PostHog this is, and which of its parts are up: a self-hosted one, unless the faults says otherwise.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::faults::PARTS;
use super::instance::Instance;

/// `GET /_preflight`. While the queue is stopped, the parts that make it run are down.
pub(super) async fn preflight(State(instance): State<Instance>) -> Json<Value> {
    let faults = instance.faults();
    let mut told = json!({
        "django": true,
        "initiated": true,
        "cloud": faults.instance.cloud,
        "demo": false,
        "realm": if faults.instance.cloud { "cloud" } else { "hosted-clickhouse" },
        "region": faults.instance.cloud.then_some("US"),
        "object_storage": true,
        "can_create_org": false,
        "available_timezones": {"UTC": 0},
    });
    // Cloud does not say how its parts are.
    for part in PARTS.into_iter().filter(|_| !faults.instance.cloud) {
        let stopped = faults.queue.stopped && ["kafka", "plugins"].contains(&part);
        told[part] = json!(!stopped && !faults.instance.down.iter().any(|down| down == part));
    }
    Json(told)
}

/// `GET /_health`, `/_livez`, `/_readyz`: the web server is up, which says nothing about ingestion.
pub(super) async fn alive() -> &'static str {
    "ok"
}
