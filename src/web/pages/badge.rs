//! Badges, `/badge/NAME.svg`: the state of a project or status page in one word. The public sees those that a public status page shows;
//! for any other name it sees the badge of an unknown name, so that existing names are not disclosed.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::judge::Health;
use crate::model::{Project, ProjectName, Timestamp, span};
use crate::report::{Brief, Days, days};
use crate::web::draw::badge::{Badge, Tone};
use crate::web::error::WebError;
use crate::web::etag::tag;
use crate::web::layout::Answer;
use crate::web::shown;
use crate::web::site::Site;
use crate::web::visitor::Perhaps;
use crate::web::words::{date, percent, short};

/// At most this many projects of a status page are combined.
const MOST: usize = 50;
/// Arrived share from which a badge is green, and from which it is yellow.
const GOOD_SHARE: f64 = 0.999;
const FAIR_SHARE: f64 = 0.99;
const UPTIME_DAYS: usize = 30;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/badge/{file}", get(draw)).route_layer(from_fn(tag))
}

#[derive(Debug, Deserialize)]
struct Asked {
    show: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Status,
    Uptime,
    Lag,
    CompleteThrough,
}

impl Show {
    const ALL: [(&'static str, Self); 4] =
        [("status", Self::Status), ("uptime", Self::Uptime), ("lag", Self::Lag), ("complete-through", Self::CompleteThrough)];

    fn asked(text: Option<&str>) -> Result<Self, WebError> {
        let Some(text) = text else { return Ok(Self::Status) };
        let found = Self::ALL.into_iter().find(|(name, _)| *name == text);
        let all = Self::ALL.map(|(name, _)| name).join(", ");
        found.map(|(_, show)| show).ok_or_else(|| WebError::unfit("show", format!("`{}` is not a badge; use one of {all}", short(text))))
    }
}

struct Shown {
    projects: Vec<Project>,
    public: bool,
}

async fn draw(State(site): State<Arc<Site>>, Perhaps(visitor): Perhaps, Path(file): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let show = Show::asked(asked.show.as_deref())?;
    let name = file.strip_suffix(".svg").ok_or_else(|| WebError::no("badge", &file))?;
    let parsed = ProjectName::parse(name).ok();
    let found = match &parsed {
        Some(name) => find(&site, name, visitor.is_some()).await?,
        None => None,
    };
    let (Some(name), Some(shown)) = (parsed, found) else {
        let unknown = Badge::new("heartbeat", "unknown", Tone::Mute);
        return Ok(picture(StatusCode::NOT_FOUND, &unknown, visitor.is_none()));
    };
    let public = shown.public;
    Ok(picture(StatusCode::OK, &badge(&site, &name, shown.projects, show).await?, public))
}

/// In this order: a public status page, a project, a private status page. Only a logged-in visitor gets what is not public.
async fn find(site: &Site, name: &ProjectName, is_logged_in: bool) -> Result<Option<Shown>, WebError> {
    let store = &site.web.store;
    let page = store.status_page(name).await?;
    if let Some(page) = page.as_ref().filter(|page| page.public) {
        return Ok(Some(Shown { projects: store.projects_on(page).await?, public: true }));
    }
    if let Some(project) = store.project(name).await? {
        let public = store.status_pages().await?.iter().any(|page| page.public && page.shows(&project.spec));
        if public || is_logged_in {
            return Ok(Some(Shown { projects: vec![project], public }));
        }
    }
    match page.filter(|_| is_logged_in) {
        Some(page) => Ok(Some(Shown { projects: store.projects_on(&page).await?, public: false })),
        None => Ok(None),
    }
}

async fn badge(site: &Site, name: &ProjectName, projects: Vec<Project>, show: Show) -> Result<Badge, WebError> {
    let (projects, now) = (projects.into_iter().take(MOST).map(Arc::new).collect(), site.now());
    let briefs = shown::briefs_of(site, projects, now).await?;
    Ok(match show {
        Show::Status => status(name, &briefs),
        Show::Uptime => {
            let projects: Vec<_> = briefs.iter().map(|brief| Arc::clone(&brief.project)).collect();
            uptime(name, &days(&site.web.store, &projects, now).await?)
        }
        Show::Lag => lag(name, &briefs),
        Show::CompleteThrough => complete_through(name, &briefs, now),
    })
}

fn status(name: &ProjectName, briefs: &[Brief]) -> Badge {
    let worst = briefs.iter().map(|brief| brief.verdict.health).max();
    let health = worst.unwrap_or(Health::Disabled);
    Badge::new(name.as_str(), health.label(), Tone::of(health))
}

fn uptime(name: &ProjectName, days: &Days) -> Badge {
    let share = days.uptime.last_30_days;
    let (value, tone) = match share {
        Some(share) if share >= GOOD_SHARE => (percent(share), Tone::Good),
        Some(share) if share >= FAIR_SHARE => (percent(share), Tone::Warn),
        Some(share) => (percent(share), Tone::Bad),
        None => ("no data yet".to_owned(), Tone::Mute),
    };
    let badge = Badge::new(&format!("{name} uptime, 30 days"), &value, tone);
    match days.since_within_days(UPTIME_DAYS).filter(|_| share.is_some()) {
        Some(since) => badge.noted(format!("since {} UTC", since.start().date_and_minute())),
        None => badge,
    }
}

fn lag(name: &ProjectName, briefs: &[Brief]) -> Badge {
    let longest = briefs.iter().filter_map(|brief| brief.newest_lag().map(|lag| (lag, brief))).max_by_key(|(lag, _)| *lag);
    let (value, tone) = match longest {
        Some((lag, brief)) if lag > brief.project.spec.timing.late_after => (span(lag), Tone::Warn),
        Some((lag, _)) => (span(lag), Tone::Good),
        None => ("no data yet".to_owned(), Tone::Mute),
    };
    Badge::new(&format!("{name} lag"), &value, tone)
}

fn complete_through(name: &ProjectName, briefs: &[Brief], now: Timestamp) -> Badge {
    let lost_after = briefs.iter().map(|brief| brief.project.spec.timing.lost_after).max().unwrap_or_default();
    let all: Option<Vec<_>> = briefs.iter().map(|brief| brief.complete_through).collect();
    let (value, tone) = match all.and_then(|all| all.into_iter().min()) {
        Some(minute) => {
            let today = now.to_string().get(..10) == minute.start().to_string().get(..10);
            let value = if today { format!("{minute} UTC") } else { format!("{} {minute} UTC", date(minute.start())) };
            (value, if now.since(minute.start()) > lost_after { Tone::Warn } else { Tone::Good })
        }
        None => ("no data yet".to_owned(), Tone::Mute),
    };
    Badge::new(&format!("{name} complete through"), &value, tone)
}

/// Other sites may embed it. Shared caches store only public badges.
fn picture(status: StatusCode, badge: &Badge, is_public: bool) -> Response {
    let cache = if is_public { "public, max-age=60" } else { "private, max-age=60" };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (VARY, HeaderValue::from_static("cookie, authorization")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    match badge.render() {
        Ok(text) => (status, headers, text).into_response(),
        Err(why) => {
            tracing::error!(%why, "a badge could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
