//! `/api/v1/channels`: notification channels.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, Asked, List, Paging, Sent, created};
use crate::config::channel::{FIELDS, added, called, changed};
use crate::config::{Problem as FieldProblem, Problems, Texts};
use crate::model::{Channel, ChannelId, ChannelKind, ChannelSpec};
use crate::settings::trial::SAMPLES;
use crate::settings::{ChangeError, ChannelJson, ChannelKindJson, ResentJson, TestedJson};
use crate::store::ChannelQueue;
use crate::web::channels::{check_open, find, find_to_remove, resend, test};
use crate::web::error::WebError;
use crate::web::site::Site;
use crate::web::visitor::{Visitor, Writer};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_kinds))
        .routes(routes!(show, put, change, remove))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(try_it))
        .routes(routes!(send_again))
}

async fn named(site: &Site, name: &str) -> Result<ChannelJson, WebError> {
    view(site, &find(site, name).await?).await
}

async fn view(site: &Site, channel: &Channel) -> Result<ChannelJson, WebError> {
    Ok(ChannelJson::of(channel, site.web.store.queue_of(channel.id).await?))
}

/// Changes to a channel.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelChange {
    /// Kind of the channel. Required to add a channel; it cannot be changed.
    kind: Option<String>,
    enabled: Option<bool>,
    /// Minimum severity: `info`, `warning` or `critical`.
    severity: Option<String>,
    /// Projects whose notifications are sent; empty for all.
    projects: Option<Vec<String>>,
    /// More messages than this in a minute become one digest.
    #[schema(minimum = 1, maximum = 65535)]
    at_once: Option<u32>,
    /// Template for the title; empty for the default.
    title: Option<String>,
    /// Template for the text; empty for the default.
    body: Option<String>,
    /// Fields of the channel kind. Null removes a value.
    #[serde(default)]
    fields: BTreeMap<String, Option<String>>,
}

impl ChannelChange {
    /// With `whole`, everything that is not named gets its default. Secrets are kept.
    fn texts(&self, whole: Option<ChannelKind>) -> Result<Texts, Problems> {
        let misplaced = self.fields.keys().filter(|key| FIELDS.iter().any(|field| field.key == key.as_str()));
        let problems = misplaced.map(|key| FieldProblem::of(key.as_str(), "belongs next to `fields`, not inside it")).collect();
        Problems::or(problems, ())?;
        let texts = Texts::default();
        let enabled = self.enabled.map(|enabled| enabled.to_string());
        let projects = self.projects.as_ref().map(|names| names.join(","));
        let at_once = self.at_once.map(|number| number.to_string());
        let mut texts = texts
            .with("kind", self.kind.as_deref())
            .with("enabled", enabled.as_deref())
            .with("severity", self.severity.as_deref())
            .with("at_once", at_once.as_deref())
            .with("title", self.title.as_deref())
            .with("body", self.body.as_deref());
        if let Some(projects) = projects {
            texts.put("projects", &projects);
        }
        for (key, text) in &self.fields {
            texts.put(key, text.as_deref().unwrap_or_default());
        }
        let Some(kind) = whole else { return Ok(texts) };
        let may_change = FIELDS.iter().filter(|field| !["name", "kind", "enabled"].contains(&field.key));
        Ok(texts.as_whole(may_change.chain(kind.fields())))
    }
}

