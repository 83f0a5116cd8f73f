//! `/api/v1/maintenance`: maintenance windows.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{self, AsRead, List, Sent};
use crate::config::Texts;
use crate::config::window::added;
use crate::model::Window;
use crate::report::WindowJson;
use crate::web::error::{WebError, named};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(put)).routes(routes!(remove))
}

/// When a maintenance window is open: `from` or `now` with `to` or `lasts`; or `weekly`; or `cron` with `lasts`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WindowFields {
    /// Project names; empty or absent for all projects.
    #[serde(default)]
    projects: Vec<String>,
    /// Start, for example `2026-11-23T02:00:00Z`.
    from: Option<String>,
    /// Start now.
    #[serde(default)]
    now: bool,
    /// End.
    to: Option<String>,
    /// Duration, for example `2h`.
    lasts: Option<String>,
    /// Weekly time range, for example `sun 02:00-04:00`.
    weekly: Option<String>,
    /// Start times as a crontab expression, for example `0 2 * * *`.
    cron: Option<String>,
    /// Time zone of `weekly` and `cron`, for example `Europe/Berlin`. Default UTC.
    timezone: Option<String>,
}

impl WindowFields {
    fn texts(&self, name: &str) -> Texts {
        let mut texts = Texts::default()
            .with("name", Some(name))
            .with("from", self.from.as_deref())
            .with("now", self.now.then_some("true"))
            .with("to", self.to.as_deref())
            .with("lasts", self.lasts.as_deref())
            .with("weekly", self.weekly.as_deref())
            .with("cron", self.cron.as_deref())
            .with("timezone", self.timezone.as_deref());
        self.projects.iter().for_each(|name| texts.put("projects", name));
        texts
    }
}

/// List maintenance windows, by name
#[utoipa::path(get, path = "/api/v1/maintenance", operation_id = "list_windows", tag = "maintenance", responses(
    (status = 200, body = List<WindowJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(_visitor: Visitor, State(site): State<Arc<Site>>) -> Result<Json<List<WindowJson>>, WebError> {
    let (windows, now) = (site.web.store.windows().await?, site.now());
    Ok(Json(List::whole(windows.iter().map(|window| WindowJson::of(window, now)).collect())))
}

/// Show a maintenance window
#[utoipa::path(get, path = "/api/v1/maintenance/{name}", operation_id = "show_window", tag = "maintenance",
    params(("name" = String, Path, description = "Name of the maintenance window")), responses(
    (status = 200, body = WindowJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<WindowJson>, WebError> {
    let window = known(&site, &name).await?.ok_or_else(|| WebError::no("maintenance window", &name))?;
    Ok(Json(WindowJson::of(&window, site.now())))
}

async fn known(site: &Site, name: &str) -> Result<Option<Window>, WebError> {
    let windows = site.web.store.windows().await?;
    Ok(windows.into_iter().find(|window| window.name.as_str() == name))
}

/// Add or replace a maintenance window
#[utoipa::path(put, path = "/api/v1/maintenance/{name}", operation_id = "put_window", tag = "maintenance",
    params(("name" = String, Path, description = "Name of the maintenance window"), AsRead),
    request_body = WindowFields, responses(
    (status = 200, description = "Replaced", body = WindowJson), (status = 201, description = "Created", body = WindowJson),
    (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(sent): Sent<WindowFields>,
) -> Result<Response, WebError> {
    let now = site.now();
    let before = known(&site, &name).await?;
    as_read.check(&before.as_ref().map(|before| WindowJson::of(before, now)))?;
    let desired = added(&sent.texts(&name), site.origin())?;
    let settings_service = as_read.settings_service(&site, &visitor);
    shape::put(&settings_service, &name, before.is_some(), desired, |window| WindowJson::of(window, now)).await
}

/// Remove a maintenance window; an open window ends
#[utoipa::path(delete, path = "/api/v1/maintenance/{name}", operation_id = "remove_window", tag = "maintenance",
    params(("name" = String, Path, description = "Name of the maintenance window"), AsRead), responses(
    (status = 204, description = "Deleted"), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    let name = named("maintenance window", &name)?;
    if let Some(before) = known(&site, name.as_str()).await? {
        as_read.check(&WindowJson::of(&before, site.now()))?;
    }
    as_read.settings_service(&site, &visitor).remove::<Window>(name.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}
