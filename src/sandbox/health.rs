//! Which PostHog this is, and which of its parts are up: a self-hosted one.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::instance::Instance;

/// `GET /_preflight`. While the queue is stopped, the parts that make it run are down.
pub(super) async fn preflight(State(instance): State<Instance>) -> Json<Value> {
    let running = !instance.weather().queue.stopped;
    Json(json!({
        "django": true,
        "redis": true,
        "plugins": running,
        "celery": true,
        "clickhouse": true,
        "kafka": running,
        "db": true,
        "initiated": true,
        "cloud": false,
        "demo": false,
        "realm": "hosted-clickhouse",
        "region": null,
        "object_storage": true,
        "can_create_org": false,
        "available_timezones": {"UTC": 0},
    }))
}

/// `GET /_health`, `/_livez`, `/_readyz`: the web server is up, which says nothing about ingestion.
pub(super) async fn alive() -> &'static str {
    "ok"
}
