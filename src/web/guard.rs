//! Checks host and origin of each request, and adds the security headers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::WebError;
use super::site::Site;
use super::visitor::bearer;
use super::{api, pages};

mod csrf;

pub(super) use csrf::check_form;

/// Only our own files, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let checked = match host_of(request.headers(), request.uri()) {
        Ok(host) if site.web.settings.is_own_host(&host) => check_origin(&request, &host),
        Ok(host) => Err(WebError::Forged(format!(
            "`{}` is not an address of this server; set public_url in [web] (or HEARTBEAT_PUBLIC_URL) to the address that users open",
            host.chars().take(80).collect::<String>().escape_debug()
        ))),
        Err(error) => Err(error),
    };
    let is_api = api::is_api(request.uri());
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(error) if is_api => api::dress(error.into_response()).await,
        Err(error) => pages::draw(&site, &error),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if site.web.settings.is_https() {
        headers.insert("strict-transport-security", HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Host and port of the request. Two different hosts are an error: it is unclear which one a proxy in front of us used.
fn host_of(headers: &HeaderMap, uri: &Uri) -> Result<String, WebError> {
    let malformed = |says: &str| WebError::Malformed(says.to_owned());
    let mut named = headers.get_all(HOST).iter();
    let (named, another) = (named.next(), named.next());
    if another.is_some() {
        return Err(malformed("the request has two `Host` headers"));
    }
    let named = named.map(|host| host.to_str().map_err(|_| malformed("the header `Host` is not text"))).transpose()?;
    match (named, uri.authority()) {
        (Some(named), Some(other)) if !named.eq_ignore_ascii_case(other.as_str()) => Err(malformed("the request has two different hosts")),
        (Some(named), _) => Ok(named.to_owned()),
        (None, Some(named)) => Ok(named.to_string()),
        (None, None) => Err(malformed("the request has no `Host` header")),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A change must come from a page of this host. A request with an API token needs no check: it has no cookie that another site could use.
fn check_origin(request: &Request, host: &str) -> Result<(), WebError> {
    if is_safe(request.method()) || bearer(request.headers()).is_some() {
        return Ok(());
    }
    let foreign = || WebError::Forged("the request comes from a page of another site and was rejected".to_owned());
    let text = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("null"));
    if let Some(origin) = text(ORIGIN) {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        return if authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) { Ok(()) } else { Err(foreign()) };
    }
    match text(HeaderName::from_static("sec-fetch-site")) {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(foreign()),
    }
}
