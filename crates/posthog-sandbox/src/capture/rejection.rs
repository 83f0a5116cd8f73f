//! Answers that the faults set in place of capture's own.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::problem::Problem;
use crate::fault_answer::quoted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    V0,
    V1,
}

/// Without `body`, the answer has capture's own text for `status`.
pub(super) fn of_status(status: u16, body: Option<&str>, wire: Wire, path: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match (body, wire) {
        (Some(body), _) => quoted(body),
        (None, Wire::V0) => v0_text(status).into_response(),
        (None, Wire::V1) => Problem::of_status(status).into_response(),
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status.is_redirection() {
        // As proxies do: the same path with the trailing slash added or removed.
        let location = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        if let Ok(location) = HeaderValue::from_str(&location) {
            headers.insert(header::LOCATION, location);
        }
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn v0_text(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "API key is not valid: personal_api_key",
        408 => "client stopped sending data",
        413 => "maximum event size exceeded",
        429 => "rate limited",
        503 => "transient error, please retry",
        _ => status.canonical_reason().unwrap_or("error"),
    }
}
