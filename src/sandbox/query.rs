//! The query API: HogQL over what was ingested.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::body;
use super::capture;
use super::hogql::{self, Plan};
use super::instance::Instance;
use super::private::{Denial, admit_to};
use super::weather::QueryWeather;

/// `POST /api/projects/{project}/query/`.
pub(super) async fn answer(State(instance): State<Instance>, Path(project): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let body = body::read(body).await;
    let weather = instance.weather().query;
    instance.hold(weather.delay_ms).await;
    if let Some(refusal) = refusal(&weather) {
        return refusal;
    }
    let admitted = admit_to(&project, &instance, &headers);
    let asked = admitted.and(body.map_err(|why| Denial::invalid(why.to_string())));
    let answer = match asked {
        Ok(request) => run(&instance, &request).await,
        Err(denial) => Err(denial),
    };
    answer.map_or_else(IntoResponse::into_response, |answer| Json(answer).into_response())
}

/// What the weather answers instead, if it does.
fn refusal(weather: &QueryWeather) -> Option<Response> {
    let status = StatusCode::from_u16(weather.status?).ok()?;
    let mut response = match &weather.body {
        Some(body) => capture::quoted(body),
        None => Denial::of_status(status).into_response(),
    };
    *response.status_mut() = status;
    if let Some(seconds) = weather.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Some(response)
}

/// Answers one query request.
async fn run(instance: &Instance, request: &[u8]) -> Result<Value, Denial> {
    let statement = statement(request)?;
    let now = instance.now();
    let plan = hogql::plan_apart(statement.clone(), now).await.map_err(|why| Denial::invalid(why.to_string()))?;
    let mut table = instance.table().await.map_err(|_| Denial::clickhouse())?;
    let rows = table.select(&plan.sql).await.map_err(|why| {
        tracing::debug!(%why, sql = plan.sql, "the sandbox's own SQL failed");
        Denial::clickhouse()
    })?;
    drop(table);
    let mut results = rows.iter().map(|row| plain(&plan, row)).collect::<Vec<_>>();
    // One row more than the default limit was asked for, to know whether there is more.
    let has_more = plan.default_limit.map(|limit| results.len() > limit);
    results.truncate(plan.default_limit.unwrap_or(results.len()));
    let columns = plan.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
    let types = plan.columns.iter().map(|column| json!([column.name, column.kind.name(column.nullable)])).collect::<Vec<_>>();
    Ok(json!({
        "columns": columns,
        "types": types,
        "results": results,
        "hasMore": has_more,
        "limit": plan.default_limit,
        "offset": plan.default_limit.map(|_| 0),
        "error": null,
        "query": statement,
        "hogql": statement,
        "is_cached": false,
        "last_refresh": now.iso(),
        "timezone": "UTC",
        "query_status": null,
    }))
}

/// The HogQL text of a request.
fn statement(request: &[u8]) -> Result<String, Denial> {
    let request: Value = serde_json::from_slice(request).map_err(|why| Denial::invalid(format!("JSON parse error - {why}")))?;
    let query = request.get("query").ok_or_else(|| Denial::invalid("query: Field required"))?;
    match query.get("kind").and_then(Value::as_str) {
        Some("HogQLQuery") => {}
        Some(other) => return Err(Denial::invalid(format!("query: this sandbox answers HogQLQuery, and no {other}"))),
        None => return Err(Denial::invalid("query.kind: Field required")),
    }
    let text = query.get("query").and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Denial::invalid("query.HogQLQuery.query: Input should be a valid string"))
}

/// A row as JSON.
fn plain(plan: &Plan, row: &SqliteRow) -> Vec<Value> {
    plan.columns.iter().enumerate().map(|(place, column)| column.kind.read(row, place)).collect()
}

/// A cell as SQLite has it; none where it is NULL, or of another type.
pub(super) fn cell<'r, T>(row: &'r SqliteRow, place: usize) -> Option<T>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get_unchecked::<Option<T>, _>(place).ok().flatten()
}
