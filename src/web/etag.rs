//! Tags of what is read (`ETag`): whoever has it already is told that it is the same.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::mark::mark;
use super::trouble::Trouble;

/// What is read to give it a tag; larger answers have none.
const TAGGED: usize = 4 * 1024 * 1024;
/// What has a tag: answers of the API, badges and feeds. Pages have none, since their forms are marked anew each time.
const KINDS: [&[u8]; 3] = [b"application/json", b"image/svg+xml", b"application/atom+xml"];

/// Gives what is read a tag, and says "not modified" to whoever has it already.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let is_read = request.method() == Method::GET;
    let response = next.run(request).await;
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_read || response.status() != StatusCode::OK || !KINDS.iter().any(|known| kind.starts_with(known)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, TAGGED).await else {
        return Trouble::Busy("the answer is too large; ask for less at once".to_owned()).into_response();
    };
    let tag = tag_of(&body);
    let is_known = known.as_ref().and_then(|known| known.to_str().ok()).is_some_and(|known| holds(known, &tag));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        parts.headers.insert(ETAG, tag);
    }
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

/// Whether a list of tags, as a header holds it, has this one, or is every one.
pub(super) fn holds(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// The tag of a body.
pub(super) fn tag_of(body: &[u8]) -> String {
    format!("\"{}\"", &mark(body)[..24])
}
