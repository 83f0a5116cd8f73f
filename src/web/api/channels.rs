//! `/api/v1/channels`: notification channels.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::shape::{Answer, AsRead, Asked, EditorAccess, List, Paging, Routes, Sent, ViewerAccess, created, texts_of};
use crate::config::channel::{FIELDS, added, changed};
use crate::config::{Problem as FieldProblem, Problems, Texts};
use crate::model::{Channel, ChannelId, ChannelKind, ChannelSpec, Invalid};
use crate::settings::trial::SAMPLES;
use crate::settings::{ChangeError, ChannelJson, ChannelKindJson, ResentJson, TestedJson};
use crate::store::ChannelQueue;
use crate::web::channels::{check_open, find, find_to_remove, resend, test};
use crate::web::error::WebError;
use crate::web::site::Site;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list_channels))
        .routes(routes!(list_channel_kinds))
        .routes(routes!(show_channel, put_channel, change_channel, remove_channel))
        .routes(routes!(enable_channel))
        .routes(routes!(disable_channel))
        .routes(routes!(test_channel))
        .routes(routes!(resend_channel))
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
        let problems =
            misplaced.map(|key| FieldProblem::of(key.as_str(), Invalid::unquoted("belongs next to `fields`, not inside it"))).collect();
        Problems::or(problems, ())?;
        let (enabled, at_once) = (self.enabled.map(|enabled| enabled.to_string()), self.at_once.map(|number| number.to_string()));
        let texts = texts_of(&self.fields)
            .with("kind", self.kind.as_deref())
            .with("enabled", enabled.as_deref())
            .with("severity", self.severity.as_deref())
            .with("projects", self.projects.as_ref().map(|names| names.join(",")).as_deref())
            .with("at_once", at_once.as_deref())
            .with("title", self.title.as_deref())
            .with("body", self.body.as_deref());
        let Some(kind) = whole else { return Ok(texts) };
        let may_change = FIELDS.iter().filter(|field| !["name", "kind", "enabled"].contains(&field.key));
        Ok(texts.as_whole(may_change.chain(kind.fields())))
    }
}

/// List channel kinds
#[utoipa::path(get, path = "/api/v1/channels/kinds", tag = "channels", responses((status = 200, body = List<ChannelKindJson>)))]
async fn list_channel_kinds(_site: ViewerAccess) -> Json<List<ChannelKindJson>> {
    Json(List::whole(ChannelKind::ALL.map(ChannelKindJson::of).into()))
}

/// List channels: named channels in order of their names, then the webhooks of apps
#[utoipa::path(get, path = "/api/v1/channels", tag = "channels", params(Paging), responses((status = 200, body = List<ChannelJson>)))]
async fn list_channels(site: ViewerAccess, Asked(paging): Asked<Paging>) -> Answer<List<ChannelJson>> {
    let limit = paging.limit()?;
    let channels = site.web.store.channels().await?;
    let queues: HashMap<ChannelId, ChannelQueue> = site.web.store.queues().await?.into_iter().collect();
    let last = paging.after_as(|after| channels.iter().position(|channel| channel.called() == after))?;
    let from = last.map_or(0, |last| last + 1);
    let shown = &channels[from..channels.len().min(from + limit)];
    let next = shown.last().filter(|_| from + limit < channels.len()).map(Channel::called);
    let views = shown.iter().map(|channel| ChannelJson::of(channel, queues.get(&channel.id).copied().unwrap_or_default()));
    Ok(Json(List { items: views.collect(), next }))
}

/// Show a channel
#[utoipa::path(get, path = "/api/v1/channels/{name}", tag = "channels",
    params(("name" = String, Path, description = "Channel name; the webhooks of an app are named `webhooks of PROJECT`")),
    responses((status = 200, body = ChannelJson)))]
async fn show_channel(site: ViewerAccess, Path(name): Path<String>) -> Answer<ChannelJson> {
    Ok(Json(named(&site, &name).await?))
}

/// Add a channel, or replace all its settings
///
/// Settings that are not named get their defaults. Secrets are kept.
#[utoipa::path(put, path = "/api/v1/channels/{name}", tag = "channels", params(AsRead), request_body = ChannelChange,
    responses((status = 200, body = ChannelJson), (status = 201, body = ChannelJson)))]
