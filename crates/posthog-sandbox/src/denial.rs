//! Error answers of the private API and of feature flags, as Django REST framework and PostHog's exception handler write them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denial {
    status: StatusCode,
    kind: &'static str,
    code: String,
    detail: String,
    retry_after_s: Option<u32>,
}

impl Denial {
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_error", "invalid_input", detail)
    }

    pub(super) fn bad_key() -> Self {
        let detail = "Personal API key found in request Authorization header is invalid.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "authentication_failed", detail)
    }

    pub(super) fn no_key() -> Self {
        let detail = "Authentication credentials were not provided.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "not_authenticated", detail)
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "authentication_error", "permission_denied", detail)
    }

    pub(super) fn no_scope(scope: &str) -> Self {
        Self::forbidden(format!("API key missing required scope '{scope}'"))
    }

    pub(super) fn no_project() -> Self {
        Self::not_found("Project not found.")
    }

    pub(super) fn no_endpoint() -> Self {
        Self::not_found("Endpoint not found.")
    }

    pub(super) fn no_method(method: &http::Method) -> Self {
        let detail = format!("Method \"{method}\" not allowed.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "method_not_allowed", detail)
    }

    pub(super) fn over_budget(retry_after_s: u32) -> Self {
        Self::of_status(StatusCode::TOO_MANY_REQUESTS, Some("api_queries_budget_exceeded"), Some(retry_after_s))
    }

    pub(super) fn clickhouse() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "error", "ClickHouse error while executing query.")
    }

    /// The query API's answer for this status; `code` chooses between several reasons.
    pub(super) fn of_status(status: StatusCode, code: Option<&str>, retry_after_s: Option<u32>) -> Self {
        let denial = match status.as_u16() {
            400 if code == Some("too_many_bytes") => {
                let detail = "This query reads too many bytes. Try reducing its scope by changing the time range.";
                Self::new(status, "validation_error", "too_many_bytes", detail)
            }
            400 => Self::invalid("Invalid query."),
            401 => Self::bad_key(),
            402 => {
                let detail = "Your organization reached its billing limit for this resource. Increase the limits in Billing settings, \
                              or ask an org admin to do so.";
                Self::new(status, "server_error", "api_queries_quota_exceeded", detail)
            }
            403 => Self::no_scope("query:read"),
            404 => Self::no_project(),
            429 => Self::new(status, "throttled_error", "throttled", throttled(code, retry_after_s)),
            500 => Self::clickhouse(),
            503 => {
                let detail = "The database is temporarily unavailable. Please try again in a moment.";
                let denial = Self::new(status, "server_error", "database_unavailable", detail);
                Self { retry_after_s: Some(1), ..denial }
            }
            504 => {
                let detail = "This query hit the 10-second time limit for API queries. Try reducing its scope by changing the time range.";
                Self::new(status, "server_error", "error", detail)
            }
            512 => {
                let detail = "Estimated query execution time is too long. Try reducing its scope by changing the time range.";
                Self::new(status, "server_error", "error", detail)
            }
            513 => {
                let detail = "This query ran out of memory before it could finish. Try reducing its scope by changing the time range.";
                Self::new(status, "server_error", "clickhouse_memory_limit_exceeded", detail)
            }
            _ => Self::new(status, "server_error", "error", status.canonical_reason().unwrap_or("A server error occurred.")),
        };
        Self { code: code.map_or(denial.code, str::to_owned), retry_after_s: retry_after_s.or(denial.retry_after_s), ..denial }
    }

    /// The answer of feature flags, in the same format.
    pub(super) fn of_flags(status: StatusCode, code: &str, detail: &str) -> Self {
        let kind = if status == StatusCode::UNAUTHORIZED { "authentication_error" } else { "validation_error" };
        Self::new(status, kind, code, detail)
    }

    fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request", "not_found", detail)
    }

    fn new(status: StatusCode, kind: &'static str, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status, kind, code: code.into(), detail: detail.into(), retry_after_s: None }
    }
}

fn throttled(code: Option<&str>, retry_after_s: Option<u32>) -> String {
    match (code, retry_after_s) {
        (Some("api_queries_budget_exceeded"), _) => "The hourly read budget of this project's API queries is used up.".into(),
        (_, None) => "Request was throttled.".into(),
        (_, Some(1)) => "Request was throttled. Expected available in 1 second.".into(),
        (_, Some(seconds)) => format!("Request was throttled. Expected available in {seconds} seconds."),
    }
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        let body = json!({"type": self.kind, "code": self.code, "detail": self.detail, "attr": null});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
