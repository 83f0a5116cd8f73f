//! The frame around each page: title, navigation, who is logged in, what the page before had to say, and what is watched live.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::WebError;
use super::site::Site;
use super::visitor::{Csrf, Perhaps, Visitor};
use super::{assets, said};
use crate::model::{Role, Timestamp};

/// A place in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Projects,
    Apps,
    Incidents,
    Channels,
    Maintenance,
    StatusPages,
    Changes,
    Settings,
    /// None of them: logging in, and what strangers see.
    Outside,
}

impl Place {
    /// Those that stand in the navigation: place, address, name, and the key that leads there after `g`.
    const NAVIGATION: [(Self, &'static str, &'static str, char); 8] = [
        (Self::Projects, "/", "Projects", 'p'),
        (Self::Apps, "/apps", "Apps", 'a'),
        (Self::Incidents, "/incidents", "Incidents", 'i'),
        (Self::Channels, "/channels", "Channels", 'c'),
        (Self::Maintenance, "/maintenance", "Maintenance", 'm'),
        (Self::StatusPages, "/status-pages", "Status pages", 's'),
        (Self::Changes, "/changes", "Changes", 'h'),
        (Self::Settings, "/settings", "Settings", 'e'),
    ];
}

/// One step of the way back up: name and address.
pub(super) type Crumb = (String, String);

/// What the layout (`frame.html`) needs of every page.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The page's own name, before that of the program.
    pub(super) title: String,
    pub(super) place: Place,
    /// The pages above this one.
    pub(super) crumbs: Vec<Crumb>,
    pub(super) visitor: Option<Visitor>,
    /// What the page before had to say.
    pub(super) said: Option<String>,
    /// What is watched live (`/live?...`); empty where nothing is.
    pub(super) live: String,
    /// Whether the page draws strips.
    pub(super) marks: bool,
    /// How many incidents are open.
    pub(super) open: u64,
    pub(super) now: Timestamp,
}

impl Layout {
    /// Under this name, in this place of the navigation.
    pub(super) fn titled(mut self, place: Place, title: impl Into<String>) -> Self {
        self.place = place;
        self.title = title.into();
        self
    }

    /// Below these pages.
    pub(super) fn below(mut self, crumbs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.crumbs = crumbs.into_iter().map(|(name, address)| (name.into(), address.into())).collect();
        self
    }

    /// Drawn anew whenever something changes in this project; in any, where none is named.
    pub(super) fn live(mut self, project: Option<&str>) -> Self {
        self.live = project.map_or_else(|| "/live".to_owned(), |name| format!("/live?project={name}"));
        self
    }

    /// What every form must bring along.
    pub(super) fn csrf(&self) -> String {
        self.visitor.as_ref().and_then(|visitor| visitor.csrf.as_ref()).map(Csrf::mask).unwrap_or_default()
    }

    /// Whether whoever looks at it may change things.
    pub(super) fn may_write(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.role >= Role::Editor)
    }

    pub(super) fn who(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.who)
    }

    /// Each place of the navigation: address, name, key, and whether it is here.
    pub(super) fn navigation(&self) -> impl Iterator<Item = (&'static str, &'static str, char, bool)> {
        let here = self.place;
        Place::NAVIGATION.into_iter().map(move |(place, address, name, key)| (address, name, key, place == here))
    }

    /// With the shapes that strips are drawn of.
    /// The shapes that strips are drawn of.
    #[expect(clippy::unused_self, reason = "templates reach it through the frame")]
    pub(super) const fn shapes(&self) -> &'static str {
        include_str!("assets/marks.svg")
    }

    pub(super) fn with_marks(mut self) -> Self {
        self.marks = true;
        self
    }

    /// The address of an embedded file, which changes with its content.
    #[expect(clippy::unused_self, reason = "templates reach it through the frame")]
    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the frame")]
    pub(super) const fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// Everybody who is logged in gets a frame.
impl FromRequestParts<Arc<Site>> for Layout {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        let open = site.web.store.open_incidents().await?;
        Ok(Self { open, ..Self::outside(parts, site, Some(visitor)) })
    }
}

/// A frame for whoever asks, logged in or not.
pub(super) struct PublicLayout(pub(super) Layout);

impl FromRequestParts<Arc<Site>> for PublicLayout {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, WebError> {
        let visitor = Perhaps::from_request_parts(parts, site).await?.0;
        Ok(Self(Layout::outside(parts, site, visitor)))
    }
}

impl Layout {
    fn outside(parts: &Parts, site: &Site, visitor: Option<Visitor>) -> Self {
        Self {
            title: String::new(),
            place: Place::Outside,
            crumbs: Vec::new(),
            visitor,
            said: said::words(&parts.headers),
            live: String::new(),
            marks: false,
            open: 0,
            now: site.now(),
        }
    }

    /// A frame around nothing known: for what goes wrong before anybody is known.
    pub(super) fn bare(site: &Site, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            place: Place::Outside,
            crumbs: Vec::new(),
            visitor: None,
            said: None,
            live: String::new(),
            marks: false,
            open: 0,
            now: site.now(),
        }
    }
}

/// A page, drawn. `frame` is the one inside the template: what it said is said.
pub(super) fn page(site: &Site, frame_said: bool, template: &impl Template) -> Response {
    let mut response = drawn(StatusCode::OK, template);
    if frame_said {
        said::forget(site, &mut response);
    }
    response
}

/// A template as an answer with this status.
pub(super) fn drawn(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], text).into_response(),
        Err(why) => {
            tracing::error!(%why, "a page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
