//! `/api/v1/status-pages`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{List, Sent};
use crate::model::{ProjectName, StatusPage};
use crate::web::site::Site;
use crate::web::status::{self, Wanted};
use crate::web::trouble::{Trouble, named};
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
#[utoipa::path(put, path = "/api/v1/status-pages/{name}", tag = "status pages", params(("name" = String, Path, description = "The status page")),
    request_body = StatusPageWish,
    responses((status = 200, body = StatusPageView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put_status_page(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Sent(wish): Sent<StatusPageWish>,
) -> Result<Json<StatusPageView>, Trouble> {
    let wanted = Wanted { name: &name, title: &wish.title, projects: wish.projects, public: wish.public };
    let page = wanted.check(&site).await?;
    status::put(&site, &visitor.who, &page).await?;
    Ok(Json(StatusPageView::of(&page)))
}

/// Remove a status page
#[utoipa::path(delete, path = "/api/v1/status-pages/{name}", tag = "status pages", params(("name" = String, Path, description = "The status page")),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove_status_page(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Trouble> {
    let removed = status::remove(&site, &visitor.who, &named("status page", &name)?).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Trouble::no("status page", &name)) }
}
