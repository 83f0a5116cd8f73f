//! The list of projects with verdict and last hour, and the open incidents above it.

use std::ops::Range;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::judge::Health;
use crate::model::{Incident, ProjectName, span, thousands};
use crate::report::Brief;
use crate::store::IncidentFilter;
use crate::web::draw::strip::{Strip, mini};
use crate::web::error::WebError;
use crate::web::layout::{Layout, Place, page};
use crate::web::setup::names;
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
    search: String,
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
    name: ProjectName,
    host: String,
    health: Health,
    verdict: String,
    complete_through: Option<When>,
    lag: Option<String>,
    hour: Strip,
}

impl Row {
    fn of(brief: &Brief) -> Self {
        let spec = &brief.project.spec;
        Self {
            name: spec.name.clone(),
            host: spec.host.to_string(),
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
    #[serde(default)]
    q: String,
    /// Only names after this one.
    after: Option<String>,
    /// Only names before this one.
    before: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    let store = &*site.web.store;
    let names = names(&site).await?;
    let search: String = asked.q.trim().chars().take(64).collect();
    let pattern = search.to_lowercase();
    let found: Vec<&ProjectName> = names.iter().filter(|name| name.as_str().to_lowercase().contains(&pattern)).collect();
    let shown = place(&found, &asked);
    let on_page: Vec<ProjectName> = found[shown.clone()].iter().map(|name| (*name).clone()).collect();
    let mut briefs = in_brief(&site, &on_page, layout.now).await?;
    briefs.sort_unstable_by(|one, other| one.project.spec.name.cmp(&other.project.spec.name));
    let rows: Vec<Row> = briefs.iter().map(Row::of).collect();
    let open = store.incidents(&IncidentFilter { open_only: true, at_most: OPEN, ..IncidentFilter::default() }).await?;
    let before = found.get(shown.start).filter(|_| shown.start > 0).map(|first| address(&search, "before", first));
    let after = shown.end.checked_sub(1).filter(|_| shown.end < found.len()).map(|last| address(&search, "after", found[last]));
    let (total, found) = (names.len(), found.len());
    let layout = layout.titled(Place::Projects, "Projects").live(None).with_marks();
    let drawn = Page { layout, search, total, found, shown, rows, open, before, after };
    Ok(page(&site, drawn.layout.said.is_some(), &drawn))
}

fn place(found: &[&ProjectName], asked: &Asked) -> Range<usize> {
    let start = match (&asked.after, &asked.before) {
        (Some(after), _) => found.partition_point(|name| name.as_str() <= after.as_str()),
        (None, Some(before)) => found.partition_point(|name| name.as_str() < before.as_str()).saturating_sub(ROWS),
        (None, None) => 0,
    };
    // If the list became shorter, a page beyond its end shows the last page.
    let start = if start < found.len() { start } else { found.len().saturating_sub(ROWS) };
    start..found.len().min(start + ROWS)
}

fn address(search: &str, way: &str, name: &ProjectName) -> String {
    let mut query = Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    format!("/?{}", query.append_pair(way, name.as_str()).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pages_through_many_both_ways() {
        let names: Vec<ProjectName> = (0..60).map(|at| ProjectName::parse(&format!("p{at:02}")).unwrap()).collect();
        let found: Vec<&ProjectName> = names.iter().collect();
        let at = |after: Option<&str>, before: Option<&str>| {
            place(&found, &Asked { after: after.map(Into::into), before: before.map(Into::into), ..Asked::default() })
        };
        assert_eq!(at(None, None), 0..25);
        assert_eq!(at(Some("p24"), None), 25..50);
        assert_eq!(at(Some("p49"), None), 50..60);
        assert_eq!(at(None, Some("p50")), 25..50);
        assert_eq!(at(None, Some("p10")), 0..25, "a page is whole, also at the beginning");
        assert_eq!(at(Some("zzz"), None), 35..60);
        assert_eq!(place(&[], &Asked { after: Some("x".into()), ..Asked::default() }), 0..0);
        assert_eq!(address("a b", "after", &names[3]), "/?q=a+b&after=p03");
    }
}
