//! The list of channels.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::badge::Badge;
use crate::model::{Channel, ChannelId};
use crate::store::ChannelQueue;
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::site::Site;

const ROWS: usize = 50;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/channels", get(list))
}

struct Row {
    badge: Badge,
    queues: ChannelQueue,
    is_of_app: bool,
}

#[derive(Template)]
#[template(path = "channels.html")]
struct Page {
    layout: Layout,
    search: String,
    total: usize,
    found: usize,
    rows: Vec<Row>,
    /// Number of channels before this page.
    from: usize,
    next: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    from: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(asked): Query<Asked>) -> Answer {
    let store = &*site.web.store;
    // A channel whose secrets cannot be decrypted is listed as well, so that it can be removed.
    let channels = store.channels_without_secrets().await?;
    let queues: HashMap<ChannelId, ChannelQueue> = store.queues().await?.into_iter().collect();
    let search = asked.q.trim().to_lowercase();
    let fits =
        |channel: &&Channel| channel.spec.name.as_str().to_lowercase().contains(&search) || channel.spec.kind.name().contains(&search);
    let found: Vec<&Channel> = channels.iter().filter(fits).collect();
    let from = asked.from.and_then(|from| from.parse::<usize>().ok()).unwrap_or(0).min(found.len());
    let shown = found.iter().skip(from).take(ROWS);
    let rows = shown.map(|channel| Row {
        badge: Badge::of(channel, layout.now),
        queues: queues.get(&channel.id).copied().unwrap_or_default(),
        is_of_app: channel.of_app.is_some(),
    });
    let rows: Vec<Row> = rows.collect();
    let (total, found) = (channels.len(), found.len());
    let next = Some(from + rows.len()).filter(|next| *next < found);
    let layout = layout.titled(Place::Channels, "Channels").live(None);
    page(&Page { layout, search: asked.q, total, found, rows, from, next })
}
