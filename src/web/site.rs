//! The state that all handlers share.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::error::{WebError, named};
use super::limiter::Limiter;
use super::server::ConnectionLimits;
use super::status::StatusCache;
use crate::auth::Authenticator;
use crate::auth::oidc::{Issuer, NotBuiltIn};
use crate::clock::Clock;
use crate::config::{Origin, WebSettings};
use crate::liveness::Liveness;
use crate::model::{AppKind, Digest, Project, StatusPage, Timestamp};
use crate::notify::Sender;
use crate::posthog;
use crate::settings;
use crate::store::Store;

/// Maximum number of live pages; others do not update themselves.
const LIVE_PAGES: usize = 256;
/// Maximum number of concurrent replays: each one uses a CPU.
const REPLAYS: usize = 2;

pub(super) const SIGNED_ON: &str = "/login/oidc/callback";

/// The configured issuer. Fails if this binary was built without single sign-on.
pub fn issuer(settings: &WebSettings, clock: &Clock) -> Result<Option<Issuer>, NotBuiltIn> {
    let issuer = settings.oidc.as_ref().map(|oidc| Issuer::new(oidc, settings.usual_address(SIGNED_ON), clock.clone()));
    issuer.transpose()
}

#[derive(Clone)]
pub struct Web {
    pub store: Arc<Store>,
    pub client: posthog::Client,
    pub sender: Arc<Sender>,
    pub clock: Clock,
    pub liveness: Liveness,
    pub settings: WebSettings,
    pub limits: ConnectionLimits,
    /// A login link that works without a password and any number of times: only for the demo.
    pub pass: Option<Digest>,
}

pub(super) struct Site {
    pub(super) web: Web,
    pub(super) authenticator: Authenticator,
    pub(super) issuer: Option<Issuer>,
    pub(super) limiter: Limiter,
    pub(super) live: Semaphore,
    /// Only one password is hashed at a time.
    passwords: Semaphore,
    pub(super) status_pages: StatusCache,
    pub(super) replays: Arc<Semaphore>,
    pub(super) ending: watch::Receiver<bool>,
}

impl Site {
    pub(super) fn new(web: Web, ending: watch::Receiver<bool>) -> Self {
        let authenticator = Authenticator { store: web.store.clone(), clock: web.clock.clone() };
        let limiter = Limiter::new(web.clock.clone());
        let issuer = issuer(&web.settings, &web.clock).ok().flatten();
        Self {
            authenticator,
            issuer,
            limiter,
            live: Semaphore::new(LIVE_PAGES),
            passwords: Semaphore::new(1),
            status_pages: StatusCache::default(),
            replays: Arc::new(Semaphore::new(REPLAYS)),
            ending,
            web,
        }
    }

    /// The full address of a path, for a link: on the public URL, or on the host of the request.
    pub(super) fn link(&self, headers: &HeaderMap, path: &str) -> String {
        match (&self.web.settings.public_url, headers.get(HOST).and_then(|host| host.to_str().ok())) {
            // The guard has checked this host.
            (None, Some(host)) => format!("http://{host}{path}"),
            _ => self.web.settings.usual_address(path),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.web.clock.now()
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::Page(self.now())
    }

    pub(super) async fn project(&self, name: &str) -> Result<Arc<Project>, WebError> {
        self.web.store.project(&named("project", name)?).await?.map(Arc::new).ok_or_else(|| WebError::no("project", name))
    }

    pub(super) async fn app(&self, name: &str, app: &str) -> Result<(Arc<Project>, AppKind), WebError> {
        let kind = settings::app::kind_named(app)?;
        Ok((self.project(name).await?, kind))
    }

    pub(super) async fn status_page(&self, name: &str) -> Result<StatusPage, WebError> {
        self.web.store.status_page(&named("status page", name)?).await?.ok_or_else(|| WebError::no("status page", name))
    }

    /// Waits for the turn to hash a password; it ends when the permit is dropped.
    pub(super) async fn password_turn(&self) -> Result<SemaphorePermit<'_>, WebError> {
        self.passwords.acquire().await.map_err(|_| WebError::Busy("Heartbeat is stopping".to_owned()))
    }
}
