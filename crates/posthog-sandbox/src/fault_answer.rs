//! Answers that the faults set: a text of their own, or a closed connection.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header;

/// The content type follows from the first character of the body.
pub(super) fn quoted(body: &str) -> Response {
    let content_type = match body.trim_start().bytes().next() {
        Some(b'<') => "text/html; charset=utf-8",
        Some(b'{' | b'[') => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, content_type)], Body::from(body.to_owned())).into_response()
}

/// A response extension: close the connection instead of sending the response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

pub(super) fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}
