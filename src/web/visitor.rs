//! The caller: a user with a session, a user whom a trusted proxy reports, or an API token.

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
use crate::auth::{Accounts, draw};
use crate::model::{Digest, Role, UserName};
use crate::settings::{By, SettingsService};

#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// A user's name, or `token NAME`, as in the audit log.
    pub(super) who: String,
    pub(super) role: Role,
    pub(super) user: Option<UserName>,
    /// None for an API token, which has no cookie.
    pub(super) csrf: Option<Csrf>,
    pub(super) session: Option<Digest>,
}

impl Visitor {
    pub(super) fn accounts<'s>(&'s self, site: &'s Site) -> Accounts<'s> {
        Accounts::of(&site.authenticator, &self.who)
    }

    pub(super) fn settings_service<'s>(&self, site: &'s Site) -> SettingsService<'s> {
        SettingsService::new(&site.web.store, By::user(&self.who), site.now())
    }
}

#[derive(Debug, Clone)]
pub(super) struct Writer(pub(super) Visitor);

/// A visitor, or none: for pages that the public may see.
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
        // Several extractors of a request share the result.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let found = Self(find(parts, site).await?);
        parts.extensions.insert(found.clone());
        Ok(found)
    }
}

async fn find(parts: &Parts, site: &Site) -> Result<Option<Visitor>, WebError> {
    // A request with a token is judged by the token alone.
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
    // A session that a proxy opened is valid only while the proxy reports the same user.
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

/// Other schemes of `Authorization` (`Basic`) are for a proxy in front of us; browsers send them with every request, and they are ignored here.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn vouched_for(parts: &Parts, site: &Site) -> Option<UserName> {
    let settings = site.web.settings.proxy.as_ref()?;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    if !settings.is_believed(peer) {
        return None;
    }
    let mut named = parts.headers.get_all(settings.header.as_str()).iter();
    // Two headers are untrusted: one of them came from outside.
    match (named.next(), named.next()) {
        (Some(name), None) => UserName::parse(name.to_str().ok()?.trim()).ok(),
        _ => None,
    }
}

/// Shows that a form is from a page of this session, without revealing the session's token.
#[derive(Debug, Clone)]
pub(super) struct Csrf(String);

impl Csrf {
    fn of(token: &str) -> Self {
        Self(mark(format!("csrf {token}")))
    }

    /// Different on each page, so that it cannot be guessed from the sizes of compressed pages.
    pub(super) fn mask(&self) -> String {
        // Without random bytes it is the same on each page, and still secret.
        let salt = draw().unwrap_or_default();
        format!("{salt}.{}", self.salted(&salt))
    }

    pub(super) fn fits(&self, submitted: &str) -> bool {
        submitted.split_once('.').is_some_and(|(salt, digest)| self.salted(salt) == digest)
    }

    fn salted(&self, salt: &str) -> String {
        mark(format!("{salt} {}", self.0))
    }
}
