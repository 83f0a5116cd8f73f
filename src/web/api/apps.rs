//! `/api/v1/apps` and `/api/v1/projects/{name}/apps`: what can be installed, and what is.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, Asked, List, Sent, created};
use crate::edit::{self, App, Clash, Cost, EditError, Texts};
use crate::model::{AppKind, ProjectSpec, RouteSpec, Setting};
use crate::web::keys;
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_installed))
        .routes(routes!(show, put, change, remove))
        .routes(routes!(enable))
        .routes(routes!(disable))
}

/// An app that can be installed.
#[derive(Debug, Serialize, ToSchema)]
struct OfferedApp {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    settings: Vec<SettingView>,
    /// On how many projects it is installed.
    installed: u64,
    /// On how many of them it is enabled.
    enabled: u64,
}

/// What there is to know of a setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingView {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) hint: &'static str,
    /// What it is when nothing is set; empty for nothing.
    pub(super) default: &'static str,
    pub(super) required: bool,
    /// Whether it goes in and never comes out.
    pub(super) secret: bool,
    /// What to choose from; empty where any text will do.
    pub(super) choices: &'static [&'static str],
    /// Whether other texts than the choices will do as well.
    pub(super) others: bool,
}

impl SettingView {
    fn of(setting: &Setting) -> Self {
        let Setting { key, name, hint, default, required, secret, choices, others } = *setting;
        Self { key, name, hint, default, required, secret, choices, others }
    }
}

/// A route that an app beats on.
#[derive(Debug, Serialize, ToSchema)]
struct AppRoute {
    name: String,
    event: String,
    /// Where it is sent, when that is not the project's host.
    host: Option<String>,
    endpoint: &'static str,
    distinct_id: String,
}

impl AppRoute {
    fn of(route: &RouteSpec) -> Self {
        Self {
            name: route.name.clone(),
            event: route.event.clone(),
            host: route.host.as_ref().map(|host| host.written().to_owned()),
            endpoint: route.endpoint.name(),
            distinct_id: route.distinct_id.to_string(),
        }
    }
}

/// An app that is installed on a project.
#[derive(Debug, Serialize, ToSchema)]
struct InstalledApp {
    app: &'static str,
    project: String,
    enabled: bool,
    /// Each setting that is no secret; null where it has its default.
    settings: BTreeMap<&'static str, Option<String>>,
    /// Each secret, as it may be shown (`https://host/***`); null where it is not set.
    secrets: BTreeMap<&'static str, Option<String>>,
    routes: Vec<AppRoute>,
    /// What it costs while it is enabled.
    events_a_day: usize,
}

impl InstalledApp {
    fn of(project: &ProjectSpec, app: &App) -> Self {
        let kind = app.kind();
        let of = |secret: bool| {
            let settings = kind.settings().iter().filter(move |setting| setting.secret == secret);
            settings.map(|setting| (setting.key, app.shown(setting))).collect()
        };
        let routes = if let App::Heartbeat(app) = app { app.all_routes() } else { Vec::new() };
        Self {
            app: kind.name(),
            project: project.name.to_string(),
            enabled: app.is_enabled(),
            settings: of(false),
            secrets: of(true),
            events_a_day: Cost { routes: routes.len() }.a_day(),
            routes: routes.iter().map(AppRoute::of).collect(),
        }
    }

    fn on(project: &ProjectSpec, kind: AppKind) -> Result<Self, Trouble> {
        let app = edit::app::installed(project, kind).map_err(absent)?;
        Ok(Self::of(project, &app))
    }
}

/// What is to become of an app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppChange {
    /// Whether it runs. Where nothing is said it stays so; one that is installed anew runs.
    enabled: Option<bool>,
    /// Settings by key; null brings the default back, or takes a secret away.
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
}

impl AppChange {
    /// What it says of the settings. Where it is the whole of them, those that it does not name have their defaults; secrets stay.
    fn texts(&self, kind: AppKind, is_whole: bool) -> Texts {
        let mut texts = Texts::default();
        for setting in kind.settings().iter().filter(|setting| is_whole && !setting.secret && !self.settings.contains_key(setting.key)) {
            texts.put(setting.key, "");
        }
        for (key, text) in &self.settings {
            texts.put(key, text.as_deref().unwrap_or_default());
        }
        texts
    }
}

/// An app that is not installed is not there.
fn absent(error: EditError) -> Trouble {
    match error {
        EditError::Clash(clash @ Clash::NotInstalled { .. }) => Trouble::NotFound(clash.to_string()),
        other => other.into(),
    }
}

/// Which apps.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AppSearch {
    /// Those with this in their name or description.
    q: Option<String>,
}

/// What can be installed
#[utoipa::path(get, path = "/api/v1/apps", operation_id = "list_apps", tag = "apps", params(AppSearch), responses(
    (status = 200, body = List<OfferedApp>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<AppSearch>,
) -> Result<Json<List<OfferedApp>>, Trouble> {
    let mut items = Vec::new();
    for kind in AppKind::search(&search.q.unwrap_or_default()) {
        let spread = site.web.store.spread(kind).await?;
        items.push(OfferedApp {
            name: kind.name(),
            title: kind.title(),
            description: kind.description(),
            settings: kind.settings().iter().map(SettingView::of).collect(),
            installed: spread.installed,
            enabled: spread.enabled,
        });
    }
    Ok(Json(List::whole(items)))
}

