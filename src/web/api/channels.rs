//! `/api/v1/channels`: where notices go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{AsRead, Asked, List, Paging, Sent, created};
use crate::edit::channel::{FIELDS, added, called, changed, shown};
use crate::edit::trial::SAMPLES;
use crate::edit::{Door, EditError, Problems, Texts};
use crate::model::{Channel, ChannelId, ChannelKind, ChannelSpec, Delivery, Field, Takes};
use crate::store::Owing;
use crate::web::channels::{check_open, find, find_to_remove, owing, resend, state, test};
use crate::web::site::Site;
use crate::web::trouble::Trouble;
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

/// A kind of channel.
#[derive(Debug, Serialize, ToSchema)]
struct KindView {
    name: &'static str,
    description: &'static str,
    /// Whether such a channel can be set up from here.
    open: bool,
    fields: Vec<FieldView>,
}

/// What there is to know of a field.
#[derive(Debug, Serialize, ToSchema)]
struct FieldView {
    key: &'static str,
    hint: &'static str,
    /// What it is when nothing is set; empty for nothing.
    default: &'static str,
    required: bool,
    /// Whether it goes in and never comes out.
    secret: bool,
    /// What to choose from; empty where any text will do.
    choices: &'static [&'static str],
}

impl FieldView {
    fn of(field: &Field) -> Self {
        let Field { key, hint, default, required, secret, takes } = *field;
        let choices = if let Takes::OneOf(choices) = takes { choices } else { &[] };
        Self { key, hint, default, required, secret, choices }
    }
}

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelView {
    name: String,
    kind: &'static str,
    /// Whether it is the webhooks of an app, which come and go with its settings.
    of_app: bool,
    enabled: bool,
    /// `delivering`, `stopped` or `disabled`.
    state: &'static str,
    /// It tells of these projects alone; of all when empty.
    projects: Vec<String>,
    /// From which severity on.
    severity: &'static str,
    /// More messages than this at once become one digest.
    at_once: u16,
    title: Option<String>,
    body: Option<String>,
    /// Each field of its kind that is no secret; null where nothing is set.
    fields: BTreeMap<&'static str, Option<String>>,
    /// Each secret, as it may be shown (`https://host/***`); null where it is not set.
    secrets: BTreeMap<&'static str, Option<String>>,
    stopped_since: Option<String>,
    /// What came back then.
    stopped_words: Option<String>,
    last_taken: Option<String>,
    owed: u64,
    dead: u64,
}

impl ChannelView {
    fn of(channel: &Channel, owing: Owing) -> Self {
        let spec = &channel.spec;
        let of = |secret: bool| {
            let fields = spec.kind.fields().iter().filter(move |field| field.secret == secret);
            fields.map(|field| (field.key, shown(spec, field))).collect()
        };
        Self {
            name: called(channel),
            kind: spec.kind.name(),
            of_app: channel.of_app.is_some(),
            enabled: spec.enabled,
            state: state(channel),
            projects: spec.projects.iter().map(ToString::to_string).collect(),
            severity: spec.least.name(),
            at_once: spec.at_once,
            title: spec.title.clone(),
            body: spec.body.clone(),
            fields: of(false),
            secrets: of(true),
            stopped_since: channel.stopped.as_ref().map(|stopped| stopped.at.to_string()),
            stopped_words: channel.stopped.as_ref().map(|stopped| stopped.words.clone()),
            last_taken: channel.last_taken.map(|at| at.to_string()),
            owed: owing.owed,
            dead: owing.dead,
        }
    }

    async fn named(site: &Site, name: &str) -> Result<Self, Trouble> {
        let channel = find(site, name).await?;
        Ok(Self::of(&channel, owing(site, &channel).await?))
    }
}

/// What is to become of a channel.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelChange {
    /// What it is; needed to add one, and never changed.
    kind: Option<String>,
    enabled: Option<bool>,
    /// `info`, `warning` or `critical`.
    severity: Option<String>,
    /// Empty for all.
    projects: Option<Vec<String>>,
    #[schema(minimum = 1, maximum = 65535)]
    at_once: Option<u32>,
    /// A template in place of the title; empty for ours.
    title: Option<String>,
    /// A template in place of the text; empty for ours.
    body: Option<String>,
    /// Fields of its kind; null takes away what one holds.
    #[serde(default)]
    fields: BTreeMap<String, Option<String>>,
}

