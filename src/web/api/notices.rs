//! `/api/v1/notices`: what was told to whom, what is owed, and what nobody took.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging};
use crate::model::{IncidentId, NoticeState};
use crate::report::json::NoticeJson;
use crate::store::WhichNotices;
use crate::web::channels::find;
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::Visitor;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NoticeSearch {
    /// To this channel alone.
    channel: Option<String>,
    /// About this incident alone.
    incident: Option<i64>,
    /// Those alone that are so far: `owed`, `sent`, `dead`, `superseded`.
    state: Option<String>,
}

/// What was told to whom, newest first
#[utoipa::path(get, path = "/api/v1/notices", operation_id = "list_notices", tag = "channels", params(NoticeSearch, Paging), responses(
    (status = 200, body = List<NoticeJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(search): Asked<NoticeSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<NoticeJson>>, Trouble> {
    let limit = paging.limit()?;
    let channel = match &search.channel {
        Some(name) => Some(find(&site, name).await?.id),
        None => None,
    };
    let state = match &search.state {
        None => None,
        Some(text) => match NoticeState::ALL.into_iter().find(|state| state.name() == text) {
            None => return Err(Trouble::unfit("state", "must be owed, sent, dead or superseded")),
            known => known,
        },
    };
    let before = paging.after().map(str::parse).transpose();
    let before = before.map_err(|_| Trouble::unfit("after", "is not a `next` that this list gave"))?;
    let which = WhichNotices {
        channel,
        incident: search.incident.map(IncidentId),
        state,
        before,
        at_most: limit as u32 + 1,
        ..WhichNotices::default()
    };
    let store = &*site.web.store;
    let mut notices = store.notices(&which).await?;
    let is_more = notices.len() > limit;
    notices.truncate(limit);
    let next = notices.last().filter(|_| is_more).map(|notice| notice.id.to_string());
    let channels = if notices.is_empty() { Vec::new() } else { store.channels_on_record().await? };
    Ok(Json(List { items: notices.iter().map(|notice| NoticeJson::of(notice, &channels)).collect(), next }))
}
