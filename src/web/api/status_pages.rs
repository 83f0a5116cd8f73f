//! `/api/v1/status-pages`: status pages.

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
use super::shape::{AsRead, List, Sent, put};
use crate::config::{Texts, status_page};
use crate::model::StatusPage;
use crate::report::StatusPageJson;
use crate::web::error::WebError;
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list_status_pages)).routes(routes!(show_status_page, put_status_page, remove_status_page))
}

/// Settings of a status page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusPageFields {
    /// One line of at most 120 characters.
    title: String,
    /// 1 to 20 project names.
    projects: Vec<String>,
    /// Whether the public can see it. Default: no.
    #[serde(default)]
    public: bool,
}

impl StatusPageFields {
    fn texts(&self, name: &str) -> Texts {
        let public = self.public.to_string();
        let mut texts = Texts::default().with("name", Some(name)).with("title", Some(&self.title)).with("public", Some(&public));
        self.projects.iter().for_each(|name| texts.put("projects", name));
        texts
    }
}

/// List status pages
#[utoipa::path(get, path = "/api/v1/status-pages", tag = "status pages", responses(
    (status = 200, body = List<StatusPageJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_status_pages(_visitor: Visitor, State(site): State<Arc<Site>>) -> Result<Json<List<StatusPageJson>>, WebError> {
    Ok(Json(List::whole(site.web.store.status_pages().await?.iter().map(StatusPageJson::of).collect())))
}

/// Show a status page
#[utoipa::path(get, path = "/api/v1/status-pages/{name}", tag = "status pages", params(("name" = String, Path, description = "Name of the status page")),
    responses((status = 200, body = StatusPageJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show_status_page(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<Json<StatusPageJson>, WebError> {
    Ok(Json(StatusPageJson::of(&site.status_page(&name).await?)))
}

/// Add or replace a status page
#[utoipa::path(put, path = "/api/v1/status-pages/{name}", tag = "status pages",
    params(("name" = String, Path, description = "Name of the status page"), AsRead),
    request_body = StatusPageFields,
    responses((status = 200, description = "Replaced", body = StatusPageJson),
        (status = 201, description = "Created", body = StatusPageJson),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put_status_page(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(wish): Sent<StatusPageFields>,
) -> Result<Response, WebError> {
    let desired = status_page::added(&wish.texts(&name))?;
    let known = site.web.store.status_page(&desired.name).await?;
    as_read.check(&known.as_ref().map(StatusPageJson::of))?;
    put(&as_read.settings_service(&site, &visitor), &name, known.is_some(), desired, StatusPageJson::of).await
}

/// Remove a status page
#[utoipa::path(delete, path = "/api/v1/status-pages/{name}", tag = "status pages",
    params(("name" = String, Path, description = "Name of the status page"), AsRead),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove_status_page(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    as_read.check(&StatusPageJson::of(&site.status_page(&name).await?))?;
    as_read.settings_service(&site, &visitor).remove::<StatusPage>(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
