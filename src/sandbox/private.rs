//! The private API's door, and what it says about the project and the key's owner.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::instance::Instance;
use super::{PERSONAL_KEY, PROJECT_ID, TOKEN};

/// The one organisation, the one team and the one user have made-up, constant ids.
const ORGANIZATION_ID: &str = "0195d3a0-0000-7000-8000-000000000001";
const TEAM_UUID: &str = "0195d3a0-0000-7000-8000-000000000002";
const USER_UUID: &str = "0195d3a0-0000-7000-8000-000000000003";

/// An answer that is not a success, as the private API writes it.
#[derive(Debug)]
pub(super) struct Denial {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    detail: String,
}

impl Denial {
    /// 400: the request itself is wrong.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_error", "invalid_input", detail)
    }

    /// 404: no such project.
    pub(super) fn no_project() -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request", "not_found", "Project not found.")
    }

    /// What the private API says under this status, whatever the reason.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::invalid("Invalid query."),
            401 => Self::bad_key(),
            403 => Self::new(status, "authentication_error", "permission_denied", "API key missing required scope 'query:read'"),
            404 => Self::no_project(),
            429 => Self::new(status, "throttled_error", "throttled", "Request was throttled."),
            500 => Self::clickhouse(),
            _ => Self::new(status, "server_error", "error", status.canonical_reason().unwrap_or("A server error occurred.")),
        }
    }

    /// 500: ClickHouse could not do it.
    pub(super) fn clickhouse() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "error", "ClickHouse error while executing query.")
    }

    fn bad_key() -> Self {
        let detail = "Personal API key found in request Authorization header is invalid.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "authentication_failed", detail)
    }

    fn no_key() -> Self {
        let detail = "Authentication credentials were not provided.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "not_authenticated", detail)
    }

    fn new(status: StatusCode, kind: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, code, detail: detail.into() }
    }
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        let body = json!({"type": self.kind, "code": self.code, "detail": self.detail, "attr": null});
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Lets the bearer of the personal API key in.
pub(super) fn admit(instance: &Instance, headers: &HeaderMap) -> Result<(), Denial> {
    let authorization = headers.get(header::AUTHORIZATION).ok_or_else(Denial::no_key)?.to_str().unwrap_or_default();
    let (scheme, key) = authorization.split_once(' ').ok_or_else(Denial::no_key)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denial::no_key());
    }
    let broken = instance.weather().query.status == Some(StatusCode::UNAUTHORIZED.as_u16());
    if key.trim() == PERSONAL_KEY && !broken { Ok(()) } else { Err(Denial::bad_key()) }
}

/// Lets the bearer of the personal API key into this project.
pub(super) fn admit_to(project: &str, instance: &Instance, headers: &HeaderMap) -> Result<(), Denial> {
    admit(instance, headers)?;
    if project.parse() == Ok(PROJECT_ID) { Ok(()) } else { Err(Denial::no_project()) }
}

/// `GET /api/projects/`.
pub(super) async fn projects(State(instance): State<Instance>, headers: HeaderMap) -> Result<Json<Value>, Denial> {
    admit(&instance, &headers)?;
    Ok(Json(json!({"count": 1, "next": null, "previous": null, "results": [the_project()]})))
}

/// `GET /api/projects/{project}/`.
pub(super) async fn project(
    State(instance): State<Instance>,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Denial> {
    admit_to(&project, &instance, &headers)?;
    Ok(Json(the_project()))
}

/// `GET /api/users/@me/`.
pub(super) async fn me(State(instance): State<Instance>, headers: HeaderMap) -> Result<Json<Value>, Denial> {
    admit(&instance, &headers)?;
    Ok(Json(json!({
        "id": 1,
        "uuid": USER_UUID,
        "distinct_id": USER_UUID,
        "first_name": "Sandbox",
        "last_name": "",
        "email": "sandbox@localhost",
        "organization": {"id": ORGANIZATION_ID, "name": "Sandbox"},
        "team": the_project(),
    })))
}

fn the_project() -> Value {
    json!({
        "id": PROJECT_ID,
        "uuid": TEAM_UUID,
        "organization": ORGANIZATION_ID,
        "api_token": TOKEN,
        "name": "Sandbox",
        "timezone": "UTC",
        "is_demo": false,
        "ingested_event": true,
    })
}
