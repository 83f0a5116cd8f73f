//! Notifications: queued, sent, failed and superseded.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use uuid::Uuid;

use crate::model::{Channel, IncidentId, Notification, NotificationState, Timestamp};
use crate::report::channel_name;
use crate::store::NotificationFilter;
use crate::web::channels::{address, find};
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::part::cut;
use crate::web::site::Site;
use crate::web::when::When;

const ROWS: usize = 50;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/notifications", get(list))
}

pub(super) struct Sent {
    pub(super) notification: Notification,
    /// Its end; of a queued one, the next try.
    pub(super) when: When,
    pub(super) channel: String,
    /// None: the channel was removed.
    pub(super) address: Option<String>,
}

impl Sent {
    pub(super) fn of(notification: Notification, channels: &[Channel], now: Timestamp) -> Self {
        let channel = channel_name(&notification, channels);
        let is_there = channels.iter().any(|one| one.id == notification.channel && !one.removed);
        let when = When::second(notification.ended.unwrap_or(notification.due), now);
        Self { address: is_there.then(|| address(&channel)), notification, when, channel }
    }

    pub(super) fn state(&self) -> &'static str {
        self.notification.state.name()
    }

    pub(super) fn kind(&self) -> &'static str {
        self.notification.message.kind.name()
    }
}

struct FailedChannel {
    channel: String,
    address: String,
    count: u64,
}

#[derive(Template)]
#[template(path = "notifications.html")]
struct Page {
    layout: Layout,
    channel: String,
    state: String,
    incident: String,
    channels: Vec<String>,
    failed: Vec<FailedChannel>,
    rows: Vec<Sent>,
    /// The next page starts before this notification.
    next: Option<Uuid>,
    before: bool,
}

impl Page {
    fn states(&self) -> impl Iterator<Item = (&'static str, bool)> {
        NotificationState::ALL.into_iter().map(|state| (state.name(), state.name() == self.state))
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    incident: String,
    before: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(asked): Query<Asked>) -> Answer {
    let Asked { channel, state, incident, before } = asked;
    let store = &*site.web.store;
    let channels = store.channels_on_record().await?;
    let chosen = match channel.trim() {
        "" => None,
        name => Some(find(&site, name).await?.id),
    };
    let before = before.and_then(|before| before.parse().ok());
    let which = NotificationFilter {
        channel: chosen,
        incident: incident.trim().parse().ok().map(IncidentId),
        state: NotificationState::ALL.into_iter().find(|one| one.name() == state),
        before,
        at_most: ROWS as u32 + 1,
        ..NotificationFilter::default()
    };
    let mut notifications = store.notifications(&which).await?;
    let next = cut(&mut notifications, ROWS, |notification| notification.id);
    let rows = notifications.into_iter().map(|notification| Sent::of(notification, &channels, layout.now)).collect();
    let failed = store.queues().await?.into_iter().filter(|(id, queues)| queues.failed > 0 && chosen.is_none_or(|chosen| chosen == *id));
    let failed = failed.filter_map(|(id, queues)| {
        let channel = channels.iter().find(|channel| channel.id == id)?.called();
        Some(FailedChannel { address: address(&channel), channel, count: queues.failed })
    });
    let failed = failed.collect();
    let names = channels.iter().filter(|one| one.of_app.is_none() && !one.removed).map(Channel::called).collect::<BTreeSet<_>>();
    let names = names.into_iter().collect();
    let layout = layout.titled(Place::Channels, "Notifications").below([("Channels", "/channels")]).live(None);
    let shown = Page { layout, channel, state, incident, channels: names, failed, rows, next, before: before.is_some() };
    page(&shown)
}