impl ChannelChange {
    /// What it says. Where it is the whole of the channel, what it does not name is as usual; secrets stay.
    fn texts(&self, whole: Option<ChannelKind>) -> Result<Texts, Problems> {
        let strangers = self.fields.keys().filter(|key| FIELDS.iter().any(|field| field.key == key.as_str()));
        let problems = strangers.map(|key| crate::edit::Problem::of(key.as_str(), "stands beside `fields`, not among them")).collect();
        Problems::or(problems, ())?;
        let mut texts = Texts::default();
        if let Some(kind) = whole {
            for key in ["severity", "projects", "at_once", "title", "body"] {
                texts.put(key, "");
            }
            let plain = kind.fields().iter().filter(|field| !field.secret && !self.fields.contains_key(field.key));
            plain.for_each(|field| texts.put(field.key, ""));
        }
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
        Ok(texts)
    }
}

/// The kinds of channels
#[utoipa::path(get, path = "/api/v1/channels/kinds", operation_id = "list_channel_kinds", tag = "channels", responses(
    (status = 200, body = List<KindView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list_kinds(_visitor: Visitor) -> Json<List<KindView>> {
    let kinds = ChannelKind::ALL.into_iter().map(|kind| KindView {
        name: kind.name(),
        description: kind.description(),
        open: Door::Page.takes(kind),
        fields: kind.fields().iter().map(FieldView::of).collect(),
    });
    Json(List::whole(kinds.collect()))
}

/// The channels: those of people by name, then the webhooks of apps
#[utoipa::path(get, path = "/api/v1/channels", operation_id = "list_channels", tag = "channels", params(Paging), responses(
    (status = 200, body = List<ChannelView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(_visitor: Visitor, State(site): State<Arc<Site>>, Asked(paging): Asked<Paging>) -> Result<Json<List<ChannelView>>, Trouble> {
    let limit = paging.limit()?;
    let channels = site.web.store.channels().await?;
    let owing: HashMap<ChannelId, Owing> = site.web.store.owing().await?.into_iter().collect();
    let from = match paging.after() {
        None => 0,
        Some(after) => {
            let last = channels.iter().position(|channel| called(channel) == after);
            last.ok_or_else(|| Trouble::unfit("after", "is not a `next` that this list gave"))? + 1
        }
    };
    let shown = &channels[from..channels.len().min(from + limit)];
    let next = shown.last().filter(|_| from + limit < channels.len()).map(called);
    let views = shown.iter().map(|channel| ChannelView::of(channel, owing.get(&channel.id).copied().unwrap_or_default()));
    Ok(Json(List { items: views.collect(), next }))
}

/// One channel
#[utoipa::path(get, path = "/api/v1/channels/{name}", operation_id = "show_channel", tag = "channels", params(("name" = String, Path, description = "The channel; the webhooks of an app are called `webhooks of PROJECT`")), responses(
    (status = 200, body = ChannelView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(_visitor: Visitor, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ChannelView>, Trouble> {
    Ok(Json(ChannelView::named(&site, &name).await?))
}

/// Add a channel, or set all of one
///
/// What is not named is as usual afterwards; secrets stay.
#[utoipa::path(put, path = "/api/v1/channels/{name}", operation_id = "put_channel", tag = "channels", params(("name" = String, Path, description = "The channel"), AsRead), request_body = ChannelChange, responses(
    (status = 200, body = ChannelView), (status = 201, body = ChannelView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn put(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(wanted): Sent<ChannelChange>,
) -> Result<Response, Trouble> {
    let known = match find(&site, &name).await {
        Ok(channel) => Some(channel),
        Err(Trouble::NotFound(_)) => None,
        Err(other) => return Err(other),
    };
    let view = match &known {
        Some(channel) => Some(ChannelView::of(channel, owing(&site, channel).await?)),
        None => None,
    };
    as_read.check(&view)?;
    let desk = as_read.desk(&site, &visitor);
    if let Some(channel) = &known {
        check_open(channel)?;
        let texts = wanted.texts(Some(channel.spec.kind))?;
        let wanted = |known: &ChannelSpec| changed(known, &texts, Door::Page).map_err(EditError::from);
        desk.change(&name, wanted).await?;
    } else {
        let texts = wanted.texts(None)?.with("name", Some(&name));
        desk.add(added(&texts, Door::Page)?).await?;
    }
    let view = ChannelView::named(&site, &name).await?;
    Ok(if known.is_none() { created(view) } else { Json(view).into_response() })
}

/// Change some of a channel
#[utoipa::path(patch, path = "/api/v1/channels/{name}", operation_id = "change_channel", tag = "channels", params(("name" = String, Path, description = "The channel"), AsRead), request_body = ChannelChange, responses(
    (status = 200, body = ChannelView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn change(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
    Sent(wanted): Sent<ChannelChange>,
) -> Result<Json<ChannelView>, Trouble> {
    let channel = find(&site, &name).await?;
    as_read.check(&ChannelView::of(&channel, owing(&site, &channel).await?))?;
    check_open(&channel)?;
    let texts = wanted.texts(None)?;
    let wanted = |known: &ChannelSpec| changed(known, &texts, Door::Page).map_err(EditError::from);
    as_read.desk(&site, &visitor).change(&name, wanted).await?;
    Ok(Json(ChannelView::named(&site, &name).await?))
}

/// Remove a channel, with what is owed to it
#[utoipa::path(delete, path = "/api/v1/channels/{name}", operation_id = "remove_channel", tag = "channels", params(("name" = String, Path, description = "The channel"), AsRead), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    Writer(visitor): Writer,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    as_read: AsRead,
) -> Result<StatusCode, Trouble> {
    // What it is compared with is read as it was; one that does not open was never read.
    let channel = if as_read.is_asked() { find(&site, &name).await? } else { find_to_remove(&site, &name).await? };
    as_read.check(&ChannelView::of(&channel, owing(&site, &channel).await?))?;
    check_open(&channel)?;
    as_read.desk(&site, &visitor).remove::<ChannelSpec>(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn switch(site: &Site, visitor: &Visitor, name: &str, enabled: bool) -> Result<Json<ChannelView>, Trouble> {
    check_open(&find(site, name).await?)?;
    site.desk(visitor).change::<ChannelSpec>(name, |known| Ok(ChannelSpec { enabled, ..known.clone() })).await?;
    Ok(Json(ChannelView::named(site, name).await?))
}

/// Let notices go there
#[utoipa::path(post, path = "/api/v1/channels/{name}/enable", operation_id = "enable_channel", tag = "channels", params(("name" = String, Path, description = "The channel")), responses(
    (status = 200, body = ChannelView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn enable(Writer(visitor): Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ChannelView>, Trouble> {
    switch(&site, &visitor, &name, true).await
}

/// Let nothing go there; what is owed waits
#[utoipa::path(post, path = "/api/v1/channels/{name}/disable", operation_id = "disable_channel", tag = "channels", params(("name" = String, Path, description = "The channel")), responses(
    (status = 200, body = ChannelView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn disable(Writer(visitor): Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<ChannelView>, Trouble> {
    switch(&site, &visitor, &name, false).await
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
struct TestView {
    deliveries: Vec<DeliveryView>,
    /// How many notices a channel that was stopped, and took all samples, owes anew; null where it was not revived.
    owed_anew: Option<u64>,
}

/// What the receiver answered to a sample.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryView {
    /// `opened`, `reminder` or `resolved`.
    kind: &'static str,
    taken: bool,
    /// The receiver's answer.
    says: String,
    /// Whether another try can help.
    again: bool,
}

/// Send marked samples to a channel
#[utoipa::path(post, path = "/api/v1/channels/{name}/test", operation_id = "test_channel", tag = "channels", params(("name" = String, Path, description = "The channel; it may be disabled")), responses(
    (status = 200, body = TestView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn try_it(_writer: Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<TestView>, Trouble> {
    let tried = test(&site, &find(&site, &name).await?, &SAMPLES).await?;
    let deliveries = tried.deliveries.into_iter().map(|(kind, delivery)| {
        let kind = kind.name();
        match delivery {
            Delivery::Taken(says) => DeliveryView { kind, taken: true, says, again: false },
            Delivery::TryAgain { words, .. } | Delivery::Partly { words } => DeliveryView { kind, taken: false, says: words, again: true },
            Delivery::Unfit { words } | Delivery::Refused { words } => DeliveryView { kind, taken: false, says: words, again: false },
        }
    });
    Ok(Json(TestView { deliveries: deliveries.collect(), owed_anew: tried.owed_anew }))
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
struct AnewView {
    /// How many notices are owed anew.
    owed_anew: u64,
}

/// Owe what nobody took anew, and deliver again
#[utoipa::path(post, path = "/api/v1/channels/{name}/resend", operation_id = "resend_channel", tag = "channels", params(("name" = String, Path, description = "The channel")), responses(
    (status = 200, body = AnewView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn send_again(Writer(visitor): Writer, State(site): State<Arc<Site>>, Path(name): Path<String>) -> Result<Json<AnewView>, Trouble> {
    let channel = find(&site, &name).await?;
    Ok(Json(AnewView { owed_anew: resend(&site, &visitor, &channel).await? }))
}
