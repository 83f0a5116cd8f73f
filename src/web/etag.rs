//! `ETag` and `If-None-Match` for responses of the API, badges and feeds.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use serde_json::{Map, Value};

use super::error::WebError;
use super::mark::mark;

/// Maximum size of a response with a tag, in bytes. Larger ones are errors.
const TAGGED: usize = 4 * 1024 * 1024;
/// Content types that get a tag. Pages get none: the CSRF value in their forms is different each time.
const KINDS: [&[u8]; 3] = [b"application/json", b"image/svg+xml", b"application/atom+xml"];

pub(super) async fn tag(request: Request, next: Next) -> Response {
    let if_none_match = request.headers().get(IF_NONE_MATCH).cloned();
    let is_read = request.method() == Method::GET;
    let response = next.run(request).await;
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_read || response.status() != StatusCode::OK || !KINDS.iter().any(|known| kind.starts_with(known)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, TAGGED).await else {
        return WebError::Busy("the response is too large; ask for fewer items".to_owned()).into_response();
    };
    let tag = tag_of(&body);
    let is_unchanged = if_none_match.as_ref().and_then(|tags| tags.to_str().ok()).is_some_and(|tags| holds(tags, &tag));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        parts.headers.insert(ETAG, tag);
    }
    if is_unchanged {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

/// Whether a list of tags, as in a header, contains this one or `*`.
pub(super) fn holds(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// Whether a list of tags contains `*` or one with the same settings, whatever else has changed.
pub(super) fn matches(tags: &str, tag: &str) -> bool {
    let settings = |tag: &str| tag.trim_start_matches("W/").split_once('-').map(|(settings, _)| settings.to_owned());
    tags.split(',').map(str::trim).any(|one| one == "*" || settings(one).is_some_and(|one| Some(one) == settings(tag)))
}

/// Properties that change without a change of settings.
const BY_ITSELF: [&str; 10] =
    ["last_used", "last_login", "last_accepted", "queued", "failed", "state", "stopped_since", "stopped_words", "open_until", "next_from"];

/// Two hashes: of the settings, for `If-Match`; and of the whole body, for `If-None-Match`.
pub(super) fn tag_of(body: &[u8]) -> String {
    let whole = &mark(body)[..24];
    let settings = match serde_json::from_slice::<Map<String, Value>>(body) {
        // A list, or nothing that changes by itself: the hash of the whole.
        Ok(one) if !one.contains_key("items") && BY_ITSELF.iter().any(|name| one.contains_key(*name)) => {
            let stable = one.into_iter().filter(|(name, _)| !BY_ITSELF.contains(&name.as_str())).collect::<Map<_, _>>();
            mark(Value::Object(stable).to_string().as_bytes())[..24].to_owned()
        }
        _ => whole.to_owned(),
    };
    format!("\"{settings}-{whole}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_by_itself_is_no_change_of_what_is_set_up() {
        let tag = |text: &str| tag_of(text.as_bytes());
        let (read, used) = (tag(r#"{"name":"dbt","last_used":null}"#), tag(r#"{"name":"dbt","last_used":"2026-11-23T15:10:07.000Z"}"#));
        assert!(matches(&read, &used) && !holds(&read, &used), "{read} {used}");
        let other = tag(r#"{"name":"dbu","last_used":null}"#);
        assert!(!matches(&read, &other) && matches(&format!("{read}, {other}"), &other) && matches("*", &read));
        for none in ["", "\"another\"", "W/\"a-b\""] {
            assert!(!matches(none, &read), "{none}");
        }
        assert!(matches(&format!("W/{read}"), &used));
    }
}
