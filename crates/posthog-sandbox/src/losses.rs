//! The private API about events that capture accepted and PostHog dropped: quota, event filter, restrictions by PostHog's staff,
//! ingestion warnings.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::denial::Denial;
use super::faults::{EventFilter, Quota};
use super::instance::Instance;
use super::private::{admit_to, only_current};
use super::warnings::Written;

/// PostHog's free plan.
const DEFAULT_QUOTA: Quota = Quota { usage: 0, limit: 1_000_000 };

/// 24 hours.
const WARNINGS_WINDOW_MS: i64 = 24 * 3600 * 1000;

const MOST_SAMPLES: usize = 5;

pub(super) async fn quota(State(instance): State<Instance>, Path(project): Path<String>, headers: HeaderMap) -> Result<Response, Denial> {
    admit_to(&project, &instance, &headers, "project:read")?;
    let faults = instance.faults().capture;
    let default = if faults.over_quota { Quota { usage: DEFAULT_QUOTA.limit, ..DEFAULT_QUOTA } } else { DEFAULT_QUOTA };
    let Quota { usage, limit } = faults.quota.unwrap_or(default);
    let limited = json!({
        "events": {"limited": faults.over_quota, "usage": usage, "limit": limit},
        "recordings": {"limited": false, "usage": 0, "limit": 5000},
        "feature_flag_requests": {"limited": false, "usage": 0, "limit": null},
    });
    only_current(&instance, Json(json!({"limited": limited, "code_usage_billing_active": false})))
}

/// 204 in a project that never had a filter.
pub(super) async fn filter(State(instance): State<Instance>, Path(project): Path<String>, headers: HeaderMap) -> Result<Response, Denial> {
    admit_to(&project, &instance, &headers, "event_filter:read")?;
    let Some(EventFilter { mode, filter_tree }) = instance.faults().capture.filter() else {
        return only_current(&instance, StatusCode::NO_CONTENT);
    };
    let filter = json!({
        "id": "0195d3a0-0000-7000-8000-000000000006",
        "mode": mode,
        "filter_tree": filter_tree,
        "test_cases": [],
        "created_at": "2026-04-01T00:00:00Z",
        "updated_at": "2026-04-01T00:00:00Z",
    });
    only_current(&instance, Json(filter))
}

pub(super) async fn restrictions(
    State(instance): State<Instance>,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denial> {
    admit_to(&project, &instance, &headers, "project:read")?;
    let names = instance.faults().capture.restricted;
    let restriction = json!({
        "restriction_type": "drop_event_from_ingestion",
        "distinct_ids": [],
        "session_ids": [],
        "event_names": names,
        "event_uuids": [],
        "pipelines": ["analytics"],
    });
    only_current(&instance, Json(if names.is_empty() { json!([]) } else { json!([restriction]) }))
}

/// `GET /api/projects/{project}/ingestion_warnings_v2/`: grouped by kind, the most frequent first.
pub(super) async fn warnings(
    State(instance): State<Instance>,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denial> {
    let project = admit_to(&project, &instance, &headers, "ingestion_warning:read")?;
    let since = instance.now().plus_ms(-WARNINGS_WINDOW_MS);
    let read = async { instance.table().await?.warnings(project.id, since).await };
    let rows = read.await.map_err(|_| Denial::clickhouse())?;
    let mut kinds = Vec::<(String, Vec<Written>)>::new();
    for row in rows {
        match kinds.iter_mut().find(|(kind, _)| *kind == row.kind) {
            Some((_, rows)) => rows.push(row),
            None => kinds.push((row.kind.clone(), vec![row])),
        }
    }
    kinds.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    only_current(&instance, Json(kinds.iter().map(|(kind, rows)| summary(kind, rows)).collect::<Vec<_>>()))
}

/// `rows` has the newest warning first.
fn summary(kind: &str, rows: &[Written]) -> Value {
    let Some(newest) = rows.first() else { return Value::Null };
    let mut hours = Vec::<(String, u64)>::new();
    for row in rows.iter().rev() {
        let hour = row.timestamp.formatted("%Y-%m-%dT%H:00:00Z");
        match hours.last_mut() {
            Some((last, count)) if *last == hour => *count += 1,
            _ => hours.push((hour, 1)),
        }
    }
    json!({
        "type": kind,
        "category": newest.detail_or("category", "unknown"),
        "severity": newest.detail_or("severity", "warning"),
        "count": rows.len(),
        "last_seen": newest.timestamp.iso(),
        "sparkline": hours.iter().map(|(hour, count)| json!({"timestamp": hour, "count": count})).collect::<Vec<_>>(),
        "samples": rows.iter().take(MOST_SAMPLES).map(Written::as_json).collect::<Vec<_>>(),
    })
}
