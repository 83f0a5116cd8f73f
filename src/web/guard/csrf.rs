//! Forms of a session come from a page of that session. Checked here for every page that takes a form, so that no handler can forget it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::is_safe;
use crate::web::error::WebError;
use crate::web::form::{self, CSRF, Filled};
use crate::web::site::Site;
use crate::web::visitor::Perhaps;

/// Lets through what changes nothing, what no cookie opens the door to, and forms with the mark of their session.
pub(in crate::web) async fn check_form(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    match checked(&site, request).await {
        Ok(request) => next.run(request).await,
        Err(trouble) => trouble.into_response(),
    }
}

async fn checked(site: &Arc<Site>, request: Request) -> Result<Request, WebError> {
    if is_safe(request.method()) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let visitor = Perhaps::from_request_parts(&mut parts, site).await?.0;
    let Some(csrf) = visitor.and_then(|visitor| visitor.csrf) else { return Ok(Request::from_parts(parts, body)) };
    let bytes = form::bytes(&parts.headers, body).await?;
    if !csrf.fits(Filled::of(&bytes).raw(CSRF)) {
        return Err(WebError::Forged(
            "this form is from a page that was loaded before you logged in (or of another site); go back, load it again, and send it once more".to_owned(),
        ));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}
