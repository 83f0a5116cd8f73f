//! `/api/v1/incidents`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging, Sent};
use crate::model::{Evidence, Project};
use crate::report::json::{EntryJson, IncidentJson, NotificationJson};
use crate::report::{postmortem as written, proof, route_name};
use crate::settings::incident::Word;
use crate::store::IncidentFilter;
use crate::web::error::WebError;
use crate::web::incidents::{Sought, acknowledged, at_place, found, place_of, say, snoozed, story};
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

/// So much evidence is given at most.
const EVIDENCE: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(postmortem))
        .routes(routes!(acknowledge))
        .routes(routes!(unacknowledge))
        .routes(routes!(snooze))
}

/// One incident with its timeline, what failures left, and who was told.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentView {
    incident: IncidentJson,
    /// Oldest first.
    timeline: Vec<EntryJson>,
    /// What the failures of its minutes left, oldest first: 500 at most.
    evidence: Vec<EvidenceView>,
    /// What was told of it, oldest first.
    notifications: Vec<NotificationJson>,
}

/// What a beat's failure left.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceView {
    route: String,
    /// The beat's minute.
    minute: String,
    /// When it was found.
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

/// The incidents, newest opened first
#[utoipa::path(get, path = "/api/v1/incidents", operation_id = "list_incidents", tag = "incidents", params(Sought, Paging), responses(
    (status = 200, body = List<IncidentJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Asked(sought): Asked<Sought>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<IncidentJson>>, WebError> {
    let now = site.now();
    let limit = paging.limit()?;
    let wrong = || WebError::unfit("after", "is not a `next` that this list gave");
    let before = paging.after().map(|after| at_place(after).ok_or_else(wrong)).transpose()?;
    let which = IncidentFilter { before, at_most: limit as u32 + 1, ..sought.which(now)? };
    let mut found = site.web.store.incidents(&which).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let public = site.web.settings.public_url.as_ref();
    let next = found.last().filter(|_| more).map(place_of);
    Ok(Json(List { items: found.iter().map(|incident| IncidentJson::of(incident, now, public)).collect(), next }))
}

/// One incident with its timeline, evidence, and who was told
#[utoipa::path(get, path = "/api/v1/incidents/{id}", operation_id = "show_incident", tag = "incidents",
    params(("id" = i64, Path, description = "The incident's number")), responses(
    (status = 200, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Json<IncidentView>, WebError> {
    view(&site, &id).await.map(Json)
}

async fn view(site: &Site, id: &str) -> Result<IncidentView, WebError> {
    let (store, now) = (&*site.web.store, site.now());
    let (told, project) = story(store, found(store, id).await?, now).await?;
    let channels = store.channels_on_record().await?;
    let evidence = project.iter().flat_map(|project| told.evidence.iter().map(|one| EvidenceView::of(one, project)));
    Ok(IncidentView {
        incident: IncidentJson::of(&told.incident, now, site.web.settings.public_url.as_ref()),
        timeline: told.timeline.iter().map(EntryJson::of).collect(),
        evidence: evidence.take(EVIDENCE).collect(),
        notifications: told.notifications.iter().map(|notification| NotificationJson::of(notification, &channels)).collect(),
    })
}

/// The post-mortem, begun from what is on record, as Markdown
#[utoipa::path(get, path = "/api/v1/incidents/{id}/postmortem", operation_id = "show_postmortem", tag = "incidents",
    params(("id" = i64, Path, description = "The incident's number")), responses(
    (status = 200, body = String, content_type = "text/markdown"),
    (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn postmortem(_visitor: Visitor, State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Response, WebError> {
    let (store, now) = (&*site.web.store, site.now());
    let (told, project) = story(store, found(store, &id).await?, now).await?;
    let text = written(&told, project.as_ref(), &store.channels_on_record().await?, now);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"))], text).into_response())
}

/// That somebody has it in hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    /// What is being done; it stands behind the name of whoever asks. Without it, whoever has the incident in hand already keeps it.
    words: Option<String>,
}

/// Say that somebody has it in hand: no more reminders
#[utoipa::path(post, path = "/api/v1/incidents/{id}/acknowledge", operation_id = "acknowledge_incident", tag = "incidents",
    params(("id" = i64, Path, description = "The incident's number")), request_body = Acknowledgement, responses(
    (status = 200, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn acknowledge(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Sent(sent): Sent<Acknowledgement>,
) -> Result<Json<IncidentView>, WebError> {
    let word = acknowledged(&visitor, sent.words.as_deref().unwrap_or_default(), site.now());
    spoken(&site, &id, word.map_err(|wrong| WebError::Unfit(wrong.into()))?).await
}

/// Take that back: reminders go on
#[utoipa::path(post, path = "/api/v1/incidents/{id}/unacknowledge", operation_id = "unacknowledge_incident", tag = "incidents",
    params(("id" = i64, Path, description = "The incident's number")), responses(
    (status = 200, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn unacknowledge(
    Writer(_visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
) -> Result<Json<IncidentView>, WebError> {
    let word = Word::unacknowledged(site.now());
    spoken(&site, &id, word).await
}

/// How long reminders wait: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Snooze {
    /// For so long, such as `2h`: 30 days at most.
    #[serde(rename = "for")]
    lasts: Option<String>,
    /// Until then, such as `2026-11-23T15:10:00Z`.
    until: Option<String>,
}

/// Let reminders wait
#[utoipa::path(post, path = "/api/v1/incidents/{id}/snooze", operation_id = "snooze_incident", tag = "incidents",
    params(("id" = i64, Path, description = "The incident's number")), request_body = Snooze, responses(
    (status = 200, body = IncidentView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn snooze(
    Writer(_visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Sent(sent): Sent<Snooze>,
) -> Result<Json<IncidentView>, WebError> {
    let word = snoozed(sent.lasts.as_deref(), sent.until.as_deref(), site.now());
    spoken(&site, &id, word.map_err(|wrong| WebError::Unfit(wrong.into()))?).await
}

async fn spoken(site: &Site, id: &str, word: Word) -> Result<Json<IncidentView>, WebError> {
    say(site, &found(&site.web.store, id).await?, &word).await?;
    view(site, id).await.map(Json)
}
