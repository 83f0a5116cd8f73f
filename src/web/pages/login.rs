//! Logging in and out.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, FromRequestParts, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::access::deed;
use crate::model::{Access, Secret, UserName};
use crate::web::form::Filled;
use crate::web::frame::{Frame, OpenFrame, Place, drawn, page};
use crate::web::guard::caller;
use crate::web::said::{drop_session, go_on, keep_session};
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::{Visitor, vouched_for};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/login", get(show).post(log_in)).route("/logout", post(log_out))
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    frame: Frame,
    /// Where to go from here.
    to: String,
    name: String,
    wrong: String,
    /// Nobody has a password yet: the way in is the link that the start printed.
    is_new: bool,
}

#[derive(Debug, Deserialize)]
struct To {
    to: Option<String>,
}

/// Whoever a proxy vouches for is in at once.
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
    OpenFrame(frame): OpenFrame,
    Query(To { to }): Query<To>,
) -> Result<Response, Trouble> {
    let to = own_place(to.as_deref());
    if frame.visitor.is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    if let Some(name) = vouched {
        return enter_vouched(&site, &name, &to).await;
    }
    let is_new = site.door.is_new().await?;
    let frame = frame.titled(Place::Outside, "Log in");
    Ok(page(&site, frame.said.is_some(), &Page { frame, to, name: String::new(), wrong: String::new(), is_new }))
}

async fn enter_vouched(site: &Site, name: &UserName, to: &str) -> Result<Response, Trouble> {
    let access = site.web.settings.proxy.as_ref().map_or(Access::Read, |proxy| proxy.access);
    let id = if let Some((user, _)) = site.web.store.user(name).await? {
        user.id
    } else {
        let words = format!("came in by the proxy for the first time; may {}", access.name());
        let deed = deed(name.as_str(), format!("user {name}"), words, site.now());
        site.door.put(name, access, None, &deed).await?
    };
    let token = site.door.open(id, true).await?;
    let mut response = Redirect::to(to).into_response();
    keep_session(site, &mut response, &token);
    Ok(response)
}

async fn log_in(State(site): State<Arc<Site>>, OpenFrame(frame): OpenFrame, request: Request) -> Result<Response, Trouble> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().copied();
    let from = caller(&site, request.headers(), peer.as_ref());
    let form = <Filled as axum::extract::FromRequest<_>>::from_request(request, &site).await?;
    let to = own_place(form.given("to"));
    let (name, password) = (form.text("name"), form.raw("password"));
    let parsed = UserName::parse(name).ok();
    site.limiter.try_once(from, parsed.as_ref()).map_err(Trouble::TooOften)?;
    let _place = site.passwords.acquire().await.map_err(|_| Trouble::Busy("the end is near".to_owned()))?;
    let user = match &parsed {
        Some(name) => site.door.log_in(name, &Secret::new(password)).await?,
        None => None,
    };
    let Some(user) = user else {
        tracing::warn!(%from, "somebody gave a wrong name or password");
        let frame = frame.titled(Place::Outside, "Log in");
        let wrong = "no user has this name and this password".to_owned();
        let shown = Page { frame, to, name: name.chars().take(80).collect(), wrong, is_new: site.door.is_new().await? };
        return Ok(drawn(StatusCode::UNAUTHORIZED, &shown));
    };
    let token = site.door.open(user.id, false).await?;
    let mut response = Redirect::to(&to).into_response();
    keep_session(&site, &mut response, &token);
    Ok(response)
}

async fn log_out(State(site): State<Arc<Site>>, visitor: Visitor, _form: Filled) -> Result<Response, Trouble> {
    if let Some(session) = &visitor.session {
        site.web.store.close_session(session).await?;
    }
    let mut response = go_on(&site, "/login", "You are logged out.");
    drop_session(&site, &mut response);
    Ok(response)
}

/// A place on this site, whatever stands in the address: nobody is sent elsewhere.
fn own_place(to: Option<&str>) -> String {
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
