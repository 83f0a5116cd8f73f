//! Who asks: a session's user, a user whom a reverse proxy vouches for, or an API token.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;

use super::error::WebError;
use super::mark::mark;
use super::said::SESSION;
use super::site::Site;
use crate::auth::draw;
use crate::model::{Digest, Role, UserName};

/// Whoever asks, and may.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// As audit entries name them: a user's name, or `token NAME`.
    pub(super) who: String,
    /// What they may do.
    pub(super) role: Role,
    /// The user, where it is one.
    pub(super) user: Option<UserName>,
    /// Makes what a form must bring along, for those whom a cookie lets in; a token needs none.
    pub(super) csrf: Option<Csrf>,
    /// The session, to be closed on logging out.
    pub(super) session: Option<Digest>,
}

/// Somebody who may change things.
#[derive(Debug, Clone)]
pub(super) struct Writer(pub(super) Visitor);

/// Somebody, or nobody: for pages that strangers may see.
#[derive(Debug, Clone)]
pub(super) struct Perhaps(pub(super) Option<Visitor>);

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        Perhaps::from_request_parts(parts, site).await?.0.ok_or(WebError::LoginNeeded)
    }
}

impl FromRequestParts<Arc<Site>> for Writer {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        if visitor.role < Role::Editor { Err(WebError::ReadOnly) } else { Ok(Self(visitor)) }
    }
}

impl FromRequestParts<Arc<Site>> for Perhaps {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        // Asked for by several extractors of one request, found out once.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let found = Self(find(parts, site).await?);
        parts.extensions.insert(found.clone());
        Ok(found)
    }
}

async fn find(parts: &Parts, site: &Site) -> Result<Option<Visitor>, WebError> {
    // Who shows a token is judged by that alone.
    if let Some(text) = bearer(&parts.headers) {
        let token = site.authenticator.token(text).await?;
        return Ok(token.map(|token| Visitor {
            who: format!("token {}", token.name),
            role: token.role,
            user: None,
            csrf: None,
            session: None,
        }));
    }
    let vouched = vouched_for(parts, site);
    let Some(token) = CookieJar::from_headers(&parts.headers).get(SESSION).map(|cookie| cookie.value().to_owned()) else {
        return Ok(None);
    };
    let Some(session) = site.authenticator.session(&token).await? else { return Ok(None) };
    // A session that a proxy opened is good only while the proxy says the same name.
    if session.by_proxy && vouched.as_ref() != Some(&session.user.name) {
        return Ok(None);
    }
    Ok(Some(Visitor {
        who: session.user.name.to_string(),
        role: session.user.role,
        user: Some(session.user.name),
        csrf: Some(Csrf::of(&token)),
        session: Some(Digest::of(&token)),
    }))
}

/// The API token that a request shows. Other schemes of `Authorization` are those of a proxy before us (`Basic`), which a browser sends along
/// with every request: they say nothing here.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The user whom a reverse proxy names, when it is one that is believed.
pub(super) fn vouched_for(parts: &Parts, site: &Site) -> Option<UserName> {
    let settings = site.web.settings.proxy.as_ref()?;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    if !settings.is_believed(peer) {
        return None;
    }
    let mut named = parts.headers.get_all(settings.header.as_str()).iter();
    // Two of them are nobody: one of the two came from outside.
    match (named.next(), named.next()) {
        (Some(name), None) => UserName::parse(name.to_str().ok()?.trim()).ok(),
        _ => None,
    }
}

/// What shows that a form is from a page of this session. It says nothing of the session's token.
#[derive(Debug, Clone)]
pub(super) struct Csrf(String);

impl Csrf {
    fn of(token: &str) -> Self {
        Self(mark(format!("csrf {token}")))
    }

    /// For one page: another every time, so that nobody can guess it from the sizes of compressed pages.
    pub(super) fn mask(&self) -> String {
        // Without random bytes it is the same every time, and still nobody else's.
        let salt = draw().unwrap_or_default();
        format!("{salt}.{}", self.salted(&salt))
    }

    /// Whether a form brought along what this session's pages hold.
    pub(super) fn fits(&self, brought: &str) -> bool {
        brought.split_once('.').is_some_and(|(salt, digest)| self.salted(salt) == digest)
    }

    fn salted(&self, salt: &str) -> String {
        mark(format!("{salt} {}", self.0))
    }
}
