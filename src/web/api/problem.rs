//! Errors as `application/problem+json` (RFC 9457).

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config;
use crate::web::error::WebError;
use crate::web::rejection::Rejection;

const LOG_IN: &str = "send an API token: `Authorization: Bearer hb_...`; create one with `heartbeat tokens add NAME`";

/// An error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status identifies the kind of error.
    r#type: &'static str,
    /// Short title, the same for all errors of this kind.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// What is wrong and what would be right, in one sentence.
    detail: String,
    /// The invalid fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
}

/// An invalid field.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// Field name.
    field: String,
    /// Kind of error, for programs: `missing`, `malformed`, `out_of_bounds`, `unknown_choice`, `conflict` and others.
    code: &'static str,
    /// What is wrong with it, and what would be right.
    detail: String,
}

impl FieldProblem {
    fn of(problem: &config::Problem) -> Self {
        Self { field: problem.field.clone(), code: problem.wrong.code(), detail: problem.to_string() }
    }
}

impl Problem {
    fn of(error: &WebError) -> Self {
        let errors = match error {
            WebError::Unfit(problems) | WebError::UnknownParameters(problems) => problems.iter().map(FieldProblem::of).collect(),
            _ => Vec::new(),
        };
        let (title, status) = (error.title(), error.status().as_u16());
        let detail = if matches!(error, WebError::LoginNeeded) { LOG_IN.to_owned() } else { error.to_string() };
        Self { r#type: "about:blank", title, status, detail, errors }
    }
}

/// Renders an error as a problem; returns any other response unchanged.
pub(in crate::web) async fn dress(response: Response) -> Response {
    let rejection = match Rejection::in_answer(response).await {
        Ok(rejection) => rejection,
        Err(response) => return response,
    };
    let error = &*rejection.error;
    let text = serde_json::to_string(&Problem::of(error)).unwrap_or_default();
    let mut rendered = (error.status(), text).into_response();
    let headers = rendered.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(error, WebError::LoginNeeded) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    rejection.keep_headers(headers);
    rendered
}
