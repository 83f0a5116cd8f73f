//! Removing a channel.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::badge::Badge;
use crate::model::{Channel, ChannelSpec};
use crate::store::ChannelQueue;
use crate::web::channels::{check_open, find_to_remove};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, Place, page};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/channels/{name}/remove", get(ask).post(remove))
}

#[derive(Template)]
#[template(path = "channel_remove.html")]
struct Ask {
    layout: Layout,
    badge: Badge,
    queues: ChannelQueue,
    /// The channel's service keeps alerts open, which removal resolves.
    keeps_alerts: bool,
    /// Why its secrets cannot be decrypted; None: they can.
    encrypted: Option<String>,
}

async fn ask(State(site): State<Arc<Site>>, layout: Layout, _writer: Writer, Path(name): Path<String>) -> Result<Response, WebError> {
    let channel = find_to_remove(&site, &name).await?;
    draw_ask(&site, layout, &channel, None).await
}

/// `encrypted` says why the secrets cannot be decrypted, so that removal is the only possible action.
pub(super) async fn draw_ask(site: &Site, layout: Layout, channel: &Channel, encrypted: Option<String>) -> Result<Response, WebError> {
    check_open(channel)?;
    let (badge, queues, keeps_alerts) = (Badge::of(channel), site.web.store.queue_of(channel.id).await?, channel.spec.kind.keeps_state());
    let above = [("Channels".to_owned(), "/channels".to_owned()), (badge.name.clone(), badge.address.clone())];
    let layout = layout.titled(Place::Channels, "Remove").below(above);
    // Alerts can be resolved only with readable secrets.
    let keeps_alerts = keeps_alerts && encrypted.is_none();
    Ok(page(site, layout.said.is_some(), &Ask { layout, badge, queues, keeps_alerts, encrypted }))
}

async fn remove(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    _form: Filled,
) -> Result<Response, WebError> {
    check_open(&find_to_remove(&site, &name).await?)?;
    visitor.settings_service(&site).remove::<ChannelSpec>(&name).await?;
    Ok(go_on(&site, "/channels", &format!("Channel {name} is removed.")))
}
