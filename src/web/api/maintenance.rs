//! `/api/v1/maintenance`: maintenance windows.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::routes;

use super::entity::{self, Body, Fields, Resource};
use super::shape::{Answer, AsRead, EditorAccess, List, Routes, Sent, ViewerAccess};
use crate::config::window::{FIELDS, added};
use crate::model::{Field, Timestamp, Window};
use crate::report::WindowJson;
use crate::web::error::WebError;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list_windows)).routes(routes!(show_window, put_window, remove_window))
}

impl Resource for Window {
    type View = WindowJson;

    fn view(&self, now: Timestamp) -> WindowJson {
        WindowJson::of(self, now)
    }
}

struct AllFields;

impl Fields for AllFields {
    const SCHEMA: &'static str = "WindowFields";
    const DESCRIPTION: &'static str =
        "When a maintenance window is open: `from` or `now` with `to` or `lasts`; or `weekly`; or `cron` with `lasts`.";
    const WHAT: &'static str = "a field of a maintenance window";
    /// Without the name, which is in the address.
    const TABLE: &'static [Field] = FIELDS.split_at(1).1;
    const IS_WHOLE: bool = true;
}

type WindowFields = Body<AllFields>;

/// List maintenance windows, by name
#[utoipa::path(get, path = "/api/v1/maintenance", tag = "maintenance", responses((status = 200, body = List<WindowJson>)))]
async fn list_windows(site: ViewerAccess) -> Answer<List<WindowJson>> {
    let (windows, now) = (site.web.store.windows().await?, site.now());
    Ok(Json(List::whole(windows.iter().map(|window| window.view(now)).collect())))
}

/// Show a maintenance window
#[utoipa::path(get, path = "/api/v1/maintenance/{name}", tag = "maintenance", responses((status = 200, body = WindowJson)))]
async fn show_window(site: ViewerAccess, Path(name): Path<String>) -> Answer<WindowJson> {
    entity::show::<Window>(&site, &name).await
}

/// Add or replace a maintenance window
#[utoipa::path(put, path = "/api/v1/maintenance/{name}", tag = "maintenance", params(AsRead), request_body = WindowFields, responses(
    (status = 200, description = "Replaced", body = WindowJson), (status = 201, description = "Created", body = WindowJson)))]
async fn put_window(
    access: EditorAccess,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(fields): Sent<WindowFields>,
) -> Result<Response, WebError> {
    entity::put(&access, added(&fields.texts.with("name", Some(&name)), access.origin())?, &as_read).await
}

/// Remove a maintenance window; an open window ends
#[utoipa::path(delete, path = "/api/v1/maintenance/{name}", tag = "maintenance", params(AsRead), responses((status = 204)))]
async fn remove_window(access: EditorAccess, Path(name): Path<String>, as_read: AsRead) -> Result<StatusCode, WebError> {
    entity::remove::<Window>(&access, &name, &as_read).await
}
