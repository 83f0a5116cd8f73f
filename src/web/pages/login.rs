//! Login and logout.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::auth::oidc::RejectionReason;
use crate::message::sentence;
use crate::model::{Role, Secret, UserId, UserName};
use crate::web::caller::Caller;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Layout, Place, PublicLayout, drawn, page};
use crate::web::said::{drop_session, go_on, keep_session};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, vouched_for};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/login", get(show).post(log_in)).route("/logout", post(log_out))
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    layout: Layout,
    to: String,
    name: String,
    wrong: String,
    /// Why a single sign-on login failed; empty: it did not.
    rejected: String,
    /// The title of the single sign-on; None: not configured.
    sign_on: Option<String>,
    /// No user has a password yet: the first login uses the link that was printed at the start.
    is_new: bool,
}

impl Page {
    async fn new(site: &Site, layout: Layout, to: String) -> Result<Self, WebError> {
        let layout = layout.titled(Place::Outside, "Login");
        let sign_on = site.issuer.as_ref().and(site.web.settings.oidc.as_ref()).map(|oidc| oidc.title.clone());
        // With single sign-on no link is printed at the start.
        let is_new = sign_on.is_none() && site.authenticator.is_new().await?;
        Ok(Self { layout, to, name: String::new(), wrong: String::new(), rejected: String::new(), sign_on, is_new })
    }
}

/// The login page after a failed single sign-on login.
pub(super) async fn rejected(site: &Site, layout: Layout, to: String, why: &RejectionReason, status: StatusCode) -> Answer {
    Ok(drawn(status, &Page { rejected: sentence(&why.to_string()), ..Page::new(site, layout, to).await? }))
}

#[derive(Debug, Deserialize)]
pub(super) struct To {
    pub(super) to: Option<String>,
}

/// A user whom a trusted proxy names is logged in without a form.
struct Vouched(Option<UserName>);

impl FromRequestParts<Arc<Site>> for Vouched {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Self::Rejection> {
        Ok(Self(vouched_for(parts, site)))
    }
}

async fn show(
    State(site): State<Arc<Site>>,
    Vouched(vouched): Vouched,
    PublicLayout(layout): PublicLayout,
    Query(To { to }): Query<To>,
) -> Answer {
    let to = own_place(to.as_deref());
    if layout.visitor.is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    if let Some(name) = vouched {
        return enter_vouched(&site, &name, &to).await;
    }
    page(&Page::new(&site, layout, to).await?)
}

async fn enter_vouched(site: &Site, name: &UserName, to: &str) -> Answer {
    let role = site.web.settings.proxy.as_ref().map_or(Role::Viewer, |proxy| proxy.role);
    let id = site.authenticator.vouched(name, role, "the proxy").await?;
    enter(site, id, true, to).await
}

pub(super) async fn enter(site: &Site, id: UserId, by_proxy: bool, to: &str) -> Answer {
    let token = site.authenticator.open(id, by_proxy).await?;
    let mut response = Redirect::to(to).into_response();
    keep_session(site, &mut response, &token);
    Ok(response)
}

async fn log_in(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, Caller(from): Caller, form: Filled) -> Answer {
    let to = own_place(form.given("to"));
    let (name, password) = (form.text("name"), form.raw("password"));
    let parsed = UserName::parse(name).ok();
    let allowed = site.limiter.wait(from, parsed.as_ref()).await.map_err(WebError::TooOften)?;
    let _place = site.password_turn().await?;
    let user = match &parsed {
        Some(name) => site.authenticator.log_in(name, &Secret::new(password)).await?,
        None => None,
    };
    let Some(user) = user else {
        allowed.was_wrong();
        tracing::warn!(%from, "a login failed: wrong name or password");
        let wrong = "the name or the password is wrong".to_owned();
        let shown = Page { name: name.chars().take(80).collect(), wrong, ..Page::new(&site, layout, to).await? };
        return Ok(drawn(StatusCode::UNAUTHORIZED, &shown));
    };
    allowed.was_right();
    enter(&site, user.id, false, &to).await
}

async fn log_out(State(site): State<Arc<Site>>, visitor: Visitor, _form: Filled) -> Answer {
    if let Some(session) = &visitor.session {
        site.web.store.close_session(session).await?;
    }
    let mut response = go_on(&site, "/login", "You are logged out.");
    drop_session(&site, &mut response);
    Ok(response)
}

/// The redirect target, if it is a path on this site; otherwise `/`. It prevents an open redirect.
pub(super) fn own_place(to: Option<&str>) -> String {
    let is_own = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && !to.starts_with("/login")
            && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    to.filter(is_own).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for wrong in
            ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/login?to=/login", "/a\r\nset-cookie: x", "/\t/evil"]
        {
            assert_eq!(own_place(Some(wrong)), "/", "{wrong:?}");
        }
        assert_eq!(own_place(Some("/projects/shop?route=a")), "/projects/shop?route=a");
    }
}
