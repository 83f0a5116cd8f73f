//! The private API of annotations.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::annotation::Annotation;
use super::body;
use super::denial::Denial;
use super::instance::Instance;
use super::moment::Moment;
use super::private::admit_to;

/// In characters.
const LONGEST_CONTENT: usize = 8192;

/// Beyond this number the oldest annotations are removed.
const MOST_STORED: usize = 10_000;

pub(super) async fn write(
    State(instance): State<Instance>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Denial> {
    let project = admit_to(&project, &instance, &headers, "annotation:write")?;
    let text = body::read(body).await.map_err(|why| Denial::invalid(why.to_string()))?;
    let request: Value = serde_json::from_slice(&text).map_err(|why| Denial::invalid(format!("JSON parse error - {why}")))?;
    let mut stored = instance.annotations();
    let annotation = Annotation {
        id: stored.last().map_or(1, |last| last.id + 1),
        project: project.id,
        content: content(&request)?,
        date_marker: date_marker(&request)?,
        scope: scope(&request)?,
        created_at: instance.now(),
    };
    let answer = annotation.as_json();
    stored.push(annotation);
    let excess = stored.len().saturating_sub(MOST_STORED);
    stored.drain(..excess);
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Newest first.
pub(super) async fn list(State(instance): State<Instance>, Path(project): Path<String>, headers: HeaderMap) -> Result<Json<Value>, Denial> {
    let project = admit_to(&project, &instance, &headers, "annotation:read")?;
    let stored = instance.annotations();
    let results = stored.iter().rev().filter(|one| one.project == project.id).map(Annotation::as_json).collect::<Vec<_>>();
    Ok(Json(json!({"count": results.len(), "next": null, "previous": null, "results": results})))
}

fn content(request: &Value) -> Result<String, Denial> {
    match request.get("content").and_then(Value::as_str) {
        Some(content) if content.chars().count() <= LONGEST_CONTENT => Ok(content.to_owned()),
        Some(_) => Err(Denial::invalid(format!("content: Ensure this field has no more than {LONGEST_CONTENT} characters."))),
        None => Err(Denial::invalid("content: This field is required.")),
    }
}

fn date_marker(request: &Value) -> Result<Moment, Denial> {
    let at = request.get("date_marker").and_then(Value::as_str).and_then(Moment::parse);
    at.ok_or_else(|| Denial::invalid("date_marker: Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm:ss[Z]."))
}

fn scope(request: &Value) -> Result<String, Denial> {
    match request.get("scope").map_or(Some("project"), Value::as_str) {
        Some(scope @ ("project" | "organization" | "dashboard_item" | "dashboard")) => Ok(scope.to_owned()),
        other => Err(Denial::invalid(format!("scope: \"{}\" is not a valid choice.", other.unwrap_or_default()))),
    }
}
