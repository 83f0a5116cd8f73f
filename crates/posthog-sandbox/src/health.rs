//! Health endpoints: a self-hosted PostHog, unless the faults say otherwise.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::faults::PARTS;
use super::instance::Instance;

/// `GET /_preflight`. While the queue is stopped, `kafka` and `plugins` are down.
pub(super) async fn preflight(State(instance): State<Instance>) -> Json<Value> {
    let faults = instance.faults();
    let mut answer = json!({
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
    // PostHog Cloud does not report its parts.
    for part in PARTS.into_iter().filter(|_| !faults.instance.cloud) {
        let stopped = faults.queue.stopped && ["kafka", "plugins"].contains(&part);
        answer[part] = json!(!stopped && !faults.instance.down.iter().any(|down| down == part));
    }
    Json(answer)
}

/// `GET /_health`, `/_livez`, `/_readyz`: the web server is up. They do not check ingestion.
pub(super) async fn alive() -> &'static str {
    "ok"
}
