//! `/api/v1/status-pages`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, List, Sent, created};
use crate::edit::status_page::Wanted;
use crate::model::{ProjectName, StatusPage};
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list_status_pages)).routes(routes!(show_status_page, put_status_page, remove_status_page))
}

/// A status page.
#[derive(Debug, Serialize, ToSchema)]
struct StatusPageView {
    name: String,
    title: String,
    /// In the order in which they stand there.
    projects: Vec<String>,
    /// Whether strangers see it.
    public: bool,
}

impl StatusPageView {
    fn of(page: &StatusPage) -> Self {
        let projects = page.projects.iter().map(ProjectName::to_string).collect();
        Self { name: page.name.to_string(), title: page.title.clone(), projects, public: page.public }
    }
}

/// What a status page should be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusPageWish {
    /// One line of at most 120 characters.
    title: String,
    /// From 1 to 20 names of projects.
    projects: Vec<String>,
    /// Whether strangers see it; they do not, where nothing is said.
    #[serde(default)]
    public: bool,
}

/// The status pages
#[utoipa::path(get, path = "/api/v1/status-pages", tag = "status pages", responses(
    (status = 200, body = List<StatusPageView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_status_pages(_visitor: Visitor, State(site): State<Arc<Site>>) -> Result<Json<List<StatusPageView>>, Trouble> {
    Ok(Json(List::whole(site.web.store.status_pages().await?.iter().map(StatusPageView::of).collect())))
}

/// One status page
#[utoipa::path(get, path = "/api/v1/status-pages/{name}", tag = "status pages", params(("name" = String, Path, description = "The status page")),
    responses((status = 200, body = StatusPageView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show_status_page(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<Json<StatusPageView>, Trouble> {
    Ok(Json(StatusPageView::of(&site.status_page(&name).await?)))
}

/// Add a status page, or replace it
#[utoipa::path(put, path = "/api/v1/status-pages/{name}", tag = "status pages",
    params(("name" = String, Path, description = "The status page"), AsRead),
    request_body = StatusPageWish,
    responses((status = 200, description = "It was there, and is replaced", body = StatusPageView),
        (status = 201, description = "It is new", body = StatusPageView),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put_status_page(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(wish): Sent<StatusPageWish>,
) -> Result<Response, Trouble> {
    let projects = wish.projects.iter().map(String::as_str).collect();
    let wanted = Wanted { name: &name, title: &wish.title, projects, public: wish.public }.page(&*site.web.store).await?;
    let known = site.web.store.status_page(&wanted.name).await?;
    as_read.check(&known.as_ref().map(StatusPageView::of))?;
    let desk = as_read.desk(&site, &visitor);
    if known.is_some() {
        let done = desk.change(&name, |_: &StatusPage| Ok(wanted.clone())).await?;
        Ok(Json(StatusPageView::of(&done.now)).into_response())
    } else {
        let done = desk.add(wanted).await?;
        Ok(created(StatusPageView::of(&done.now)))
    }
}

/// Remove a status page
#[utoipa::path(delete, path = "/api/v1/status-pages/{name}", tag = "status pages",
    params(("name" = String, Path, description = "The status page"), AsRead),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove_status_page(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, Trouble> {
    as_read.check(&StatusPageView::of(&site.status_page(&name).await?))?;
    as_read.desk(&site, &visitor).remove::<StatusPage>(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
