//! Login by single sign-on: the redirect to the issuer, and the callback.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded;

use super::login::{To, enter, own_place, rejected};
use crate::auth::oidc::{Issuer, Pending, RejectionReason};
use crate::model::{Digest, Role, Timestamp, UserName};
use crate::web::caller::Caller;
use crate::web::error::WebError;
use crate::web::layout::{Answer, Layout, PublicLayout};
use crate::web::said::{PENDING_LASTS, drop_pending, keep_pending, pending};
use crate::web::site::{SIGNED_ON, Site};

/// Bytes; a longer return address does not fit into a cookie.
const LONGEST_PLACE: usize = 1000;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/login/oidc", get(begin)).route(SIGNED_ON, get(end))
}

/// The query of the callback.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Back {
    state: String,
    code: String,
    error: String,
    error_description: Option<String>,
}

/// The state of a login, in a cookie while the user is at the issuer.
struct LoginState {
    pending: Pending,
    began: Timestamp,
    to: String,
}

impl LoginState {
    /// Dots separate the fields: `state`, `nonce` and `verifier` contain none.
    fn to_cookie(&self) -> String {
        let Pending { state, nonce, verifier } = &self.pending;
        let to: String = form_urlencoded::byte_serialize(self.to.as_bytes()).collect();
        format!("{state}.{nonce}.{verifier}.{}.{to}", self.began.ms())
    }

    /// None: expired, or not written by Heartbeat.
    fn from_cookie(cookie: &str, now: Timestamp) -> Option<Self> {
        let mut parts = cookie.splitn(5, '.');
        let mut part = || parts.next().map(str::to_owned);
        let pending = Pending { state: part()?, nonce: part()?, verifier: part()? };
        let began = Timestamp::from_ms(part()?.parse().ok().filter(|ms: &i64| *ms >= 0)?);
        let to = format!("to={}", part()?);
        let to = form_urlencoded::parse(to.as_bytes()).next().map(|(_, to)| own_place(Some(&to)))?;
        let is_drawn = pending.state.len() == 43 && pending.nonce.len() == 43 && pending.verifier.len() == 43;
        (is_drawn && now.since(began) < PENDING_LASTS).then_some(Self { pending, began, to })
    }
}

fn issuer(site: &Site) -> Result<&Issuer, WebError> {
    site.issuer.as_ref().ok_or_else(|| WebError::no("page", "/login/oidc"))
}

async fn begin(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, Query(To { to }): Query<To>) -> Answer {
    let issuer = issuer(&site)?;
    let to = own_place(to.as_deref().filter(|to| to.len() <= LONGEST_PLACE));
    let begun = match site.web.sender.client().await {
        Ok(client) => issuer.begin(client).await,
        Err(wrong) => Err(RejectionReason::Odd(wrong.to_string())),
    };
    let (address, pending) = match begun {
        Ok(begun) => begun,
        Err(why) => {
            tracing::warn!(%why, "a single sign-on login could not start");
            return no(&site, layout, to, &why).await;
        }
    };
    let mut response = Redirect::to(address.as_str()).into_response();
    keep_pending(&site, &mut response, &LoginState { pending, began: site.now(), to }.to_cookie());
    Ok(response)
}

async fn end(
    State(site): State<Arc<Site>>,
    PublicLayout(layout): PublicLayout,
    Query(back): Query<Back>,
    Caller(from): Caller,
    headers: HeaderMap,
) -> Answer {
    let issuer = issuer(&site)?;
    let allowed = site.limiter.wait(from, None).await.map_err(WebError::TooOften)?;
    let kept = kept(&site, &headers);
    let to = kept.as_ref().map_or_else(|_| "/".to_owned(), |kept| kept.to.clone());
    let name = match kept {
        Ok(kept) => who(&site, issuer, kept, &back).await,
        Err(why) => Err(why),
    };
    let mut response = match name {
        Ok(name) => {
            allowed.was_right();
            let role = site.web.settings.oidc.as_ref().map_or(Role::Viewer, |oidc| oidc.role);
            let id = site.authenticator.vouched(&name, role, "single sign-on").await?;
            enter(&site, id, false, &to).await?
        }
        Err(why) => {
            allowed.was_wrong();
            tracing::warn!(%from, %why, "a single sign-on login failed");
            no(&site, layout, to, &why).await?
        }
    };
    drop_pending(&site, &mut response);
    Ok(response)
}

fn kept(site: &Site, headers: &HeaderMap) -> Result<LoginState, RejectionReason> {
    let kept = pending(headers).and_then(|cookie| LoginState::from_cookie(&cookie, site.now()));
    kept.ok_or_else(|| RejectionReason::Unbegun(site.web.settings.usual_address("/login")))
}

/// Checks the state first: the text of a forged callback is never shown.
async fn who(site: &Site, issuer: &Issuer, kept: LoginState, back: &Back) -> Result<UserName, RejectionReason> {
    // Comparing digests leaks no timing information about the state.
    if Digest::of(&back.state) != Digest::of(&kept.pending.state) {
        return Err(RejectionReason::Another);
    }
    if !back.error.is_empty() {
        return Err(RejectionReason::denied(&back.error, back.error_description.as_deref()));
    }
    if back.code.is_empty() {
        return Err(RejectionReason::Empty);
    }
    let client = site.web.sender.client().await.map_err(|wrong| RejectionReason::Odd(wrong.to_string()))?;
    issuer.end(client, &back.code, kept.pending).await
}

async fn no(site: &Site, layout: Layout, to: String, why: &RejectionReason) -> Answer {
    let status = match why {
        RejectionReason::Unbegun(_) | RejectionReason::Another | RejectionReason::Empty | RejectionReason::Spent(_) => {
            StatusCode::BAD_REQUEST
        }
        RejectionReason::Denied { is_no: true, .. } | RejectionReason::NotAdmitted(_) => StatusCode::FORBIDDEN,
        RejectionReason::Denied { is_no: false, .. }
        | RejectionReason::Silent { .. }
        | RejectionReason::Unknown(_)
        | RejectionReason::Odd(_)
        | RejectionReason::Unproven(_) => StatusCode::BAD_GATEWAY,
    };
    rejected(site, layout, to, why, status).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn kept(to: &str) -> LoginState {
        LoginState { pending: Pending::draw().unwrap(), began: Timestamp::from_ms(5_000), to: to.to_owned() }
    }

    #[test]
    fn what_the_browser_keeps_comes_back_for_ten_minutes() {
        let kept = kept("/projects/shop?route=a.b&c=d");
        let cookie = kept.to_cookie();
        assert!(cookie.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)), "{cookie}");
        let at = |after| LoginState::from_cookie(&cookie, kept.began.plus(Duration::from_secs(after)));
        let back = at(599).unwrap();
        assert!(back.pending == kept.pending && back.began == kept.began && back.to == kept.to, "{cookie}");
        assert!(at(600).is_none());
    }

    #[test]
    fn a_cookie_that_somebody_else_wrote_sends_nobody_elsewhere() {
        let cookie = kept("//evil.example").to_cookie();
        assert_eq!(LoginState::from_cookie(&cookie, Timestamp::from_ms(5_000)).unwrap().to, "/");
        for wrong in ["", ".", "a.b.c.5000.%2F", "....", &cookie.replace(".5000.", ".soon.")] {
            assert!(LoginState::from_cookie(wrong, Timestamp::from_ms(5_000)).is_none(), "{wrong}");
        }
    }
}
