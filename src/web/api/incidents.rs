//! `/api/v1/incidents`: list, show, acknowledge and snooze incidents.

use axum::Json;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::shape::{Answer, Asked, EditorAccess, List, Paging, Routes, Sent, ViewerAccess};
use crate::model::{Evidence, Project};
use crate::report::json::{EntryJson, IncidentJson, NotificationJson};
use crate::report::{postmortem as written, proof, route_name};
use crate::settings::incident::Word;
use crate::store::IncidentFilter;
use crate::web::error::WebError;
use crate::web::incidents::{Sought, acknowledged, at_place, found, place_of, say, snoozed, story};
use crate::web::part::cut;
use crate::web::site::Site;

/// Maximum number of evidence entries in a response.
const EVIDENCE: usize = 500;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list_incidents))
        .routes(routes!(show_incident))
        .routes(routes!(show_postmortem))
        .routes(routes!(acknowledge_incident))
        .routes(routes!(unacknowledge_incident))
        .routes(routes!(snooze_incident))
}

/// An incident with its timeline, evidence and notifications.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentView {
    incident: IncidentJson,
    /// Oldest first.
    timeline: Vec<EntryJson>,
    /// Evidence of the failures in its minutes, oldest first, at most 500.
    evidence: Vec<EvidenceView>,
    /// Notifications about the incident, oldest first.
    notifications: Vec<NotificationJson>,
}

/// Evidence of a beat's failure.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceView {
    route: String,
    /// Minute of the beat.
    minute: String,
    /// Time at which the failure was found.
    at: String,
    words: String,
}

impl EvidenceView {
    fn of(evidence: &Evidence, project: &Project) -> Self {
        Self {
            route: route_name(project, evidence.route).to_owned(),
            minute: evidence.minute.start().to_string(),
            at: evidence.at.to_string(),
            words: proof(evidence),
        }
    }
}

/// List incidents, newest first
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(Sought, Paging),
    responses((status = 200, body = List<IncidentJson>)))]
async fn list_incidents(site: ViewerAccess, Asked(sought): Asked<Sought>, Asked(paging): Asked<Paging>) -> Answer<List<IncidentJson>> {
    let now = site.now();
    let limit = paging.limit()?;
    let which = IncidentFilter { before: paging.after_as(at_place)?, at_most: limit as u32 + 1, ..sought.which(now)? };
    let mut found = site.web.store.incidents(&which).await?;
    let next = cut(&mut found, limit, place_of);
    let public = site.web.settings.public_url.as_ref();
    Ok(Json(List { items: found.iter().map(|incident| IncidentJson::of(incident, now, public)).collect(), next }))
}

/// Show an incident with its timeline, evidence and notifications
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = IncidentView)))]
async fn show_incident(site: ViewerAccess, Path(id): Path<String>) -> Answer<IncidentView> {
    view(&site, &id).await.map(Json)
}

async fn view(site: &Site, id: &str) -> Result<IncidentView, WebError> {
    let (store, now) = (&*site.web.store, site.now());
    let (of_incident, project) = story(store, found(store, id).await?, now).await?;
    let channels = store.channels_on_record().await?;
    let evidence = project.iter().flat_map(|project| of_incident.evidence.iter().map(|one| EvidenceView::of(one, project)));
    Ok(IncidentView {
        incident: IncidentJson::of(&of_incident.incident, now, site.web.settings.public_url.as_ref()),
        timeline: of_incident.timeline.iter().map(EntryJson::of).collect(),
        evidence: evidence.take(EVIDENCE).collect(),
        notifications: of_incident.notifications.iter().map(|notification| NotificationJson::of(notification, &channels)).collect(),
    })
}

/// Show a draft of the post-mortem, as Markdown
#[utoipa::path(get, path = "/api/v1/incidents/{id}/postmortem", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = String, content_type = "text/markdown")))]
async fn show_postmortem(site: ViewerAccess, Path(id): Path<String>) -> Result<Response, WebError> {
    let (store, now) = (&*site.web.store, site.now());
    let (of_incident, project) = story(store, found(store, &id).await?, now).await?;
    let text = written(&of_incident, project.as_ref(), &store.channels_on_record().await?, now);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"))], text).into_response())
}

/// An acknowledgement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    /// What is being done. It is recorded after the name of the caller. Without it, an existing acknowledgement is kept.
    words: Option<String>,
}

/// Acknowledge an incident: no more reminders
#[utoipa::path(post, path = "/api/v1/incidents/{id}/acknowledge", tag = "incidents", params(("id" = i64, Path)),
    request_body = Acknowledgement, responses((status = 200, body = IncidentView)))]
async fn acknowledge_incident(access: EditorAccess, Path(id): Path<String>, Sent(sent): Sent<Acknowledgement>) -> Answer<IncidentView> {
    let word = acknowledged(&access.visitor.0, sent.words.as_deref().unwrap_or_default(), access.now())?;
    apply(&access, &id, word).await
}

/// Unacknowledge an incident: reminders continue
#[utoipa::path(post, path = "/api/v1/incidents/{id}/unacknowledge", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = IncidentView)))]
async fn unacknowledge_incident(access: EditorAccess, Path(id): Path<String>) -> Answer<IncidentView> {
    apply(&access, &id, Word::unacknowledged(access.now())).await
}

/// How long reminders are paused: set one of the two fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Snooze {
    /// Duration, for example `2h`; at most 30 days.
    #[serde(rename = "for")]
    lasts: Option<String>,
    /// End, for example `2026-11-23T15:10:00Z`; at most 30 days from now.
    until: Option<String>,
}

/// Pause the reminders of an incident
#[utoipa::path(post, path = "/api/v1/incidents/{id}/snooze", tag = "incidents", params(("id" = i64, Path)), request_body = Snooze,
    responses((status = 200, body = IncidentView)))]
async fn snooze_incident(access: EditorAccess, Path(id): Path<String>, Sent(sent): Sent<Snooze>) -> Answer<IncidentView> {
    let word = snoozed(sent.lasts.as_deref(), sent.until.as_deref(), access.now())?;
    apply(&access, &id, word).await
}

async fn apply(site: &Site, id: &str, word: Word) -> Answer<IncidentView> {
    say(site, &found(&site.web.store, id).await?, &word).await?;
    view(site, id).await.map(Json)
}
