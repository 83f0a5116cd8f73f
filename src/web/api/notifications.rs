//! `/api/v1/notifications`: queued, sent and failed notifications.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::shape::{Answer, Asked, List, Paging, Routes, ViewerAccess};
use crate::model::{IncidentId, NotificationState};
use crate::report::json::NotificationJson;
use crate::store::NotificationFilter;
use crate::web::channels::find;
use crate::web::error::WebError;
use crate::web::part::cut;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list_notifications))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotificationSearch {
    /// Only notifications to this channel.
    channel: Option<String>,
    /// Only notifications about this incident.
    incident: Option<i64>,
    /// Only notifications in this state: `queued`, `sent`, `failed` or `superseded`.
    state: Option<String>,
}

/// List notifications, newest first
#[utoipa::path(get, path = "/api/v1/notifications", tag = "channels", params(NotificationSearch, Paging),
    responses((status = 200, body = List<NotificationJson>)))]
async fn list_notifications(
    site: ViewerAccess,
    Asked(search): Asked<NotificationSearch>,
    Asked(paging): Asked<Paging>,
) -> Answer<List<NotificationJson>> {
    let limit = paging.limit()?;
    let channel = match &search.channel {
        Some(name) => Some(find(&site, name).await?.id),
        None => None,
    };
    let state = match &search.state {
        None => None,
        Some(text) => match NotificationState::ALL.into_iter().find(|state| state.name() == text) {
            None => return Err(WebError::unfit("state", "must be queued, sent, failed or superseded")),
            known => known,
        },
    };
    let before = paging.after_as(|text| text.parse().ok())?;
    let which = NotificationFilter {
        channel,
        incident: search.incident.map(IncidentId),
        state,
        before,
        at_most: limit as u32 + 1,
        ..NotificationFilter::default()
    };
    let store = &*site.web.store;
    let mut notifications = store.notifications(&which).await?;
    let next = cut(&mut notifications, limit, |notification| notification.id.to_string());
    let channels = if notifications.is_empty() { Vec::new() } else { store.channels_on_record().await? };
    Ok(Json(List { items: notifications.iter().map(|notification| NotificationJson::of(notification, &channels)).collect(), next }))
}