async fn put_channel(
    access: EditorAccess,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(desired): Sent<ChannelChange>,
) -> Result<Response, WebError> {
    let known = match find(&access, &name).await {
        Ok(channel) => Some(channel),
        Err(WebError::NotFound(_)) => None,
        Err(other) => return Err(other),
    };
    let shown = match &known {
        Some(channel) => Some(view(&access, channel).await?),
        None => None,
    };
    as_read.check(&shown)?;
    let service = as_read.settings_service(&access);
    if let Some(channel) = &known {
        check_open(channel)?;
        let texts = desired.texts(Some(channel.spec.kind))?;
        service.change(&name, |known: &ChannelSpec| changed(known, &texts, access.origin()).map_err(ChangeError::from)).await?;
    } else {
        service.add(added(&desired.texts(None)?.with("name", Some(&name)), access.origin())?).await?;
    }
    let view = named(&access, &name).await?;
    Ok(if known.is_none() { created(view) } else { Json(view).into_response() })
}

/// Change some settings of a channel
#[utoipa::path(patch, path = "/api/v1/channels/{name}", tag = "channels", params(AsRead), request_body = ChannelChange,
    responses((status = 200, body = ChannelJson)))]
async fn change_channel(
    access: EditorAccess,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(desired): Sent<ChannelChange>,
) -> Answer<ChannelJson> {
    let channel = find(&access, &name).await?;
    as_read.check(&view(&access, &channel).await?)?;
    check_open(&channel)?;
    let texts = desired.texts(None)?;
    let desired = |known: &ChannelSpec| changed(known, &texts, access.origin()).map_err(ChangeError::from);
    as_read.settings_service(&access).change(&name, desired).await?;
    Ok(Json(named(&access, &name).await?))
}

/// Remove a channel and its queued notifications
#[utoipa::path(delete, path = "/api/v1/channels/{name}", tag = "channels", params(AsRead), responses((status = 204)))]
async fn remove_channel(access: EditorAccess, Path(name): Path<String>, as_read: AsRead) -> Result<StatusCode, WebError> {
    // `If-Match` needs the full channel. Without it, a channel whose secrets cannot be decrypted can still be removed.
    let channel = if as_read.is_asked() { find(&access, &name).await? } else { find_to_remove(&access, &name).await? };
    as_read.check(&view(&access, &channel).await?)?;
    check_open(&channel)?;
    as_read.settings_service(&access).remove::<ChannelSpec>(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn switch(access: &EditorAccess, name: &str, enabled: bool) -> Answer<ChannelJson> {
    check_open(&find(access, name).await?)?;
    access.settings_service().change::<ChannelSpec>(name, |known| Ok(ChannelSpec { enabled, ..known.clone() })).await?;
    Ok(Json(named(access, name).await?))
}

/// Enable a channel
#[utoipa::path(post, path = "/api/v1/channels/{name}/enable", tag = "channels", responses((status = 200, body = ChannelJson)))]
async fn enable_channel(access: EditorAccess, Path(name): Path<String>) -> Answer<ChannelJson> {
    switch(&access, &name, true).await
}

/// Disable a channel; its queued notifications wait
#[utoipa::path(post, path = "/api/v1/channels/{name}/disable", tag = "channels", responses((status = 200, body = ChannelJson)))]
async fn disable_channel(access: EditorAccess, Path(name): Path<String>) -> Answer<ChannelJson> {
    switch(&access, &name, false).await
}

/// Send test notifications to a channel
#[utoipa::path(post, path = "/api/v1/channels/{name}/test", tag = "channels",
    params(("name" = String, Path, description = "Channel name; the channel can be disabled")), responses((status = 200, body = TestedJson)))]
async fn test_channel(access: EditorAccess, Path(name): Path<String>) -> Answer<TestedJson> {
    let channel = find(&access, &name).await?;
    let tried = test(&access, &channel, &SAMPLES).await?;
    Ok(Json(TestedJson::of(&channel, &tried)))
}

/// Send failed notifications again
#[utoipa::path(post, path = "/api/v1/channels/{name}/resend", tag = "channels", responses((status = 200, body = ResentJson)))]
async fn resend_channel(access: EditorAccess, Path(name): Path<String>) -> Answer<ResentJson> {
    let channel = find(&access, &name).await?;
    let requeued = resend(&access, &access.visitor.0, &channel).await?;
    Ok(Json(ResentJson { channel: channel.called(), requeued }))
}
