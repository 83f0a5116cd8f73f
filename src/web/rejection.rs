//! Errors in responses, from our handlers or from the framework (a path that is not UTF-8, an unreadable query, a wrong method, a panic), so that
//! all of them are rendered alike.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;

use super::error::{Unrendered, WebError};

/// Maximum size of a message of the framework, in bytes.
const LONGEST: usize = 4 * 1024;
/// Headers that the rendered response keeps. (The router adds `Allow` after all layers.)
const KEPT: [HeaderName; 1] = [RETRY_AFTER];

pub(super) struct Rejection {
    pub(super) error: Arc<WebError>,
    headers: HeaderMap,
}

impl Rejection {
    /// Returns the response if it is not an error, or is rendered already.
    pub(super) async fn in_answer(response: Response) -> Result<Self, Response> {
        if let Some(Unrendered(error)) = response.extensions().get::<Unrendered>() {
            return Ok(Self { error: Arc::clone(error), headers: response.headers().clone() });
        }
        if !is_of_the_framework(&response) {
            return Err(response);
        }
        let (parts, body) = response.into_parts();
        let says = async || String::from_utf8_lossy(&to_bytes(body, LONGEST).await.unwrap_or_default()).into_owned();
        let error = match parts.status {
            StatusCode::METHOD_NOT_ALLOWED => WebError::Method,
            StatusCode::NOT_FOUND => WebError::NotFound("there is no page at this address".to_owned()),
            status if status.is_server_error() => WebError::Fault,
            _ => WebError::Malformed(says().await),
        };
        Ok(Self { error: Arc::new(error), headers: parts.headers })
    }

    pub(super) fn keep_headers(&self, rendered: &mut HeaderMap) {
        for name in KEPT {
            if let Some(value) = self.headers.get(&name) {
                rendered.insert(name, value.clone());
            }
        }
    }
}

/// Our errors are HTML, JSON or an image; those of the framework are plain text or empty.
fn is_of_the_framework(response: &Response) -> bool {
    let status = response.status();
    let is_failure = status.is_client_error() || status == StatusCode::INTERNAL_SERVER_ERROR;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    is_failure && (kind.is_empty() || kind.starts_with("text/plain"))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[tokio::test]
    async fn what_the_framework_says_is_a_trouble_and_what_we_say_stays() {
        let error = async |response: Response| Rejection::in_answer(response).await.ok().map(|rejection| rejection.error);
        let said = error((StatusCode::BAD_REQUEST, "Invalid URL: no UTF-8").into_response()).await.unwrap();
        assert!(matches!(&*said, WebError::Malformed(says) if says == "Invalid URL: no UTF-8"), "{said:?}");
        let said = error(StatusCode::METHOD_NOT_ALLOWED.into_response()).await.unwrap();
        assert!(matches!(&*said, WebError::Method), "{said:?}");
        let said = error((StatusCode::INTERNAL_SERVER_ERROR, "secrets of a panic").into_response()).await.unwrap();
        assert!(matches!(&*said, WebError::Fault), "{said:?}");
        let page = [(CONTENT_TYPE, "text/html; charset=utf-8")];
        for ours in
            [(StatusCode::BAD_REQUEST, page, "<p>").into_response(), "ok".into_response(), StatusCode::SERVICE_UNAVAILABLE.into_response()]
        {
            assert!(error(ours).await.is_none());
        }
    }
}
