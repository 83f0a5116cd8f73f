//! `/api/v1/apps` and `/api/v1/projects/{name}/apps`: available and installed apps.

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
use crate::config::{App, Texts};
use crate::model::{AppKind, ProjectSpec};
use crate::settings::{self, AppKindJson, ChangeError, Clash, InstalledAppJson};
use crate::web::error::WebError;
use crate::web::keys;
use crate::web::site::Site;
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
struct AppOverview {
    #[serde(flatten)]
    app: AppKindJson,
    /// Number of projects on which it is installed.
    installed: u64,
    /// Number of projects on which it is enabled.
    enabled: u64,
}

fn on(project: &ProjectSpec, kind: AppKind) -> Result<InstalledAppJson, WebError> {
    Ok(InstalledAppJson::of(project, &settings::app::installed(project, kind).map_err(absent)?))
}

/// Changes to an app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppChange {
    /// Whether the app runs. Default: unchanged; a newly installed app is enabled.
    enabled: Option<bool>,
    /// Settings by key. Null restores the default or removes a secret.
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
}

impl AppChange {
    /// With `is_whole`, settings that are not named get their defaults. Secrets are kept.
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

/// An app that is not installed is 404 here, not 409.
fn absent(error: ChangeError) -> WebError {
    match error {
        ChangeError::Clash(clash @ Clash::NotInstalled { .. }) => WebError::NotFound(clash.to_string()),
        other => other.into(),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AppSearch {
    /// Only apps whose name or description contains this text.
    q: Option<String>,
}

/// List available apps
#[utoipa::path(get, path = "/api/v1/apps", operation_id = "list_apps", tag = "apps", params(AppSearch), responses(
    (status = 200, body = List<AppOverview>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<AppSearch>,
) -> Result<Json<List<AppOverview>>, WebError> {
    let mut items = Vec::new();
    for kind in AppKind::search(&search.q.unwrap_or_default()) {
        let spread = site.web.store.spread(kind).await?;
        items.push(AppOverview { app: AppKindJson::of(kind), installed: spread.installed, enabled: spread.enabled });
    }
    Ok(Json(List::whole(items)))
}

/// List the apps of a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps", operation_id = "list_installed_apps", tag = "apps", params(("name" = String, Path, description = "Project name")), responses(
    (status = 200, body = List<InstalledAppJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_installed(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<Json<List<InstalledAppJson>>, WebError> {
    let spec = &site.project(&name).await?.spec;
    let apps = AppKind::ALL.into_iter().filter_map(|kind| App::on(spec, kind));
    Ok(Json(List::whole(apps.map(|app| InstalledAppJson::of(spec, &app)).collect())))
}

/// Show an app of a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "show_app", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`")), responses(
    (status = 200, body = InstalledAppJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
) -> Result<Json<InstalledAppJson>, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    Ok(Json(on(&project.spec, kind)?))
}

/// Install an app, or replace all its settings
///
/// Settings that are not named get their defaults. Secrets are kept.
#[utoipa::path(put, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "put_app", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`"), AsRead), request_body = AppChange, responses(
    (status = 200, body = InstalledAppJson), (status = 201, body = InstalledAppJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
    Sent(desired): Sent<AppChange>,
) -> Result<Response, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    as_read.check(&App::on(&project.spec, kind).map(|app| InstalledAppJson::of(&project.spec, &app)))?;
    let texts = desired.texts(kind, true);
    let mut is_new = false;
    let settings_service = as_read.settings_service(&site, &visitor);
    let done = settings_service.change(&name, |spec: &ProjectSpec| {
        is_new = App::on(spec, kind).is_none();
        let changed = match desired.enabled {
            enabled if is_new => settings::app::install(spec, kind, &texts, enabled.unwrap_or(true)),
            None => settings::app::configure(spec, kind, &texts),
            Some(enabled) => settings::app::switch(&settings::app::configure(spec, kind, &texts)?, kind, enabled),
        };
        Ok(keys::of_app(spec, changed?, &texts)?)
    });
    let view = on(&done.await?.now, kind)?;
    Ok(if is_new { created(view) } else { Json(view).into_response() })
}

/// Change some settings of an app
#[utoipa::path(patch, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "change_app", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`"), AsRead), request_body = AppChange, responses(
    (status = 200, body = InstalledAppJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
    Sent(desired): Sent<AppChange>,
) -> Result<Json<InstalledAppJson>, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    as_read.check(&on(&project.spec, kind)?)?;
    let texts = desired.texts(kind, false);
    let settings_service = as_read.settings_service(&site, &visitor);
    let done = settings_service.change(&name, |spec: &ProjectSpec| {
        let spec = keys::of_app(spec, settings::app::configure(spec, kind, &texts)?, &texts)?;
        desired.enabled.map_or(Ok(spec.clone()), |enabled| settings::app::switch(&spec, kind, enabled))
    });
    Ok(Json(on(&done.await.map_err(absent)?.now, kind)?))
}

/// Uninstall an app and delete its settings
#[utoipa::path(delete, path = "/api/v1/projects/{name}/apps/{app}", operation_id = "remove_app", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`"), AsRead), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    let (project, kind) = site.app(&name, &app).await?;
    as_read.check(&on(&project.spec, kind)?)?;
    as_read.settings_service(&site, &visitor).change(&name, |spec| settings::app::uninstall(spec, kind)).await.map_err(absent)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn switch(site: &Site, visitor: &Visitor, (name, app): &(String, String), enabled: bool) -> Result<Json<InstalledAppJson>, WebError> {
    let (_, kind) = site.app(name, app).await?;
    let done = visitor.settings_service(site).change(name, |spec| settings::app::switch(spec, kind, enabled)).await.map_err(absent)?;
    Ok(Json(on(&done.now, kind)?))
}

/// Enable an app
#[utoipa::path(post, path = "/api/v1/projects/{name}/apps/{app}/enable", operation_id = "enable_app", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`")), responses(
    (status = 200, body = InstalledAppJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn enable(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(at): Path<(String, String)>,
) -> Result<Json<InstalledAppJson>, WebError> {
    switch(&site, &visitor, &at, true).await
}

/// Disable an app; its settings are kept
#[utoipa::path(post, path = "/api/v1/projects/{name}/apps/{app}/disable", operation_id = "disable_app", tag = "apps",
    params(("name" = String, Path, description = "Project name"), ("app" = String, Path, description = "App name: `heartbeat` or `ingestion-alert`")), responses(
    (status = 200, body = InstalledAppJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn disable(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(at): Path<(String, String)>,
) -> Result<Json<InstalledAppJson>, WebError> {
    switch(&site, &visitor, &at, false).await
}
