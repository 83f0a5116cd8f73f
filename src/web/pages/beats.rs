//! The beats of a project, newest first, filtered by route and outcome, and paged back in time.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::tabs::{Tab, Tabs, tabs};
use crate::model::{Minute, Outcome, Project, Recorded, span};
use crate::report::{BeatFilter, BeatList, BeatRecord, Listed, beat_list, proof, route_name, took};
use crate::web::error::WebError;
use crate::web::layout::{Answer, Layout, page};
use crate::web::shown;
use crate::web::site::Site;
use crate::web::when::When;
use crate::web::words::{beat_page, maybe_span, minute_asked, minute_mark, outcome_asked, query};

/// Approximate number of rows per page.
const ROWS: usize = 60;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/beats", get(list))
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    route: String,
    #[serde(default)]
    outcome: String,
    /// Only beats of earlier minutes.
    #[serde(default)]
    before: String,
}

impl Asked {
    fn sift(&self, project: &Project) -> Result<BeatFilter, WebError> {
        let route = given(&self.route).map(|name| shown::route(project, name)).transpose()?.map(|route| route.id);
        let outcome = given(&self.outcome).map(|text| outcome_asked("outcome", text)).transpose()?;
        let before = given(&self.before).map(|text| minute_asked("before", text)).transpose()?;
        Ok(BeatFilter { route, outcome, before, at_most: ROWS })
    }

    fn before(&self, minute: Option<Minute>) -> String {
        let before = minute.map(minute_mark).unwrap_or_default();
        query([("route", self.route.as_str()), ("outcome", &self.outcome), ("before", &before)])
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[derive(Template)]
#[template(path = "beats.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    project: Arc<Project>,
    asked: Asked,
    list: BeatList,
}

impl Page {
    fn routes(&self) -> impl Iterator<Item = (&str, bool)> {
        self.project.routes.iter().map(|route| (route.spec.name.as_str(), route.spec.name == self.asked.route))
    }

    fn outcomes(&self) -> impl Iterator<Item = (Outcome, bool)> {
        Outcome::ALL.into_iter().map(|outcome| (outcome, outcome.name() == self.asked.outcome))
    }

    /// The value of a `datetime-local` input.
    fn before(&self) -> &str {
        self.asked.before.get(..16).unwrap_or_default()
    }

    fn is_sifted(&self) -> bool {
        !self.asked.route.is_empty() || !self.asked.outcome.is_empty()
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        self.list.beats.iter().map(|listed| self.row(listed))
    }

    fn row(&self, listed: &Listed) -> Row {
        let route = route_name(&self.project, listed.route).to_owned();
        let whole = listed.kept.whole();
        let mine = self.list.evidence.iter().filter(|evidence| evidence.route == listed.route && evidence.minute == listed.minute);
        Row {
            address: beat_page(&self.project.spec.name, &route, listed.minute),
            minute: When::minute(listed.minute.start(), self.layout.now),
            outcome: listed.kept.outcome().unwrap_or(Outcome::NotSent),
            status: whole.and_then(|beat| beat.status).map_or_else(|| "–".to_owned(), |status| status.to_string()),
            took: maybe_span(whole.and_then(|beat| took(&beat.phases))),
            lag: maybe_span(whole.and_then(Recorded::ingested_lag)),
            notes: notes(&listed.kept),
            proof: mine.map(proof).collect(),
            route,
        }
    }

    /// The address of the older page, and the minute that this page reaches.
    fn older(&self) -> Option<(String, When)> {
        self.list.older.map(|minute| (self.asked.before(Some(minute)), When::minute(minute.start(), self.layout.now)))
    }

    fn newest(&self) -> Option<String> {
        (!self.asked.before.is_empty()).then(|| self.asked.before(None))
    }
}

struct Row {
    address: String,
    minute: When,
    route: String,
    outcome: Outcome,
    status: String,
    took: String,
    lag: String,
    notes: String,
    proof: Vec<String>,
}

fn notes(kept: &BeatRecord) -> String {
    let beat = match kept {
        BeatRecord::Whole(beat) => beat,
        BeatRecord::Aggregated(_) => return "aggregated into its hour".to_owned(),
        BeatRecord::Missing => return "Heartbeat was not running".to_owned(),
        BeatRecord::NotDue => return String::new(),
    };
    let queryable = beat.queryable_lag().map(|(after, within)| format!("queryable after {} to {}", span(after), span(within)));
    let copies = (beat.duplicates() > 0).then(|| format!("stored {} times", beat.copies));
    let tries = (beat.tries > 1).then(|| format!("{} tries", beat.tries));
    [queryable, tries, copies].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let project = site.project(&name).await?;
    let sift = asked.sift(&project)?;
    let list = beat_list(&site.web.store, &project, &sift, layout.now).await?;
    // Older pages do not change, so they are not live.
    let live = if sift.before.is_none() { layout.live(Some(&name)) } else { layout };
    let layout = live.of_project(&name, format!("Beats of {name}"));
    page(&Page { layout, tabs: tabs(&project.spec.name, Tab::Beats), project, asked, list })
}
