//! CSRF check of all forms of a session, in one place, so that no handler can forget it.

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

/// Accepts safe methods, requests without a session, and forms with the CSRF value of their session.
pub(in crate::web) async fn check_form(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    match checked(&site, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
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
            "this form was loaded before you logged in, or comes from another site; go back, reload the page and submit it again"
                .to_owned(),
        ));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}
