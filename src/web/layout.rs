//! The layout around each page: title, navigation, user, the message of the previous page, and live updates.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::WebError;
use super::site::Site;
use super::visitor::{Csrf, Perhaps, Visitor, Writer};
use super::{assets, said};
use crate::model::{Role, Timestamp};
use crate::settings::SettingsService;

/// What the handler of a page returns.
pub(super) type Answer = Result<Response, WebError>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Projects,
    Apps,
    Incidents,
    Channels,
    Maintenance,
    StatusPages,
    AuditLog,
    Settings,
    /// Not in the navigation: login, and pages for the public.
    Outside,
}

impl Place {
    /// Place, address, name.
    const NAVIGATION: [(Self, &'static str, &'static str); 8] = [
        (Self::Projects, "/", "Projects"),
        (Self::Apps, "/apps", "Apps"),
        (Self::Incidents, "/incidents", "Incidents"),
        (Self::Channels, "/channels", "Channels"),
        (Self::Maintenance, "/maintenance", "Maintenance"),
        (Self::StatusPages, "/status-pages", "Status pages"),
        (Self::AuditLog, "/audit-log", "Audit log"),
        (Self::Settings, "/settings", "Settings"),
    ];
}

pub(super) type Crumb = (String, String);

/// What `layout.html` needs of every page.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) title: String,
    pub(super) place: Place,
    pub(super) crumbs: Vec<Crumb>,
    pub(super) visitor: Option<Visitor>,
    pub(super) said: Option<String>,
    /// Address of the live stream (`/live?...`); empty if the page is not live.
    pub(super) live: String,
    pub(super) marks: bool,
    pub(super) open: u64,
    pub(super) now: Timestamp,
}

impl Layout {
    pub(super) fn titled(mut self, place: Place, title: impl Into<String>) -> Self {
        self.place = place;
        self.title = title.into();
        self
    }

    pub(super) fn below(mut self, crumbs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.crumbs = crumbs.into_iter().map(|(name, address)| (name.into(), address.into())).collect();
        self
    }

    /// Title and place of a page right below that of the project.
    pub(super) fn of_project(self, project: &str, title: impl Into<String>) -> Self {
        self.titled(Place::Projects, title).below([("Projects", "/"), (project, &format!("/projects/{project}"))])
    }

    /// Reload when something changes in this project, or in any if there is none.
    pub(super) fn live(mut self, project: Option<&str>) -> Self {
        self.live = project.map_or_else(|| "/live".to_owned(), |name| format!("/live?project={name}"));
        self
    }

    pub(super) fn csrf(&self) -> String {
        self.visitor.as_ref().and_then(|visitor| visitor.csrf.as_ref()).map(Csrf::mask).unwrap_or_default()
    }

    pub(super) fn may_write(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.role >= Role::Editor)
    }

    pub(super) fn who(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.who)
    }

    pub(super) fn navigation(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let here = self.place;
        Place::NAVIGATION.into_iter().map(move |(place, address, name)| (address, name, place == here))
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the layout")]
    pub(super) const fn shapes(&self) -> &'static str {
        include_str!("assets/marks.svg")
    }

    pub(super) fn with_marks(mut self) -> Self {
        self.marks = true;
        self
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the layout")]
    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the layout")]
    pub(super) const fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

impl FromRequestParts<Arc<Site>> for Layout {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        let open = site.web.store.open_incidents().await?;
        Ok(Self { open, ..Self::outside(site, Some(visitor), said::words(&parts.headers)) })
    }
}

pub(super) struct PublicLayout(pub(super) Layout);

impl FromRequestParts<Arc<Site>> for PublicLayout {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let visitor = Perhaps::from_request_parts(parts, site).await?.0;
        Ok(Self(Layout::outside(site, visitor, said::words(&parts.headers))))
    }
}

/// What the handler of a form gets: the state, the layout of its page, and the editor.
pub(super) struct Editing {
    pub(super) site: Arc<Site>,
    pub(super) layout: Layout,
    pub(super) visitor: Visitor,
}

impl FromRequestParts<Arc<Site>> for Editing {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let Writer(visitor) = Writer::from_request_parts(parts, site).await?;
        Ok(Self { site: Arc::clone(site), layout: Layout::from_request_parts(parts, site).await?, visitor })
    }
}

impl Editing {
    pub(super) fn settings_service(&self) -> SettingsService<'_> {
        self.visitor.settings_service(&self.site)
    }
}

impl Layout {
    fn outside(site: &Site, visitor: Option<Visitor>, said: Option<String>) -> Self {
        Self {
            title: String::new(),
            place: Place::Outside,
            crumbs: Vec::new(),
            visitor,
            said,
            live: String::new(),
            marks: false,
            open: 0,
            now: site.now(),
        }
    }

    /// For errors of a request. A visitor who cannot be determined, for example without the store, is treated as logged out.
    pub(super) async fn of_error(site: &Arc<Site>, parts: &mut Parts, title: &str) -> Self {
        let visitor = Perhaps::from_request_parts(parts, site).await.ok().and_then(|visitor| visitor.0);
        let open = if visitor.is_some() { site.web.store.open_incidents().await.unwrap_or_default() } else { 0 };
        Self { title: title.to_owned(), open, ..Self::outside(site, visitor, None) }
    }

    /// For errors before the visitor is known.
    pub(super) fn bare(site: &Site, title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::outside(site, None, None) }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the last line of a handler")]
pub(super) fn page(template: &impl Template) -> Answer {
    Ok(drawn(StatusCode::OK, template))
}

/// A form whose input is rejected.
#[expect(clippy::unnecessary_wraps, reason = "the last line of a handler")]
pub(super) fn form_again(template: &impl Template) -> Answer {
    Ok(drawn(StatusCode::UNPROCESSABLE_ENTITY, template))
}

pub(super) fn drawn(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], text).into_response(),
        Err(why) => {
            tracing::error!(%why, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
