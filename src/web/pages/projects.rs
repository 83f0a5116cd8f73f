//! The projects: each with its verdict in a sentence and its last hour, those in trouble first to be seen among the open incidents.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::model::{Incident, ProjectName};
use crate::report::{Report, report};
use crate::store::Which;
use crate::web::frame::{Frame, Place, page};
use crate::web::site::Site;
use crate::web::trouble::Trouble;

/// So many stand on a page.
const ROWS: usize = 25;
/// So many open incidents are shown above them.
const OPEN: u32 = 10;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/", get(list))
}

#[derive(Template)]
#[template(path = "projects.html")]
struct Page {
    frame: Frame,
    search: String,
    /// How many there are in all, and how many fit the search.
    total: usize,
    found: usize,
    rows: Vec<Report>,
    open: Vec<Incident>,
    /// The name after which the page before, and the next one, begin.
    next: Option<ProjectName>,
}

impl Page {
    /// The incidents that are open, by number.
    fn open(&self) -> impl Iterator<Item = (i64, &Incident)> {
        self.open.iter().filter_map(|incident| incident.id.map(|id| (id.0, incident)))
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let store = &*site.web.store;
    let names = store.project_names().await?;
    let search = asked.q.trim().to_lowercase();
    let fits = |name: &&ProjectName| search.is_empty() || name.as_str().to_lowercase().contains(&search);
    let found: Vec<&ProjectName> = names.iter().map(|(_, name)| name).filter(fits).collect();
    let after = asked.after.as_deref().unwrap_or_default();
    let shown: Vec<ProjectName> = found.iter().filter(|name| name.as_str() > after).take(ROWS).map(|name| (*name).clone()).collect();
    let next = shown.last().filter(|last| found.last().is_some_and(|end| end != last)).cloned();
    let mut rows = Vec::new();
    for project in store.projects_named(&shown).await? {
        let look = store.look(project.id).await?;
        rows.push(report(store, Arc::new(project), look, frame.now).await?);
    }
    let open = store.incidents(&Which { open_only: true, at_most: OPEN, ..Which::default() }).await?;
    let (total, found) = (names.len(), found.len());
    let frame = frame.titled(Place::Projects, "Projects").live(None);
    Ok(page(&site, frame.said.is_some(), &Page { frame, search: asked.q, total, found, rows, open, next }))
}
