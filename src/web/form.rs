//! A submitted form: its fields as texts. `guard/csrf.rs` has checked that it comes from one of our pages.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::error::WebError;
use super::site::Site;
use super::words::short;

/// Maximum size of a form, in bytes.
const LARGEST: usize = 256 * 1024;
pub(super) const CSRF: &str = "csrf";

#[derive(Debug, Clone, Default)]
pub(super) struct Filled(Vec<(String, String)>);

impl Filled {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Trimmed; empty if the field is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// Not trimmed, for passwords and templates.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// None if the field is absent or empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// A field that occurs more than once. No field is a list, so it is unclear which value counts.
    fn given_twice(&self) -> Option<&str> {
        let mut known = HashSet::new();
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !known.insert(*name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

#[cfg(test)]
impl<'f> FromIterator<(&'f str, &'f str)> for Filled {
    fn from_iter<I: IntoIterator<Item = (&'f str, &'f str)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl FromRequest<Arc<Site>> for Filled {
    type Rejection = WebError;

    async fn from_request(request: Request, _site: &Arc<Site>) -> Result<Self, WebError> {
        let (parts, body) = request.into_parts();
        let form = Self::of(&bytes(&parts.headers, body).await?);
        match form.given_twice() {
            None => Ok(form),
            Some(name) => Err(WebError::unfit(&short(name), "is given twice; give it once")),
        }
    }
}

pub(super) async fn bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, WebError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(WebError::Malformed("the body must be a form (content-type: application/x-www-form-urlencoded)".to_owned()));
    }
    let bytes = axum::body::to_bytes(body, LARGEST).await;
    bytes.map_err(|_| WebError::Malformed(format!("the form is larger than {} kB, or incomplete", LARGEST / 1024)))
}
