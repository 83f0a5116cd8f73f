//! What is said in cookies: who is logged in, what the page before had to say, and which login has begun elsewhere.

use std::time::Duration;

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use url::form_urlencoded;

use super::site::Site;
use crate::auth::SESSION_LASTS;

/// The session's cookie. Not `__Host-`: on a plain http address, which a page on one's own machine has, browsers refuse that.
pub(super) const SESSION: &str = "heartbeat_session";
/// A login that has begun at an issuer. It travels to the pages that end it, and to no other.
const PENDING: &str = "heartbeat_sign_on";
const PENDING_PATH: &str = "/login/oidc";
/// How long somebody may take to log in there.
pub(super) const PENDING_LASTS: Duration = Duration::from_mins(10);
/// One sentence for the next page.
const SAID: &str = "heartbeat_said";

/// Keeps somebody logged in.
pub(super) fn keep_session(site: &Site, response: &mut Response, token: &str) {
    set(site, response, SESSION, token, SESSION_LASTS.as_secs());
}

/// Forgets who was logged in.
pub(super) fn drop_session(site: &Site, response: &mut Response) {
    set(site, response, SESSION, "", 0);
}

/// Lets the browser keep a login that has begun at an issuer; `value` as [`set`] takes it.
pub(super) fn keep_pending(site: &Site, response: &mut Response, value: &str) {
    add(site, response, &format!("{PENDING}={value}; Path={PENDING_PATH}; Max-Age={}", PENDING_LASTS.as_secs()));
}

/// The login that has begun in this browser, as it was kept.
pub(super) fn pending(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(PENDING).map(|cookie| cookie.value().to_owned())
}

/// A login that has begun is used once.
pub(super) fn drop_pending(site: &Site, response: &mut Response) {
    add(site, response, &format!("{PENDING}=; Path={PENDING_PATH}; Max-Age=0"));
}

/// Sends the browser on to `place`, where `words` are shown once.
pub(super) fn go_on(site: &Site, place: &str, words: &str) -> Response {
    let mut response = Redirect::to(place).into_response();
    let said: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    set(site, &mut response, SAID, &said, 60);
    response
}

/// What the page before had to say.
pub(super) fn words(headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let said = jar.get(SAID)?.value().to_owned();
    let pair = format!("said={said}");
    let words = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, words)| words.into_owned());
    words.filter(|words| !words.is_empty() && words.len() < 1000)
}

/// Takes what was said away, now that it is shown.
pub(super) fn forget(site: &Site, response: &mut Response) {
    set(site, response, SAID, "", 0);
}

/// `value` is of letters that a cookie can hold: base64url, or percent-encoded.
fn set(site: &Site, response: &mut Response, name: &str, value: &str, lasts_s: u64) {
    add(site, response, &format!("{name}={value}; Path=/; Max-Age={lasts_s}"));
}

/// Lax and not Strict: whoever comes back from an issuer, or by a link in a message, is to arrive logged in.
fn add(site: &Site, response: &mut Response, cookie: &str) {
    let secure = if site.web.settings.is_https() { "; Secure" } else { "" };
    let cookie = format!("{cookie}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
