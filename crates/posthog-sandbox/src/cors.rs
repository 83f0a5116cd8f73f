//! CORS headers of capture: pages of every origin may send events.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// Answers preflight requests, and adds the headers to every other answer, including errors and unknown paths.
pub(super) async fn allow(request: Request, next: Next) -> Response {
    let request_headers = request.headers().clone();
    if request.method() == Method::OPTIONS {
        let mut preflight = ().into_response();
        let headers = preflight.headers_mut();
        allow_origin(&request_headers, headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET,POST,OPTIONS"));
        mirror(&request_headers, header::ACCESS_CONTROL_REQUEST_HEADERS, headers, header::ACCESS_CONTROL_ALLOW_HEADERS);
        return preflight;
    }
    let mut answer = next.run(request).await;
    allow_origin(&request_headers, answer.headers_mut());
    answer
}

fn allow_origin(request: &HeaderMap, headers: &mut HeaderMap) {
    mirror(request, header::ORIGIN, headers, header::ACCESS_CONTROL_ALLOW_ORIGIN);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::VARY, HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"));
}

fn mirror(request: &HeaderMap, from: HeaderName, headers: &mut HeaderMap, to: HeaderName) {
    if let Some(value) = request.get(from) {
        headers.insert(to, value.clone());
    }
}
