//! An app's log, newest first, with filters, paging and live updates.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::head::{AppTab, Head};
use crate::model::{Minute, Timestamp};
use crate::report::{Level, Line, Sought, log};
use crate::web::layout::{Answer, Layout, page};
use crate::web::pages::tabs::Tabs;
use crate::web::site::Site;
use crate::web::when::When;
use crate::web::words::{minute_numbered, query};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/apps/{app}/logs", get(show))
}

struct Row {
    when: When,
    level: Level,
    /// `ROUTE: text`, with the evidence in the lines below it.
    words: String,
    incident: Option<i64>,
}

impl Row {
    fn of(line: &Line, now: Timestamp) -> Self {
        let route = line.route.as_ref().map(|route| format!("{route}: ")).unwrap_or_default();
        let words = [format!("{route}{}", line.words())].into_iter().chain(line.proof.iter().cloned()).collect::<Vec<_>>().join("\n");
        let (when, incident) = (When::second(line.at, now), line.incident.map(|id| id.0));
        Self { when, level: line.level, words, incident }
    }

    const fn class(&self) -> &'static str {
        match self.level {
            Level::Info => "info",
            Level::Warning => "warn",
            Level::Error => "error",
        }
    }
}

#[derive(Template)]
#[template(path = "app_log.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    head: Head,
    asked: Asked,
    routes: Vec<String>,
    rows: Vec<Row>,
    older: Option<Minute>,
}

impl Page {
    fn levels(&self) -> impl Iterator<Item = (Level, bool)> {
        Level::ALL.into_iter().map(|level| (level, level.name() == self.asked.level))
    }

    /// The address of the same search, ending before `minute`; `None`: now.
    fn from(&self, minute: Option<&Minute>) -> String {
        let Asked { level, route, q, .. } = &self.asked;
        let before = minute.map(|minute| minute.index().to_string()).unwrap_or_default();
        let asked = query([("level", level.as_str()), ("route", route), ("q", q), ("before", &before)]);
        format!("{}/logs{asked}", self.head.address())
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    level: String,
    #[serde(default)]
    route: String,
    #[serde(default)]
    q: String,
    before: Option<String>,
}

async fn show(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Path((name, app)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (project, kind) = site.app(&name, &app).await?;
    let head = Head::of(&project, kind, AppTab::Logs);
    let (layout, tabs) = head.around(layout);
    let non_empty = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let sought = Sought {
        level: Level::named(&asked.level).unwrap_or(Level::Info),
        route: non_empty(&asked.route),
        text: non_empty(&asked.q),
        before: asked.before.as_deref().and_then(minute_numbered),
        ..Sought::default()
    };
    let found = log(&site.web.store, &project, kind, &sought, layout.now).await?;
    let rows = found.lines.iter().map(|line| Row::of(line, layout.now)).collect();
    let layout = layout.live(Some(&name));
    let routes = head.app.as_ref().map(crate::config::App::routes).unwrap_or_default();
    page(&Page { layout, tabs, head, asked, routes, rows, older: found.older })
}
