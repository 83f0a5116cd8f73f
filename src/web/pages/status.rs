//! A public status page and its Atom feed of incidents.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::judge::Health;
use crate::model::{EndedBecause, Incident, ProjectName, Timestamp, span};
use crate::report::DAYS;
use crate::web::draw::strip::{Key, Strip, days as draw_days};
use crate::web::error::WebError;
use crate::web::etag::tag;
use crate::web::layout::{Answer, Layout, Place, PublicLayout, page};
use crate::web::site::Site;
use crate::web::status::{Part, Status, sentence, title};
use crate::web::visitor::Visitor;
use crate::web::when::When;
use crate::web::words::maybe_percent;

/// Browsers and proxies may cache a public page for this long.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=30");

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/status/{name}", get(show)).route("/status/{name}/feed.atom", get(feed)).route_layer(from_fn(tag))
}

#[derive(Template)]
#[template(path = "status.html")]
struct Page {
    layout: Layout,
    status: Arc<Status>,
    key: Key,
    /// The absolute address of the page.
    address: String,
}

impl Page {
    fn health(&self) -> Option<Health> {
        self.status.health()
    }

    fn strip(part: &Part) -> Strip {
        draw_days(&part.days.days)
    }

    fn uptime(part: &Part) -> String {
        maybe_percent(part.days.uptime.last_90_days)
    }

    /// When the records began, if that was less than 90 days ago.
    fn since(part: &Part) -> Option<When> {
        let since = part.days.since_within_days(DAYS).filter(|_| part.days.uptime.last_90_days.is_some());
        since.map(|since| When::full(since.start()))
    }

    fn says(part: &Part) -> &'static str {
        sentence(part.brief.verdict.health)
    }

    fn title(incident: &Incident) -> &'static str {
        title(incident.incident_kind)
    }

    fn began(&self, incident: &Incident) -> When {
        When::minute(incident.began(), self.layout.now)
    }

    fn state(incident: &Incident) -> &'static str {
        state(incident)
    }

    fn closed(&self, incident: &Incident) -> Option<When> {
        incident.closed.map(|closed| When::minute(closed, self.layout.now))
    }

    fn lasted(&self, incident: &Incident) -> String {
        span(incident.lasted(self.layout.now))
    }
}

/// The public sees only public pages and cannot find out whether there are others.
async fn seen_by(site: &Site, visitor: Option<&Visitor>, name: &str) -> Result<Arc<Status>, WebError> {
    let (store, now, page) = (&*site.web.store, site.now(), site.status_page(name).await?);
    match visitor {
        Some(_) => Ok(Arc::new(Status::read(store, page, now).await?)),
        None if page.public => Ok(site.status_pages.of(store, page, now).await?),
        None => Err(WebError::no("status page", name)),
    }
}

async fn show(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, headers: HeaderMap, Path(name): Path<String>) -> Answer {
    let status = seen_by(&site, layout.visitor.as_ref(), &name).await?;
    let is_public = status.page.public;
    let layout = layout.titled(Place::Outside, status.page.title.clone()).with_marks();
    let key = Key::of_days(&status.parts.iter().flat_map(|part| part.days.days.clone()).collect::<Vec<_>>());
    let is_public_visitor = layout.visitor.is_none();
    let address = site.link(&headers, &format!("/status/{}", status.page.name));
    let mut response = page(&Page { layout, status, key, address })?;
    if is_public && is_public_visitor {
        response.headers_mut().insert(CACHE_CONTROL, CACHE);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "feed.atom", escape = "xml")]
struct Feed {
    title: String,
    /// The absolute address of the page.
    address: String,
    updated: Timestamp,
    entries: Vec<Entry>,
}

struct Entry {
    key: String,
    title: String,
    project: ProjectName,
    opened: Timestamp,
    updated: Timestamp,
    words: String,
}

/// One entry per incident, updated when it ends.
async fn feed(State(site): State<Arc<Site>>, PublicLayout(layout): PublicLayout, headers: HeaderMap, Path(name): Path<String>) -> Answer {
    let status = seen_by(&site, layout.visitor.as_ref(), &name).await?;
    let entries: Vec<Entry> = status.incidents.iter().map(|incident| entry(incident, layout.now)).collect();
    let updated = entries.iter().map(|entry| entry.updated).max().unwrap_or(layout.now.minute().start());
    let address = site.link(&headers, &format!("/status/{}", status.page.name));
    let text = Feed { title: status.page.title.clone(), address, updated, entries }.render();
    let text = text.map_err(|why| WebError::Busy(format!("the feed could not be rendered: {why}")))?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/atom+xml; charset=utf-8")), (CACHE_CONTROL, CACHE)], text).into_response())
}

fn entry(incident: &Incident, now: Timestamp) -> Entry {
    let (began, lasted) = (incident.began(), span(incident.lasted(now)));
    let state = state(incident);
    let words = match (incident.closed, incident.ended_because.and_then(EndedBecause::outcome)) {
        (Some(closed), None) => format!("From {began} to {closed}, duration {lasted}."),
        (Some(closed), Some(_)) => format!("From {began} to {closed}: {state}. Whether it is resolved is unknown."),
        (None, _) => format!("Open since {began}."),
    };
    Entry {
        key: incident.key().to_string(),
        title: format!("{}: {} ({state})", incident.project_name, title(incident.incident_kind)),
        project: incident.project_name.clone(),
        opened: incident.opened,
        updated: incident.closed.unwrap_or(incident.opened).min(now),
        words,
    }
}

/// `open`, `resolved`, or why it is no longer watched.
fn state(incident: &Incident) -> &'static str {
    match (incident.is_open(), incident.ended_because) {
        (true, _) => "open",
        (false, because) => because.and_then(EndedBecause::outcome).unwrap_or("resolved"),
    }
}
