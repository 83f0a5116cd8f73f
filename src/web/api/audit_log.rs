//! `/api/v1/changes`: who changed what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging};
use crate::model::ProjectName;
use crate::report::AuditEntryJson;
use crate::store::AuditFilter;
use crate::web::error::WebError;
use crate::web::site::Site;
use crate::web::visitor::Visitor;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list))
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
    (status = 200, body = List<AuditEntryJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<ChangeSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<AuditEntryJson>>, WebError> {
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
    let which = AuditFilter { project, subject: search.subject, before: paging.after_number()?, at_most: limit as u32 + 1 };
    let mut audit_entries = site.web.store.audit_entries(&which).await?;
    let is_more = audit_entries.len() > limit;
    audit_entries.truncate(limit);
    let next = audit_entries.last().filter(|_| is_more).map(|audit_entry| audit_entry.place.to_string());
    Ok(Json(List { items: audit_entries.iter().map(AuditEntryJson::of).collect(), next }))
}
