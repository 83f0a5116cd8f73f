//! Adding, changing, enabling and disabling a channel.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::draft::Draft;
use super::one::{self, One};
use crate::config::Texts;
use crate::config::channel::{added, changed, is_open_to_pages, kind_named};
use crate::model::{ChannelKind, ChannelSpec};
use crate::settings::{ChangeError, SettingsService};
use crate::web::channels::{address, check_open, closed_kind, find};
use crate::web::code::marked;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, form_again, page};
use crate::web::pages::submitted::{checked, offered, problems_of_new, saved};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/channels/new", get(new).post(add))
        .route("/channels/new/check", post(check_new))
        .route("/channels/{name}", post(save))
        .route("/channels/{name}/check", post(check))
        .route("/channels/{name}/enable", post(enable))
        .route("/channels/{name}/disable", post(disable))
}

#[derive(Template)]
#[template(path = "channel_kinds.html")]
struct Kinds {
    layout: Layout,
    open: Vec<ChannelKind>,
    /// Kinds that cannot be set up on a page, with the reason as HTML.
    closed: Vec<(ChannelKind, String)>,
}

#[derive(Template)]
#[template(path = "channel_new.html")]
struct New {
    layout: Layout,
    kind: ChannelKind,
    draft: Draft,
}

impl New {
    fn framed(layout: Layout, kind: ChannelKind, draft: Draft) -> Self {
        let above = [("Channels", "/channels"), ("New channel", "/channels/new")];
        Self { layout: layout.titled(Place::Channels, kind.title()).below(above), kind, draft }
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    kind: Option<String>,
}

async fn new(Editing { site, layout, .. }: Editing, Query(asked): Query<Asked>) -> Answer {
    let Some(kind) = asked.kind else {
        let (open, closed): (Vec<_>, Vec<_>) = ChannelKind::ALL.into_iter().partition(|kind| is_open_to_pages(*kind));
        let closed = closed.into_iter().map(|kind| (kind, marked(&closed_kind(kind)))).collect();
        let layout = layout.titled(Place::Channels, "New channel").below([("Channels", "/channels")]);
        return page(&Kinds { layout, open, closed });
    };
    let kind = open_kind(&kind)?;
    page(&New::framed(layout, kind, Draft::new(kind).offering(offered(&site).await?)))
}

fn open_kind(name: &str) -> Result<ChannelKind, WebError> {
    let kind = kind_named(name).map_err(|problem| WebError::NotFound(problem.to_string()))?;
    if is_open_to_pages(kind) { Ok(kind) } else { Err(WebError::Conflict(closed_kind(kind))) }
}

fn texts(draft: &Draft, kind: ChannelKind, form: &Filled) -> Texts {
    draft.form.texts(form).with("kind", Some(kind.name()))
}

async fn add(Editing { site, layout, visitor }: Editing, form: Filled) -> Answer {
    let kind = open_kind(form.text("kind"))?;
    let draft = Draft::new(kind).offering(offered(&site).await?);
    let read = added(&texts(&draft, kind, &form), site.origin());
    if form.has("try") {
        return page(&New::framed(layout, kind, draft.tried(&form, read.err().into_iter().flatten(), site.now())));
    }
    let added = match read {
        Ok(spec) => visitor.settings_service(&site).add(spec).await,
        Err(problems) => Err(problems.into()),
    };
    match added {
        Ok(done) => {
            let name = done.now.name.as_str();
            Ok(go_on(&site, &address(name), &format!("Channel {name} is added. Send a test to check that it delivers.")))
        }
        Err(error) => form_again(&New::framed(layout, kind, draft.filled(&form, &problems_of_new(error)?))),
    }
}

async fn check_new(State(site): State<Arc<Site>>, _writer: Writer, form: Filled) -> Answer {
    let kind = open_kind(form.text("kind"))?;
    Ok(checked(added(&texts(&Draft::new(kind), kind, &form), site.origin()).err().into_iter().flatten()))
}

async fn save(Editing { site, layout, visitor }: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let channel = find(&site, &name).await?;
    check_open(&channel)?;
    let draft = Draft::of(&site.web.store, &channel.spec);
    let texts = draft.form.texts(&form);
    if form.has("try") {
        let problems = changed(&channel.spec, &texts, site.origin()).err().into_iter().flatten();
        let draft = draft.tried(&form, problems, site.now());
        return one::draw(&site, layout, &channel, One { draft, ..One::default() }).await;
    }
    let desired = |stored: &ChannelSpec| changed(stored, &texts, site.origin()).map_err(ChangeError::from);
    let settings_service = SettingsService { version: draft.form.submitted_version(&form), ..visitor.settings_service(&site) };
    match settings_service.change(&name, desired).await {
        Ok(done) => Ok(saved(&site, &address(&name), &done, "Saved.")),
        Err(error) => {
            let channel = find(&site, &name).await?;
            let (status, draft) = Draft::of(&site.web.store, &channel.spec).again(&form, error)?;
            one::draw(&site, layout, &channel, One { draft, status, ..One::default() }).await
        }
    }
}

async fn check(State(site): State<Arc<Site>>, _writer: Writer, Path(name): Path<String>, form: Filled) -> Answer {
    let channel = find(&site, &name).await?;
    let texts = Draft::of(&site.web.store, &channel.spec).form.texts(&form);
    Ok(checked(changed(&channel.spec, &texts, site.origin()).err().into_iter().flatten()))
}

async fn enable(editing: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    switch(editing, &name, true).await
}

async fn disable(editing: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    switch(editing, &name, false).await
}

async fn switch(editing: Editing, name: &str, enabled: bool) -> Answer {
    let channel = find(&editing.site, name).await?;
    check_open(&channel)?;
    let switched = |stored: &ChannelSpec| Ok(ChannelSpec { enabled, ..stored.clone() });
    editing.settings_service().change::<ChannelSpec>(name, switched).await?;
    let words = match (enabled, channel.spec.kind.keeps_state()) {
        (true, _) => "Enabled. Notifications are sent to this channel.",
        (false, false) => "Disabled. Queued notifications wait.",
        (false, true) => "Disabled. Alerts that it keeps open are resolved; nothing else is sent.",
    };
    Ok(go_on(&editing.site, &address(name), words))
}
