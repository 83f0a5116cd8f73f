//! `/api/v1/changes`: who changed what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging};
use crate::model::{Deed, ProjectName};
use crate::store::WhichDeeds;
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::Visitor;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// One change that somebody made.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeView {
    at: String,
    /// A user, `token NAME`, a settings file, somebody on the command line.
    who: String,
    /// What it is about: `project shop`, `app heartbeat`, `channel ops`.
    subject: String,
    /// The project whose story it belongs to; it may be gone.
    project: Option<String>,
    /// What was done. No secret is among it.
    words: String,
}

impl ChangeView {
    fn of(deed: Deed) -> Self {
        let Deed { place: _, at, who, subject, project, words } = deed;
        Self { at: at.to_string(), who, subject, project: project.map(|name| name.to_string()), words }
    }
}

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChangeSearch {
    /// Of this project's story alone.
    project: Option<String>,
    /// About this alone, such as `channel ops`.
    subject: Option<String>,
}

/// Who changed what, newest first
#[utoipa::path(get, path = "/api/v1/changes", operation_id = "list_changes", tag = "changes", params(ChangeSearch, Paging), responses(
    (status = 200, body = List<ChangeView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<ChangeSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<ChangeView>>, Trouble> {
    let limit = paging.limit()?;
    let project = match &search.project {
        None => None,
        Some(name) => match ProjectName::parse(name) {
            Ok(name) => Some(name),
            // No project has a name that cannot be one.
            Err(_) => return Ok(Json(List::whole(Vec::new()))),
        },
    };
    // Nor is anything about what has such letters, which a database need not take.
    if search.subject.as_ref().is_some_and(|subject| subject.chars().any(char::is_control)) {
        return Ok(Json(List::whole(Vec::new())));
    }
    let which = WhichDeeds { project, subject: search.subject, before: paging.after_number()?, at_most: limit as u32 + 1 };
    let mut deeds = site.web.store.deeds(&which).await?;
    let is_more = deeds.len() > limit;
    deeds.truncate(limit);
    let next = deeds.last().filter(|_| is_more).map(|deed| deed.place.to_string());
    Ok(Json(List { items: deeds.into_iter().map(ChangeView::of).collect(), next }))
}
