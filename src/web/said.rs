//! Cookies: the session, a pending single sign-on, and a message for the next page.

use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use url::form_urlencoded;

use super::site::Site;
use crate::auth::SESSION_LASTS;

/// Not `__Host-`: browsers reject that on plain http, which a local installation uses.
pub(super) const SESSION: &str = "heartbeat_session";
/// A pending single sign-on; sent only to the pages that complete it.
const PENDING: &str = "heartbeat_sign_on";
const PENDING_PATH: &str = "/login/oidc";
pub(super) const PENDING_LASTS: Duration = Duration::from_mins(10);
const MESSAGE: &str = "heartbeat_said";

pub(super) fn keep_session(site: &Site, response: &mut Response, token: &str) {
    set(site, response, SESSION, token, SESSION_LASTS.as_secs());
}

pub(super) fn drop_session(site: &Site, response: &mut Response) {
    set(site, response, SESSION, "", 0);
}

/// `value` as for [`set`].
pub(super) fn keep_pending(site: &Site, response: &mut Response, value: &str) {
    add(site, response, &format!("{PENDING}={value}; Path={PENDING_PATH}; Max-Age={}", PENDING_LASTS.as_secs()));
}

pub(super) fn pending(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(PENDING).map(|cookie| cookie.value().to_owned())
}

pub(super) fn drop_pending(site: &Site, response: &mut Response) {
    add(site, response, &format!("{PENDING}=; Path={PENDING_PATH}; Max-Age=0"));
}

pub(super) fn go_on(site: &Site, place: &str, words: &str) -> Response {
    let mut response = Redirect::to(place).into_response();
    let said: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    set(site, &mut response, MESSAGE, &said, 60);
    response
}

pub(super) fn words(headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let said = jar.get(MESSAGE)?.value().to_owned();
    let pair = format!("said={said}");
    let words = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, words)| words.into_owned());
    words.filter(|words| !words.is_empty() && words.len() < 1000)
}

/// Removes the message of the previous page from the browser, if this response is a page, which shows it. A page for caches sets no cookie.
pub(super) fn forget_shown(site: &Site, headers: &HeaderMap, response: &mut Response) {
    let of = response.headers();
    let is_page = of.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page && !of.contains_key(CACHE_CONTROL) && words(headers).is_some() {
        set(site, response, MESSAGE, "", 0);
    }
}

/// `value` must be valid in a cookie: base64url or percent-encoded.
fn set(site: &Site, response: &mut Response, name: &str, value: &str, lasts_s: u64) {
    add(site, response, &format!("{name}={value}; Path=/; Max-Age={lasts_s}"));
}

/// Lax, not Strict: a user who comes back from an issuer, or follows a link in a message, must arrive logged in.
fn add(site: &Site, response: &mut Response, cookie: &str) {
    let secure = if site.web.settings.is_https() { "; Secure" } else { "" };
    let cookie = format!("{cookie}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
