//! A form that was sent: its fields as texts, once it is sure that a page of ours was filled in.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::site::Site;
use super::trouble::Trouble;
use super::visitor::Perhaps;

/// No form of ours is larger.
const LARGEST: usize = 256 * 1024;
/// The hidden field that every form has.
const CSRF: &str = "csrf";

/// A form that was sent by a page of this session; before logging in, by any page of this site.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled(Vec<(String, String)>);

impl Filled {
    /// What a field holds, without the white space around it; empty where it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What a field holds, as it is: for passwords and templates.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// What a field holds; none where it is not there, or empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a box is ticked, or a button of this name was pressed.
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
    type Rejection = Trouble;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Trouble::Malformed("a form was expected (application/x-www-form-urlencoded)".to_owned()));
        }
        let visitor = Perhaps::from_request_parts(&mut parts, site).await?.0;
        let bytes = axum::body::to_bytes(body, LARGEST).await;
        let bytes = bytes.map_err(|_| Trouble::Malformed(format!("the form is larger than {} kB, or was cut off", LARGEST / 1024)))?;
        let form = Self(form_urlencoded::parse(&bytes).into_owned().collect());
        match visitor.and_then(|visitor| visitor.csrf) {
            Some(csrf) if !csrf.fits(form.raw(CSRF)) => Err(Trouble::Forged(
                "this form is from a page that was loaded before you logged in (or of another site); go back, load it again, and send it once more".to_owned(),
            )),
            _ => Ok(form),
        }
    }
}
