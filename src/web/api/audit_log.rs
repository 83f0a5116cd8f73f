//! `/api/v1/audit-log`: the audit log.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::shape::{Answer, Asked, List, Paging, Routes, ViewerAccess};
use crate::model::ProjectFilter;
use crate::report::AuditEntryJson;
use crate::store::AuditFilter;
use crate::web::error::WebError;
use crate::web::part::cut;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list_audit_entries))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChangeSearch {
    /// Only entries that belong to these projects, separated by commas; they may be removed.
    project: Option<String>,
    /// Only entries about this subject, for example `channel ops`.
    subject: Option<String>,
}

/// List audit entries, newest first
#[utoipa::path(get, path = "/api/v1/audit-log", tag = "audit log", params(ChangeSearch, Paging),
    responses((status = 200, body = List<AuditEntryJson>)))]
async fn list_audit_entries(
    site: ViewerAccess,
    Asked(search): Asked<ChangeSearch>,
    Asked(paging): Asked<Paging>,
) -> Answer<List<AuditEntryJson>> {
    let limit = paging.limit()?;
    let named = ProjectFilter::parse(search.project.as_deref().unwrap_or_default());
    let named = named.map_err(|wrong| WebError::unfit("project", wrong))?;
    // No subject contains control characters, and a database may reject them.
    if search.subject.as_ref().is_some_and(|subject| subject.chars().any(char::is_control)) {
        return Ok(Json(List::whole(Vec::new())));
    }
    let which =
        AuditFilter { named, subject: search.subject, before: paging.after_as(|text| text.parse().ok())?, at_most: limit as u32 + 1 };
    let mut audit_entries = site.web.store.audit_entries(&which).await?;
    let next = cut(&mut audit_entries, limit, |audit_entry| audit_entry.place.to_string());
    Ok(Json(List { items: audit_entries.iter().map(AuditEntryJson::of).collect(), next }))
}
