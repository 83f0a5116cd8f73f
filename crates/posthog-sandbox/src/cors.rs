//! The headers that capture adds to every answer, so that pages of any origin may send to it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// Answers a preflight, and adds the headers to every other answer, errors and unknown paths included: whoever asks, from
/// wherever, may send, with whatever headers.
pub(super) async fn allow(request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    if request.method() == Method::OPTIONS {
        let mut preflight = ().into_response();
        let headers = preflight.headers_mut();
        allow_origin(&asked, headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET,POST,OPTIONS"));
        mirror(&asked, header::ACCESS_CONTROL_REQUEST_HEADERS, headers, header::ACCESS_CONTROL_ALLOW_HEADERS);
        return preflight;
    }
    let mut answer = next.run(request).await;
    allow_origin(&asked, answer.headers_mut());
    answer
}

fn allow_origin(asked: &HeaderMap, headers: &mut HeaderMap) {
    mirror(asked, header::ORIGIN, headers, header::ACCESS_CONTROL_ALLOW_ORIGIN);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::VARY, HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"));
}

fn mirror(asked: &HeaderMap, from: HeaderName, headers: &mut HeaderMap, to: HeaderName) {
    if let Some(value) = asked.get(from) {
        headers.insert(to, value.clone());
    }
}
