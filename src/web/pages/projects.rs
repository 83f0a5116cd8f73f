//! The list of projects with verdict and last hour, and the open incidents above it.

use std::ops::Range;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::judge::Health;
use crate::model::{Incident, Project, ProjectName, span, thousands};
use crate::report::Brief;
use crate::store::IncidentFilter;
use crate::web::draw::strip::{Strip, mini};
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::project_search::{FoundProjects, ProjectSearch};
use crate::web::shown::in_brief;
use crate::web::site::Site;
use crate::web::when::When;

const ROWS: usize = 25;
/// Open incidents that are listed at most.
const OPEN: u32 = 5;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/", get(list))
}

#[derive(Template)]
#[template(path = "projects.html")]
struct Page {
    layout: Layout,
    search: ProjectSearch,
    total: usize,
    /// Matches of the search, and the range of them on this page.
    found: usize,
    shown: Range<usize>,
    rows: Vec<Row>,
    open: Vec<Incident>,
    /// Addresses of the previous and the next page.
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug)]
struct Row {
    project: Arc<Project>,
    health: Health,
    verdict: String,
    complete_through: Option<When>,
    lag: Option<String>,
    hour: Strip,
}

impl Row {
    fn of(brief: &Brief) -> Self {
        Self {
            project: Arc::clone(&brief.project),
            health: brief.verdict.health,
            verdict: brief.verdict.to_string(),
            complete_through: brief.complete_through.map(|minute| When::minute(minute.start(), brief.at)),
            lag: brief.newest_lag().map(span),
            hour: mini("Last hour", &brief.strip),
        }
    }
}

impl Page {
    fn open(&self) -> impl Iterator<Item = (i64, &Incident, When)> {
        self.open.iter().filter_map(|incident| Some((incident.id?.0, incident, When::ago(incident.opened, self.layout.now))))
    }

    fn more(&self) -> u64 {
        self.layout.open.saturating_sub(self.open.len() as u64)
    }

    /// `26 to 50 of 10,000`
    fn place(&self) -> String {
        let Range { start, end } = &self.shown;
        format!("{} to {} of {}", thousands(*start as u64 + 1), thousands(*end as u64), thousands(self.found as u64))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Only names after this one.
    after: Option<String>,
    /// Only names before this one.
    before: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(search): Query<ProjectSearch>, Query(asked): Query<Asked>) -> Answer {
    let store = &*site.web.store;
    let FoundProjects { names: found, total } = search.find(&site).await?;
    let shown = place(&found, &asked);
    let on_page = found.get(shown.clone()).unwrap_or_default();
    let rows: Vec<Row> = in_brief(&site, on_page, layout.now).await?.iter().map(Row::of).collect();
    let open = store.incidents(&IncidentFilter { at_most: OPEN, ..IncidentFilter::open() }).await?;
    let before = on_page.first().filter(|_| shown.start > 0).map(|first| search.address("/", "before", first.as_str()));
    let after = on_page.last().filter(|_| shown.end < found.len()).map(|last| search.address("/", "after", last.as_str()));
    let found = found.len();
    let layout = layout.titled(Place::Projects, "Projects").live(None).with_marks();
    let drawn = Page { layout, search, total, found, shown, rows, open, before, after };
    page(&drawn)
}

fn place(found: &[ProjectName], asked: &Asked) -> Range<usize> {
    let start = match (&asked.after, &asked.before) {
        (Some(after), _) => found.partition_point(|name| name.as_str() <= after.as_str()),
        (None, Some(before)) => found.partition_point(|name| name.as_str() < before.as_str()).saturating_sub(ROWS),
        (None, None) => 0,
    };
    // If the list became shorter, a page beyond its end shows the last page.
    let start = if start < found.len() { start } else { found.len().saturating_sub(ROWS) };
    start..found.len().min(start + ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pages_through_many_both_ways() {
        let found: Vec<ProjectName> = (0..60).map(|at| ProjectName::parse(&format!("p{at:02}")).unwrap()).collect();
        let at = |after: Option<&str>, before: Option<&str>| {
            place(&found, &Asked { after: after.map(Into::into), before: before.map(Into::into) })
        };
        assert_eq!(at(None, None), 0..25);
        assert_eq!(at(Some("p24"), None), 25..50);
        assert_eq!(at(Some("p49"), None), 50..60);
        assert_eq!(at(None, Some("p50")), 25..50);
        assert_eq!(at(None, Some("p10")), 0..25, "a page is whole, also at the beginning");
        assert_eq!(at(Some("zzz"), None), 35..60);
        assert_eq!(place(&[], &Asked { after: Some("x".into()), ..Asked::default() }), 0..0);
    }
}
