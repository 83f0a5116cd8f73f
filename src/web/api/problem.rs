//! What went wrong, for programs: `application/problem+json` (RFC 9457).

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config;
use crate::web::error::WebError;
use crate::web::rejection::Rejection;

/// How a program logs in.
const LOG_IN: &str = "send an API token: `Authorization: Bearer hb_...`; `heartbeat tokens add NAME` makes one";

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says which kind it is.
    r#type: &'static str,
    /// In a few words, the same for every problem of its kind.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What it was, and what to do, in a sentence.
    detail: String,
    /// Each field that does not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<FieldProblem>,
}

/// A field that does not fit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// Which one.
    field: String,
    /// What is wrong with it.
    says: String,
}

impl FieldProblem {
    fn of(problem: &config::Problem) -> Self {
        Self { field: problem.field.clone(), says: problem.to_string() }
    }
}

impl Problem {
    fn of(trouble: &WebError) -> Self {
        let problems = match trouble {
            WebError::Unfit(problems) => problems.iter().map(FieldProblem::of).collect(),
            _ => Vec::new(),
        };
        let (title, status) = (trouble.title(), trouble.status().as_u16());
        let detail = if matches!(trouble, WebError::LoginNeeded) { LOG_IN.to_owned() } else { trouble.to_string() };
        Self { r#type: "about:blank", title, status, detail, problems }
    }
}

/// Makes a problem of whatever went wrong.
pub(in crate::web) async fn dress(response: Response) -> Response {
    let rejection = match Rejection::in_answer(response).await {
        Ok(rejection) => rejection,
        Err(response) => return response,
    };
    let trouble = &*rejection.trouble;
    let text = serde_json::to_string(&Problem::of(trouble)).unwrap_or_default();
    let mut rendered = (trouble.status(), text).into_response();
    let headers = rendered.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(trouble, WebError::LoginNeeded) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    rejection.keep_headers(headers);
    rendered
}
