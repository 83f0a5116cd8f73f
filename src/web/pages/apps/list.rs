//! The list of apps, the projects of one app, and the apps of one project.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::head::{AppState, address, cost};
use crate::config::App;
use crate::model::{AppKind, ProjectName};
use crate::settings::{self};
use crate::store::Spread;
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::pages::tabs::{Tab, Tabs, tabs};
use crate::web::project_search::{FoundProjects, ProjectSearch};
use crate::web::site::Site;

const ROWS: usize = 50;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/apps", get(list)).route("/apps/{app}", get(projects)).route("/projects/{name}/apps", get(installed))
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: String,
}

struct Offered {
    kind: AppKind,
    spread: Spread,
    cost: String,
}

#[derive(Template)]
#[template(path = "apps.html")]
struct List {
    layout: Layout,
    search: String,
    rows: Vec<Offered>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(asked): Query<Asked>) -> Answer {
    let mut rows = Vec::new();
    for kind in AppKind::search(&asked.q) {
        rows.push(Offered { kind, spread: site.web.store.spread(kind).await?, cost: cost(&App::usual(kind)) });
    }
    let layout = layout.titled(Place::Apps, "Apps");
    page(&List { layout, search: asked.q, rows })
}

struct Where {
    project: ProjectName,
    state: AppState,
    address: String,
}

#[derive(Template)]
#[template(path = "app_projects.html")]
struct Projects {
    layout: Layout,
    kind: AppKind,
    spread: Spread,
    search: ProjectSearch,
    total: usize,
    found: usize,
    rows: Vec<Where>,
    /// Address of the next page.
    next: Option<String>,
}

async fn projects(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Path(app): Path<String>,
    Query(search): Query<ProjectSearch>,
    Query(After { after }): Query<After>,
) -> Answer {
    let kind = settings::app::kind_named(&app)?;
    let store = &*site.web.store;
    let FoundProjects { names: found, total } = search.find(&site).await?;
    let shown: Vec<ProjectName> = found.iter().filter(|name| name.as_str() > after.as_str()).take(ROWS).cloned().collect();
    let next = shown.last().filter(|last| found.last() != Some(*last));
    let next = next.map(|last| search.address(&format!("/apps/{}", kind.name()), "after", last.as_str()));
    let rows = store.projects_named(&shown).await?.into_iter().map(|project| Where {
        state: AppState::of(App::on(&project.spec, kind).as_ref()),
        address: address(&project.spec.name, kind),
        project: project.spec.name,
    });
    let rows = rows.collect();
    let found = found.len();
    let layout = layout.titled(Place::Apps, kind.title()).below([("Apps", "/apps")]);
    let spread = store.spread(kind).await?;
    page(&Projects { layout, kind, spread, search, total, found, rows, next })
}

struct Row {
    kind: AppKind,
    state: AppState,
    cost: String,
    address: String,
}

#[derive(Template)]
#[template(path = "project_apps.html")]
struct Installed {
    layout: Layout,
    tabs: Tabs,
    rows: Vec<Row>,
}

async fn installed(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>) -> Answer {
    let project = site.project(&name).await?;
    let rows = AppKind::ALL.into_iter().map(|kind| {
        let app = App::on(&project.spec, kind);
        let (state, address) = (AppState::of(app.as_ref()), address(&project.spec.name, kind));
        Row { kind, state, cost: cost(&app.unwrap_or_else(|| App::usual(kind))), address }
    });
    let rows = rows.collect();
    let layout = layout.of_project(&name, "Apps");
    page(&Installed { layout, tabs: tabs(&project.spec.name, Tab::Apps), rows })
}
