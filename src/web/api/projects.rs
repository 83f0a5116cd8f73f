//! `/api/v1/projects`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging, named};
use crate::config::duration;
use crate::model::{Host, ProjectName, ProjectSpec};
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::Visitor;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// A project, as it is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectView {
    name: String,
    /// Where its events are sent.
    host: String,
    /// Where it is read, when that is not the host's own API.
    api_host: Option<String>,
    /// The project token: public.
    token: String,
    has_personal_api_key: bool,
    /// PostHog's number of the project, when it was given.
    project_id: Option<u64>,
    /// Such as `2m`.
    late_after: String,
    lost_after: String,
    look_every: String,
}

impl ProjectView {
    fn of(spec: &ProjectSpec) -> Self {
        Self {
            name: spec.name.to_string(),
            host: spec.host.to_string(),
            api_host: spec.api_host.as_ref().map(Host::to_string),
            token: spec.token.to_string(),
            has_personal_api_key: spec.personal_key.is_some(),
            project_id: spec.posthog_id,
            late_after: duration::show(spec.pace.late_after),
            lost_after: duration::show(spec.pace.lost_after),
            look_every: duration::show(spec.pace.look_every),
        }
    }
}

/// Which projects.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Those whose name holds this.
    q: Option<String>,
}

/// The projects, by name
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects", params(Search, Paging), responses(
    (status = 200, body = List<ProjectView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<Search>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<ProjectView>>, Trouble> {
    let wanted = search.q.unwrap_or_default().to_lowercase();
    let names = site.web.store.project_names().await?.into_iter().map(|(_, name)| name);
    let after = paging.after().unwrap_or_default();
    let mut names = names.filter(|name| name.as_str() > after && name.as_str().to_lowercase().contains(&wanted));
    let shown: Vec<ProjectName> = names.by_ref().take(paging.limit()?).collect();
    let next = names.next().and_then(|_| shown.last()).map(ToString::to_string);
    let projects = site.web.store.projects_named(&shown).await?;
    Ok(Json(List { items: projects.iter().map(|project| ProjectView::of(&project.spec)).collect(), next }))
}

/// One project
#[utoipa::path(get, path = "/api/v1/projects/{name}", tag = "projects", params(("name" = String, Path, description = "The project")), responses(
    (status = 200, body = ProjectView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ProjectView>, Trouble> {
    let project = site.web.store.project(&named("project", &name)?).await?;
    let project = project.ok_or_else(|| Trouble::no("project", &name))?;
    Ok(Json(ProjectView::of(&project.spec)))
}
