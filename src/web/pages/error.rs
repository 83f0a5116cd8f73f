//! Errors as pages, with the navigation for a visitor who is logged in. If a page needs a login, the visitor is redirected to it, and back afterwards.

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
use crate::web::said;
use crate::web::site::Site;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    layout: Layout,
    error: &'a WebError,
    sentence: String,
    /// Address and words of the link that leads on.
    way: (&'static str, &'static str),
}

const PROJECTS: (&str, &str) = ("/", "Show projects");
const LOGIN: (&str, &str) = ("/login", "Log in");

pub(in crate::web) async fn dress(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = parts.clone();
    let rejection = match Rejection::in_answer(next.run(Request::from_parts(parts, body)).await).await {
        Ok(rejection) => rejection,
        Err(mut response) => {
            said::forget_shown(&site, &asked.headers, &mut response);
            return response;
        }
    };
    let error = &*rejection.error;
    if matches!(error, WebError::LoginNeeded) {
        return Redirect::to(&login_for(&asked.method, &asked.uri)).into_response();
    }
    let layout = Layout::of_error(&site, &mut asked, error.title()).await;
    let way = if layout.visitor.is_some() { PROJECTS } else { LOGIN };
    let mut rendered = rendered(layout, error, way);
    rejection.keep_headers(rendered.headers_mut());
    rendered
}

/// For errors before the visitor is known: `/` redirects to the login if one is needed.
pub(in crate::web) fn draw(site: &Site, error: &WebError) -> Response {
    rendered(Layout::bare(site, error.title()), error, PROJECTS)
}

fn rendered(layout: Layout, error: &WebError, way: (&'static str, &'static str)) -> Response {
    drawn(error.status(), &Page { layout, sentence: message::sentence(&error.to_string()), error, way })
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
