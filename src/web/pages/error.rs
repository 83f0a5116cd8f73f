//! Errors as pages. A visitor who is not logged in is redirected to the login, and back afterwards.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use url::form_urlencoded;

use crate::message;
use crate::web::error::WebError;
use crate::web::layout::{Layout, drawn};
use crate::web::rejection::Rejection;
use crate::web::site::Site;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    layout: Layout,
    error: &'a WebError,
    sentence: String,
}

pub(in crate::web) async fn dress(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let rejection = match Rejection::in_answer(next.run(request).await).await {
        Ok(rejection) => rejection,
        Err(response) => return response,
    };
    if matches!(*rejection.error, WebError::LoginNeeded) {
        return Redirect::to(&login_for(&method, &uri)).into_response();
    }
    let mut rendered = draw(&site, &rejection.error);
    rejection.keep_headers(rendered.headers_mut());
    rendered
}

pub(in crate::web) fn draw(site: &Site, error: &WebError) -> Response {
    drawn(error.status(), &Page { layout: Layout::bare(site, error.title()), sentence: message::sentence(&error.to_string()), error })
}

/// The login page with the address to return to. A submitted form is not repeated: after a POST the visitor returns to `/`.
fn login_for(method: &Method, uri: &Uri) -> String {
    let to = if method == Method::GET { uri.path_and_query().map_or("/", |path| path.as_str()) } else { "/" };
    if to == "/" {
        return "/login".to_owned();
    }
    format!("/login?{}", form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish())
}

pub(in crate::web) async fn nowhere(uri: Uri) -> WebError {
    WebError::no("page", uri.path())
}
