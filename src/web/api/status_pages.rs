//! `/api/v1/status-pages`: status pages.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::routes;

use super::entity::{self, Body, Fields, Resource};
use super::shape::{Answer, AsRead, EditorAccess, List, Routes, Sent, ViewerAccess};
use crate::config::status_page::{FIELDS, added};
use crate::model::{Field, StatusPage, Timestamp};
use crate::report::StatusPageJson;
use crate::web::error::WebError;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list_status_pages)).routes(routes!(show_status_page, put_status_page, remove_status_page))
}

impl Resource for StatusPage {
    type View = StatusPageJson;

    fn view(&self, _now: Timestamp) -> StatusPageJson {
        StatusPageJson::of(self)
    }
}

struct AllFields;

impl Fields for AllFields {
    const SCHEMA: &'static str = "StatusPageFields";
    const DESCRIPTION: &'static str = "Settings of a status page.";
    const WHAT: &'static str = "a field of a status page";
    /// Without the name, which is in the address.
    const TABLE: &'static [Field] = FIELDS.split_at(1).1;
    const IS_WHOLE: bool = true;
}

type StatusPageFields = Body<AllFields>;

/// List status pages
#[utoipa::path(get, path = "/api/v1/status-pages", tag = "status pages", responses((status = 200, body = List<StatusPageJson>)))]
async fn list_status_pages(site: ViewerAccess) -> Answer<List<StatusPageJson>> {
    Ok(Json(List::whole(site.web.store.status_pages().await?.iter().map(StatusPageJson::of).collect())))
}

/// Show a status page
#[utoipa::path(get, path = "/api/v1/status-pages/{name}", tag = "status pages", responses((status = 200, body = StatusPageJson)))]
async fn show_status_page(site: ViewerAccess, Path(name): Path<String>) -> Answer<StatusPageJson> {
    entity::show::<StatusPage>(&site, &name).await
}

/// Add or replace a status page
#[utoipa::path(put, path = "/api/v1/status-pages/{name}", tag = "status pages", params(AsRead), request_body = StatusPageFields, responses(
    (status = 200, description = "Replaced", body = StatusPageJson), (status = 201, description = "Created", body = StatusPageJson)))]
async fn put_status_page(
    access: EditorAccess,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(fields): Sent<StatusPageFields>,
) -> Result<Response, WebError> {
    entity::put(&access, added(&fields.texts.with("name", Some(&name)))?, &as_read).await
}

/// Remove a status page
#[utoipa::path(delete, path = "/api/v1/status-pages/{name}", tag = "status pages", params(AsRead), responses((status = 204)))]
async fn remove_status_page(access: EditorAccess, Path(name): Path<String>, as_read: AsRead) -> Result<StatusCode, WebError> {
    entity::remove::<StatusPage>(&access, &name, &as_read).await
}
