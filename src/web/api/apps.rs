//! `/api/v1/apps` and `/api/v1/projects/{name}/apps`: available and installed apps.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::shape::{Answer, AsRead, Asked, EditorAccess, List, Routes, Sent, ViewerAccess, created, texts_of};
use crate::config::App;
use crate::model::{AppKind, ProjectSpec};
use crate::settings::{self, AppKindJson, ChangeError, Clash, InstalledAppJson};
use crate::web::error::WebError;
use crate::web::keys;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list_apps))
        .routes(routes!(list_installed_apps))
        .routes(routes!(show_app, put_app, change_app, remove_app))
        .routes(routes!(enable_app))
        .routes(routes!(disable_app))
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
#[utoipa::path(get, path = "/api/v1/apps", tag = "apps", params(AppSearch), responses((status = 200, body = List<AppOverview>)))]
async fn list_apps(site: ViewerAccess, Asked(search): Asked<AppSearch>) -> Answer<List<AppOverview>> {
    let mut items = Vec::new();
    for kind in AppKind::search(&search.q.unwrap_or_default()) {
        let spread = site.web.store.spread(kind).await?;
        items.push(AppOverview { app: AppKindJson::of(kind), installed: spread.installed, enabled: spread.enabled });
    }
    Ok(Json(List::whole(items)))
}

/// List the apps of a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps", tag = "apps", responses((status = 200, body = List<InstalledAppJson>)))]
async fn list_installed_apps(site: ViewerAccess, Path(name): Path<String>) -> Answer<List<InstalledAppJson>> {
    let spec = &site.project(&name).await?.spec;
    let apps = AppKind::ALL.into_iter().filter_map(|kind| App::on(spec, kind));
    Ok(Json(List::whole(apps.map(|app| InstalledAppJson::of(spec, &app)).collect())))
}

/// Show an app of a project
#[utoipa::path(get, path = "/api/v1/projects/{name}/apps/{app}", tag = "apps", responses((status = 200, body = InstalledAppJson)))]
async fn show_app(site: ViewerAccess, Path((name, app)): Path<(String, String)>) -> Answer<InstalledAppJson> {
    let (project, kind) = site.app(&name, &app).await?;
    Ok(Json(on(&project.spec, kind)?))
}

/// Install an app, or replace all its settings
///
/// Settings that are not named get their defaults. Secrets are kept.
#[utoipa::path(put, path = "/api/v1/projects/{name}/apps/{app}", tag = "apps", params(AsRead), request_body = AppChange,
    responses((status = 200, body = InstalledAppJson), (status = 201, body = InstalledAppJson)))]
async fn put_app(
    access: EditorAccess,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
    Sent(desired): Sent<AppChange>,
) -> Result<Response, WebError> {
    let (project, kind) = access.app(&name, &app).await?;
    as_read.check(&App::on(&project.spec, kind).map(|app| InstalledAppJson::of(&project.spec, &app)))?;
    let texts = texts_of(&desired.settings).as_whole(kind.settings());
    let mut is_new = false;
    let service = as_read.settings_service(&access);
    let done = service.change(&name, |spec: &ProjectSpec| {
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
#[utoipa::path(patch, path = "/api/v1/projects/{name}/apps/{app}", tag = "apps", params(AsRead), request_body = AppChange,
    responses((status = 200, body = InstalledAppJson)))]
async fn change_app(
    access: EditorAccess,
    Path((name, app)): Path<(String, String)>,
    as_read: AsRead,
    Sent(desired): Sent<AppChange>,
) -> Answer<InstalledAppJson> {
    let (project, kind) = access.app(&name, &app).await?;
    as_read.check(&on(&project.spec, kind)?)?;
    let texts = texts_of(&desired.settings);
    let service = as_read.settings_service(&access);
    let done = service.change(&name, |spec: &ProjectSpec| {
        let spec = keys::of_app(spec, settings::app::configure(spec, kind, &texts)?, &texts)?;
        desired.enabled.map_or(Ok(spec.clone()), |enabled| settings::app::switch(&spec, kind, enabled))
    });
    Ok(Json(on(&done.await.map_err(absent)?.now, kind)?))
}

/// Uninstall an app and delete its settings
#[utoipa::path(delete, path = "/api/v1/projects/{name}/apps/{app}", tag = "apps", params(AsRead), responses((status = 204)))]
async fn remove_app(access: EditorAccess, Path((name, app)): Path<(String, String)>, as_read: AsRead) -> Result<StatusCode, WebError> {
    let (project, kind) = access.app(&name, &app).await?;
    as_read.check(&on(&project.spec, kind)?)?;
    as_read.settings_service(&access).change(&name, |spec| settings::app::uninstall(spec, kind)).await.map_err(absent)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn switch(access: &EditorAccess, (name, app): &(String, String), enabled: bool) -> Answer<InstalledAppJson> {
    let (_, kind) = access.app(name, app).await?;
    let done = access.settings_service().change(name, |spec| settings::app::switch(spec, kind, enabled)).await.map_err(absent)?;
    Ok(Json(on(&done.now, kind)?))
}

/// Enable an app
#[utoipa::path(post, path = "/api/v1/projects/{name}/apps/{app}/enable", tag = "apps", responses((status = 200, body = InstalledAppJson)))]
async fn enable_app(access: EditorAccess, Path(at): Path<(String, String)>) -> Answer<InstalledAppJson> {
    switch(&access, &at, true).await
}

/// Disable an app; its settings are kept
#[utoipa::path(post, path = "/api/v1/projects/{name}/apps/{app}/disable", tag = "apps", responses((status = 200, body = InstalledAppJson)))]
async fn disable_app(access: EditorAccess, Path(at): Path<(String, String)>) -> Answer<InstalledAppJson> {
    switch(&access, &at, false).await
}
