//! Answers that the faults gives instead of capture's.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::v1::Problem;

/// Which endpoint the words are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    V0,
    V1,
}

/// An answer of `status` to a request for `path`, with `body` or with the words that capture itself has for that status.
pub(super) fn rejection(status: u16, body: Option<&str>, wire: Wire, path: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match (body, wire) {
        (Some(body), _) => quoted(body),
        (None, Wire::V0) => v0_words(status).into_response(),
        (None, Wire::V1) => Problem::of_status(status).into_response(),
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status.is_redirection() {
        // What proxies do: the same path with the slash the other way.
        let elsewhere = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        if let Ok(location) = HeaderValue::from_str(&elsewhere) {
            headers.insert(header::LOCATION, location);
        }
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// A body as somebody wrote it, under the content type that it looks like.
pub(crate) fn quoted(body: &str) -> Response {
    let content_type = match body.trim_start().bytes().next() {
        Some(b'<') => "text/html; charset=utf-8",
        Some(b'{' | b'[') => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, content_type)], Body::from(body.to_owned())).into_response()
}

fn v0_words(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "API key is not valid: personal_api_key",
        408 => "client stopped sending data",
        413 => "maximum event size exceeded",
        429 => "rate limited",
        503 => "transient error, please retry",
        _ => status.canonical_reason().unwrap_or("error"),
    }
}