/// List channel kinds
#[utoipa::path(get, path = "/api/v1/channels/kinds", operation_id = "list_channel_kinds", tag = "channels", responses(
    (status = 200, body = List<ChannelKindJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_kinds(_visitor: Visitor) -> Json<List<ChannelKindJson>> {
    Json(List::whole(ChannelKind::ALL.map(ChannelKindJson::of).into()))
}

/// List channels: named channels in order of their names, then the webhooks of apps
#[utoipa::path(get, path = "/api/v1/channels", operation_id = "list_channels", tag = "channels", params(Paging), responses(
    (status = 200, body = List<ChannelJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(_visitor: Visitor, State(site): State<Arc<Site>>, Asked(paging): Asked<Paging>) -> Result<Json<List<ChannelJson>>, WebError> {
    let limit = paging.limit()?;
    let channels = site.web.store.channels().await?;
    let queues: HashMap<ChannelId, ChannelQueue> = site.web.store.queues().await?.into_iter().collect();
    let last = paging.after_as(|after| channels.iter().position(|channel| called(channel) == after))?;
    let from = last.map_or(0, |last| last + 1);
    let shown = &channels[from..channels.len().min(from + limit)];
    let next = shown.last().filter(|_| from + limit < channels.len()).map(called);
    let views = shown.iter().map(|channel| ChannelJson::of(channel, queues.get(&channel.id).copied().unwrap_or_default()));
    Ok(Json(List { items: views.collect(), next }))
}

/// Show a channel
#[utoipa::path(get, path = "/api/v1/channels/{name}", operation_id = "show_channel", tag = "channels", params(("name" = String, Path, description = "Channel name; the webhooks of an app are named `webhooks of PROJECT`")), responses(
    (status = 200, body = ChannelJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ChannelJson>, WebError> {
    Ok(Json(named(&site, &name).await?))
}

/// Add a channel, or replace all its settings
///
/// Settings that are not named get their defaults. Secrets are kept.
#[utoipa::path(put, path = "/api/v1/channels/{name}", operation_id = "put_channel", tag = "channels", params(("name" = String, Path, description = "Channel name"), AsRead), request_body = ChannelChange, responses(
    (status = 200, body = ChannelJson), (status = 201, body = ChannelJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(desired): Sent<ChannelChange>,
) -> Result<Response, WebError> {
    let known = match find(&site, &name).await {
        Ok(channel) => Some(channel),
        Err(WebError::NotFound(_)) => None,
        Err(other) => return Err(other),
    };
    let view = match &known {
        Some(channel) => Some(self::view(&site, channel).await?),
        None => None,
    };
    as_read.check(&view)?;
    let settings_service = as_read.settings_service(&site, &visitor);
    if let Some(channel) = &known {
        check_open(channel)?;
        let texts = desired.texts(Some(channel.spec.kind))?;
        let desired = |known: &ChannelSpec| changed(known, &texts, site.origin()).map_err(ChangeError::from);
        settings_service.change(&name, desired).await?;
    } else {
        let texts = desired.texts(None)?.with("name", Some(&name));
        settings_service.add(added(&texts, site.origin())?).await?;
    }
    let view = named(&site, &name).await?;
    Ok(if known.is_none() { created(view) } else { Json(view).into_response() })
}

/// Change some settings of a channel
#[utoipa::path(patch, path = "/api/v1/channels/{name}", operation_id = "change_channel", tag = "channels", params(("name" = String, Path, description = "Channel name"), AsRead), request_body = ChannelChange, responses(
    (status = 200, body = ChannelJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(desired): Sent<ChannelChange>,
) -> Result<Json<ChannelJson>, WebError> {
    let channel = find(&site, &name).await?;
    as_read.check(&view(&site, &channel).await?)?;
    check_open(&channel)?;
    let texts = desired.texts(None)?;
    let desired = |known: &ChannelSpec| changed(known, &texts, site.origin()).map_err(ChangeError::from);
    as_read.settings_service(&site, &visitor).change(&name, desired).await?;
    Ok(Json(named(&site, &name).await?))
}

/// Remove a channel and its queued notifications
#[utoipa::path(delete, path = "/api/v1/channels/{name}", operation_id = "remove_channel", tag = "channels", params(("name" = String, Path, description = "Channel name"), AsRead), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, WebError> {
    // `If-Match` needs the full channel. Without it, a channel whose secrets cannot be decrypted can still be removed.
    let channel = if as_read.is_asked() { find(&site, &name).await? } else { find_to_remove(&site, &name).await? };
    as_read.check(&view(&site, &channel).await?)?;
    check_open(&channel)?;
    as_read.settings_service(&site, &visitor).remove::<ChannelSpec>(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn switch(site: &Site, visitor: &Visitor, name: &str, enabled: bool) -> Result<Json<ChannelJson>, WebError> {
    check_open(&find(site, name).await?)?;
    visitor.settings_service(site).change::<ChannelSpec>(name, |known| Ok(ChannelSpec { enabled, ..known.clone() })).await?;
    Ok(Json(named(site, name).await?))
}

/// Enable a channel
#[utoipa::path(post, path = "/api/v1/channels/{name}/enable", operation_id = "enable_channel", tag = "channels", params(("name" = String, Path, description = "Channel name")), responses(
    (status = 200, body = ChannelJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn enable(Writer(visitor): Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ChannelJson>, WebError> {
    switch(&site, &visitor, &name, true).await
}

/// Disable a channel; its queued notifications wait
#[utoipa::path(post, path = "/api/v1/channels/{name}/disable", operation_id = "disable_channel", tag = "channels", params(("name" = String, Path, description = "Channel name")), responses(
    (status = 200, body = ChannelJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn disable(Writer(visitor): Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ChannelJson>, WebError> {
    switch(&site, &visitor, &name, false).await
}

/// Send test notifications to a channel
#[utoipa::path(post, path = "/api/v1/channels/{name}/test", operation_id = "test_channel", tag = "channels", params(("name" = String, Path, description = "Channel name; the channel can be disabled")), responses(
    (status = 200, body = TestedJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn try_it(_writer: Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<TestedJson>, WebError> {
    let channel = find(&site, &name).await?;
    let tried = test(&site, &channel, &SAMPLES).await?;
    Ok(Json(TestedJson::of(&channel, &tried)))
}

/// Send failed notifications again
#[utoipa::path(post, path = "/api/v1/channels/{name}/resend", operation_id = "resend_channel", tag = "channels", params(("name" = String, Path, description = "Channel name")), responses(
    (status = 200, body = ResentJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn send_again(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Result<Json<ResentJson>, WebError> {
    let channel = find(&site, &name).await?;
    let requeued = resend(&site, &visitor, &channel).await?;
    Ok(Json(ResentJson { channel: called(&channel), requeued }))
}
