//! Removing a channel.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

use super::badge::Badge;
use crate::model::{Channel, ChannelSpec};
use crate::web::channels::{check_open, find_to_remove};
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place};
use crate::web::pages::confirm::Confirm;
use crate::web::pages::entity::removed;
use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/channels/{name}/remove", get(ask).post(remove))
}

async fn ask(Editing { site, layout, .. }: Editing, Path(name): Path<String>) -> Answer {
    let channel = find_to_remove(&site, &name).await?;
    draw_ask(&site, layout, &channel, None).await
}

/// `encrypted` says why the secrets cannot be decrypted, so that removal is the only possible action.
pub(super) async fn draw_ask(site: &Site, layout: Layout, channel: &Channel, encrypted: Option<String>) -> Answer {
    check_open(channel)?;
    let badge = Badge::of(channel, layout.now);
    let queued = match site.web.store.queue_of(channel.id).await?.queued {
        0 => String::new(),
        1 => ", and so is 1 queued notification".to_owned(),
        many => format!(", and so are {many} queued notifications"),
    };
    // Alerts can be resolved only with readable secrets.
    let keeps_alerts = channel.spec.kind.keeps_state() && encrypted.is_none();
    let alerts = if keeps_alerts { " Alerts that it keeps open are resolved first." } else { "" };
    let layout = layout.titled(Place::Channels, "Remove").below([("Channels", "/channels"), (&badge.name, &badge.address)]);
    let deleted = format!(
        "It receives no more notifications. Its settings and secrets are deleted{queued}. Its past notifications are kept.{alerts}"
    );
    let mut asked = Confirm::removal(layout, format!("channel {}", badge.name), deleted, badge.address.clone());
    asked.says.push("To pause it, disable it instead: its settings are kept.".to_owned());
    asked.action = format!("{}/remove", badge.address);
    asked.alert = encrypted;
    asked.page()
}

async fn remove(editing: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    check_open(&find_to_remove(&editing.site, &name).await?)?;
    removed::<ChannelSpec>(&editing, &name, "/channels").await
}