/// What is installed on a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps", operation_id = "list_installed_apps", tag = "apps", params(("name" = String, Path, description = "The project")), responses(
    (status = 200, body = List<InstalledApp>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_installed(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<Json<List<InstalledApp>>, Trouble> {
    let spec = &site.project(&name).await?.spec;
    let apps = AppKind::ALL.into_iter().filter_map(|kind| App::on(spec, kind));
    Ok(Json(List::whole(apps.map(|app| InstalledApp::of(spec, &app)).collect())))
}

/// An app on a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "show_app", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app")), responses(
    (status = 200, body = InstalledApp), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
) -> Result<Json<InstalledApp>, Trouble> {
    let (project, kind) = site.app(&name, &app).await?;
    Ok(Json(InstalledApp::on(&project.spec, kind)?))
}

/// Install an app, or set all its settings
///
/// Settings that are not named have their defaults afterwards; secrets stay.
#[utoipa::path(put, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "put_app", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app"), AsRead), request_body = AppChange, responses(
    (status = 200, body = InstalledApp), (status = 201, body = InstalledApp), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
    Sent(wanted): Sent<AppChange>,
) -> Result<Response, Trouble> {
    let (project, kind) = site.app(&name, &app).await?;
    as_read.check(&App::on(&project.spec, kind).map(|app| InstalledApp::of(&project.spec, &app)))?;
    let texts = wanted.texts(kind, true);
    let mut is_new = false;
    let desk = as_read.desk(&site, &visitor);
    let done = desk.change(&name, |spec: &ProjectSpec| {
        is_new = App::on(spec, kind).is_none();
        let changed = match wanted.enabled {
            enabled if is_new => edit::app::install(spec, kind, &texts, enabled.unwrap_or(true)),
            None => edit::app::configure(spec, kind, &texts),
            Some(enabled) => edit::app::switch(&edit::app::configure(spec, kind, &texts)?, kind, enabled),
        };
        Ok(keys::of_app(spec, changed?, &texts)?)
    });
    let view = InstalledApp::on(&done.await?.now, kind)?;
    Ok(if is_new { created(view) } else { Json(view).into_response() })
}

/// Change some settings of an app
#[utoipa::path(patch, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "change_app", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app"), AsRead), request_body = AppChange, responses(
    (status = 200, body = InstalledApp), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
    Sent(wanted): Sent<AppChange>,
) -> Result<Json<InstalledApp>, Trouble> {
    let (project, kind) = site.app(&name, &app).await?;
    as_read.check(&InstalledApp::on(&project.spec, kind)?)?;
    let texts = wanted.texts(kind, false);
    let desk = as_read.desk(&site, &visitor);
    let done = desk.change(&name, |spec: &ProjectSpec| {
        let spec = keys::of_app(spec, edit::app::configure(spec, kind, &texts)?, &texts)?;
        wanted.enabled.map_or(Ok(spec.clone()), |enabled| edit::app::switch(&spec, kind, enabled))
    });
    Ok(Json(InstalledApp::on(&done.await.map_err(absent)?.now, kind)?))
}

/// Uninstall an app, with its settings
#[utoipa::path(delete, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "remove_app", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app"), AsRead), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
) -> Result<StatusCode, Trouble> {
    let (project, kind) = site.app(&name, &app).await?;
    as_read.check(&InstalledApp::on(&project.spec, kind)?)?;
    as_read.desk(&site, &visitor).change(&name, |spec| edit::app::uninstall(spec, kind)).await.map_err(absent)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn switch(site: &Site, visitor: &Visitor, (name, app): &(String, String), enabled: bool) -> Result<Json<InstalledApp>, Trouble> {
    let (_, kind) = site.app(name, app).await?;
    let done = site.desk(visitor).change(name, |spec| edit::app::switch(spec, kind, enabled)).await.map_err(absent)?;
    Ok(Json(InstalledApp::on(&done.now, kind)?))
}

/// Let an app run
#[utoipa::path(post, path = "/api/v1/projects/{name}/apps/{app}/enable", operation_id = "enable_app", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app")), responses(
    (status = 200, body = InstalledApp), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn enable(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(at): Path<(String, String)>,
) -> Result<Json<InstalledApp>, Trouble> {
    switch(&site, &visitor, &at, true).await
}

/// Let an app rest; its settings stay
#[utoipa::path(post, path = "/api/v1/projects/{name}/apps/{app}/disable", operation_id = "disable_app", tag = "apps",
    params(("name" = String, Path, description = "The project"), ("app" = String, Path, description = "The app")), responses(
    (status = 200, body = InstalledApp), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn disable(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(at): Path<(String, String)>,
) -> Result<Json<InstalledApp>, Trouble> {
    switch(&site, &visitor, &at, false).await
}
