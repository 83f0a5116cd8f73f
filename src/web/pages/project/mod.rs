//! A project: its verdict, the last hour, the last 90 days, lag over time, its routes, and the latest read-back.

mod hour;
mod lag;
mod readback;
mod tiles;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use super::first_beat::{FirstBeat, first_beat};
use super::tabs::{Tab, Tabs, tabs};
use crate::model::{Incident, Outcome};
use crate::report::{Days, Past, Report, RouteReport, notes};
use crate::web::draw::strip::{self, DayMark, Key, Strip};
use crate::web::figures::LagsJson;
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::shown::{self, Lags, Range};
use crate::web::site::Site;
use crate::web::visitor::Visitor;
use crate::web::when::When;
use crate::web::words::{beat_page, date, maybe_percent, maybe_span};

use hour::Hour;
use lag::Chart;
use readback::LastReadback;
use tiles::{Figure, Tile};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}", get(show)).route("/projects/{name}/lag.json", get(lags))
}

#[derive(Debug, Deserialize)]
struct Asked {
    range: Option<String>,
    route: Option<String>,
}

impl Asked {
    fn route(&self) -> Option<&str> {
        self.route.as_deref().filter(|route| !route.is_empty())
    }
}

#[derive(Template)]
#[template(path = "project.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    first: Option<FirstBeat>,
    report: Report,
    routes: Vec<RouteReport>,
    days: Days,
    /// Newest first.
    open: Vec<Incident>,
    tiles: Vec<Tile>,
    hour: Hour,
    chart: Chart,
    read_back: LastReadback,
}

impl Page {
    fn open(&self) -> impl Iterator<Item = (i64, &Incident)> {
        self.open.iter().filter_map(|incident| incident.id.map(|id| (id.0, incident)))
    }

    fn notes(&self) -> Vec<String> {
        notes(&self.report)
    }

    fn advice(&self) -> Option<&str> {
        self.report.verdict.cause.as_ref()?.advice.as_deref()
    }

    fn days_strip(&self) -> Strip {
        strip::days(&self.days.days)
    }

    fn days_key(&self) -> Key {
        Key::of_days(&self.days.days)
    }

    /// Newest first: date, state, arrived share, and outcomes and incidents in words. Days on which Heartbeat was off are left out.
    fn days_table(&self) -> impl Iterator<Item = (String, &'static str, String, String)> {
        let days = self.days.days.iter().rev().filter(|day| DayMark::of(day) != DayMark::NoBeats);
        days.map(|day| {
            let says =
                format!("{}{}", strip::ends_say(&day.ends), strip::incident_says(day).map_or_else(String::new, |says| format!("; {says}")));
            (date(day.start.start()), DayMark::of(day).name(), maybe_percent(day.ends.share()), says)
        })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.routes.iter().map(|report| Row { page: self, report })
    }
}

struct Row<'p> {
    page: &'p Page,
    report: &'p RouteReport,
}

impl Row<'_> {
    fn strip(&self) -> Strip {
        strip::mini("Last hour", &self.report.strip)
    }

    /// The address, minute and outcome of the newest beat.
    fn newest(&self) -> Option<(String, When, Outcome)> {
        let beat = self.report.newest.as_ref()?;
        let address = beat_page(&self.page.report.project.spec.name, &self.report.route.spec.name, beat.minute);
        Some((address, When::minute(beat.minute.start(), self.page.report.at), beat.outcome))
    }

    fn lag(&self) -> String {
        maybe_span(self.report.newest_lag())
    }

    /// p50, p95 and p99 of today.
    fn lags(&self) -> String {
        let lags = &self.report.lags;
        [lags.p50, lags.p95, lags.p99].map(maybe_span).join(" · ")
    }

    fn share(&self) -> String {
        maybe_percent(self.report.ends.share())
    }
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let store = &*site.web.store;
    let project = site.project(&name).await?;
    let range = asked.range.as_deref().map_or_else(|| Ok(Range::usual(&project, layout.now)), |range| Range::asked(Some(range)))?;
    let readback = shown::readback(&site, &project, layout.now).await?;
    let of_route = asked.route().map(|name| shown::route(&project, name)).transpose()?;
    let open = store.open_incidents_of(&[project.id]).await?;
    let past = Past::read(store, Arc::clone(&project), layout.now, range.minutes()).await?;
    let lags = Lags::of(past.lags(), range, of_route);
    let (days, routes, report) = (past.days(), past.routes(readback.as_ref()), past.report(readback));
    let project_page = Page {
        tabs: tabs(&project.spec.name, Tab::Overview),
        first: first_beat(store, &report).await?,
        tiles: tiles::of(&report, &days),
        hour: Hour::of(&report, &routes),
        chart: Chart::of(&project, &lags, asked.route(), layout.now),
        read_back: LastReadback::of(&report),
        layout: layout.titled(Place::Projects, name.clone()).below([("Projects", "/")]).live(Some(&name)).with_marks(),
        report,
        routes,
        days,
        open,
    };
    page(&project_page)
}

async fn lags(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let range = Range::asked(asked.range.as_deref())?;
    let project = site.project(&name).await?;
    let lags = shown::lags(&site, &project, range, asked.route(), site.now()).await?;
    Ok(Json(LagsJson::of(&lags)).into_response())
}
