//! The query API: HogQL over the ingested events.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;

use super::PROJECT_ID;
use super::body::{self, BadBody};
use super::budget::BYTES_A_ROW;
use super::denial::Denial;
use super::fault_answer::quoted;
use super::faults::QueryFaults;
use super::hogql::{self, Plan, View};
use super::instance::Instance;
use super::private::admit_to;
use super::running_queries::{Client, QueryResult, Question};

const NO_OFFSET: &str = "OFFSET is not supported on queries made with a personal API key. For pagination, use keyset pagination on the \
                         `timestamp` column, e.g. `WHERE timestamp > :last_seen_timestamp ORDER BY timestamp LIMIT N`. For bulk data \
                         extraction, use batch exports: https://posthog.com/docs/cdp/batch-exports";

pub(super) async fn answer(State(instance): State<Instance>, Path(named): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let body = body::read(body).await;
    let faults = instance.faults().query;
    if let Some(rejection) = rejection(&faults) {
        instance.hold(faults.delay_ms).await;
        return rejection;
    }
    let admitted = admit_to(&named, &instance, &headers, "query:read");
    let question = admitted.and_then(|project| question(project.id, body, Client::Key));
    let result = match question {
        Ok(question) => joined(&instance, question, faults.delay_ms).await,
        Err(denial) => {
            instance.hold(faults.delay_ms).await;
            Err(denial)
        }
    };
    match result {
        Ok(result) => respond(result, &instance),
        Err(denial) => denial.into_response(),
    }
}

/// `POST /_sandbox/query`: queries the first project as PostHog's web application does: without a key, OFFSET allowed.
pub(super) async fn answer_the_application(State(instance): State<Instance>, body: Body) -> Response {
    let result = match question(PROJECT_ID, body::read(body).await, Client::Application) {
        Ok(question) => run(&instance, &question).await,
        Err(denial) => Err(denial),
    };
    result.map_or_else(IntoResponse::into_response, |result| Json(result.body).into_response())
}

fn question(project: u32, body: Result<Bytes, BadBody>, by: Client) -> Result<Question, Denial> {
    let request = body.map_err(|why| Denial::invalid(why.to_string()))?;
    Ok(Question { project, statement: statement(&request)?, by })
}

fn rejection(faults: &QueryFaults) -> Option<Response> {
    let status = StatusCode::from_u16(faults.status?).ok()?;
    let denial = Denial::of_status(status, faults.code.as_deref(), faults.retry_after_s);
    let mut response = denial.into_response();
    if let Some(body) = &faults.body {
        let wait = response.headers_mut().remove(header::RETRY_AFTER);
        response = quoted(body);
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
    }
    *response.status_mut() = status;
    Some(response)
}

/// `GET /_sandbox/queries`: the running queries, each with its number of waiting clients.
pub(super) async fn running(State(instance): State<Instance>) -> Json<Value> {
    Json(instance.queries().list().into())
}

/// Runs the query, or waits for the result of an identical running one.
async fn joined(instance: &Instance, question: Question, delay_ms: u64) -> Result<QueryResult, Denial> {
    if let Some(wait) = instance.budgets(|budgets, faults, now| budgets.wait_s(question.project, faults.query.budget?, now)) {
        return Err(Denial::over_budget(wait));
    }
    let mut ours = false;
    let place = instance.queries().place(&question);
    let result = place.get_or_init(|| async {
        ours = true;
        instance.hold(delay_ms).await;
        run(instance, &question).await
    });
    let result = result.await.clone();
    result.map(|result| QueryResult { joined: !ours, ..result })
}

fn respond(mut result: QueryResult, instance: &Instance) -> Response {
    result.body["is_cached"] = (result.joined || instance.faults().query.cached).into();
    let read = if result.joined { 0 } else { result.read };
    let left = instance.budgets(|budgets, faults, now| Some(budgets.debit(result.project, faults.query.budget?, read, now)));
    let mut response = Json(result.body).into_response();
    if let Some(left) = left {
        response.headers_mut().insert("x-posthog-query-bytes-read", HeaderValue::from(read));
        response.headers_mut().insert("x-posthog-query-budget-remaining-bytes", HeaderValue::from(left));
    }
    response
}

async fn run(instance: &Instance, question: &Question) -> Result<QueryResult, Denial> {
    let now = instance.now();
    let statement = &question.statement;
    let view = View { now, project: question.project, system_tables: !instance.faults().instance.is_old() };
    let plan = hogql::plan_apart(statement.clone(), view).await.map_err(|why| Denial::invalid(why.to_string()))?;
    if plan.has_offset && question.by == Client::Key {
        return Err(Denial::invalid(NO_OFFSET));
    }
    let mut table = instance.table().await.map_err(|_| Denial::clickhouse())?;
    let rows = table.select(&plan.sql).await.map_err(|why| {
        tracing::debug!(%why, sql = plan.sql, "the SQL generated for a HogQL query failed");
        Denial::clickhouse()
    })?;
    // Counting takes time and is needed only with a budget.
    let counted = if instance.faults().query.budget.is_some() { table.count(question.project).await } else { Ok(0) };
    let read = counted.map_err(|_| Denial::clickhouse())?.saturating_mul(BYTES_A_ROW);
    drop(table);
    let mut results = rows.iter().map(|row| plain(&plan, row)).collect::<Vec<_>>();
    // The SQL asks for one row more than the default limit, to know whether there are more.
    let has_more = plan.default_limit.map(|limit| results.len() > limit);
    results.truncate(plan.default_limit.unwrap_or(results.len()));
    let columns = plan.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
    let types = plan.columns.iter().map(|column| json!([column.name, column.kind.name(column.nullable)])).collect::<Vec<_>>();
    let body = json!({
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
    });
    Ok(QueryResult { project: question.project, body, read, joined: false })
}

fn statement(request: &[u8]) -> Result<String, Denial> {
    let request: Value = serde_json::from_slice(request).map_err(|why| Denial::invalid(format!("JSON parse error - {why}")))?;
    let query = request.get("query").ok_or_else(|| Denial::invalid("query: Field required"))?;
    match query.get("kind").and_then(Value::as_str) {
        Some("HogQLQuery") => {}
        Some(other) => return Err(Denial::invalid(format!("query: this sandbox supports HogQLQuery only, not {other}"))),
        None => return Err(Denial::invalid("query.kind: Field required")),
    }
    let text = query.get("query").and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Denial::invalid("query.HogQLQuery.query: Input should be a valid string"))
}

fn plain(plan: &Plan, row: &SqliteRow) -> Vec<Value> {
    plan.columns.iter().enumerate().map(|(place, column)| column.kind.read(row, place)).collect()
}
