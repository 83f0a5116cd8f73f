//! One channel: its state, settings, test and latest notifications.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::badge::Badge;
use super::draft::Draft;
use super::remove::draw_ask;
use crate::message::sentence;
use crate::model::{Channel, Delivery};
use crate::settings::trial::SAMPLES;
use crate::store::{ChannelQueue, NotificationFilter, StoreError};
use crate::web::channels::{address, anew, closed, find, find_to_remove, resend, test};
use crate::web::code::marked;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, drawn};
use crate::web::pages::notifications::Sent;
use crate::web::pages::submitted::offered;
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

const LAST: u32 = 10;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/channels/{name}", get(show))
        .route("/channels/{name}/test", post(try_it))
        .route("/channels/{name}/resend", post(send_again))
}

pub(super) struct One {
    pub(super) draft: Draft,
    pub(super) status: StatusCode,
    pub(super) answers: Vec<TestAnswer>,
    /// Whether the test made the channel deliver again, as a sentence; empty: no.
    pub(super) revived: String,
}

impl Default for One {
    fn default() -> Self {
        Self { draft: Draft::default(), status: StatusCode::OK, answers: Vec::new(), revived: String::new() }
    }
}

pub(super) struct TestAnswer {
    pub(super) kind: &'static str,
    pub(super) is_accepted: bool,
    pub(super) says: String,
    /// Whether a retry can succeed.
    pub(super) will_retry: bool,
}

#[derive(Template)]
#[template(path = "channel.html")]
struct Page {
    layout: Layout,
    badge: Badge,
    draft: Draft,
    /// Why it cannot be changed on a page, as HTML.
    closed: Option<String>,
    retried: bool,
    queues: ChannelQueue,
    answers: Vec<TestAnswer>,
    revived: String,
    last: Vec<Sent>,
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(name): Path<String>) -> Answer {
    let channel = match find(&site, &name).await {
        // Its secrets cannot be decrypted: it can only be removed.
        Err(WebError::Store(StoreError::Seal(encrypted))) if layout.may_write() => {
            return draw_ask(&site, layout, &find_to_remove(&site, &name).await?, Some(encrypted.to_string())).await;
        }
        found => found?,
    };
    let draft = Draft::of(&site.web.store, &channel.spec);
    draw(&site, layout, &channel, One { draft, ..One::default() }).await
}

pub(super) async fn draw(site: &Site, layout: Layout, channel: &Channel, one: One) -> Answer {
    let store = &*site.web.store;
    let badge = Badge::of(channel, layout.now);
    let which = NotificationFilter { channel: Some(channel.id), at_most: LAST, ..NotificationFilter::default() };
    let now = layout.now;
    let last = store
        .notifications(&which)
        .await?
        .into_iter()
        .map(|notification| Sent::of(notification, std::slice::from_ref(channel), now))
        .collect();
    let shown = Page {
        layout: layout.titled(Place::Channels, badge.name.clone()).below([("Channels", "/channels")]).live(None),
        badge,
        draft: one.draft.offering(offered(site).await?),
        closed: closed(channel).map(|why| marked(&why)),
        retried: channel.stopped.as_ref().is_some_and(|stopped| stopped.retried),
        queues: site.web.store.queue_of(channel.id).await?,
        answers: one.answers,
        revived: one.revived,
        last,
    };
    Ok(drawn(one.status, &shown))
}

async fn try_it(Editing { site, layout, .. }: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    let channel = find(&site, &name).await?;
    let tried = test(&site, &channel, &SAMPLES).await?;
    let answers = tried.deliveries.into_iter().map(|(kind, delivery)| {
        let (is_accepted, says, will_retry) = match delivery {
            Delivery::Accepted(says) => (true, says, false),
            Delivery::TryAgain { words, .. } | Delivery::Partly { words } => (false, words, true),
            Delivery::Unfit { words } | Delivery::Rejected { words } => (false, words, false),
        };
        TestAnswer { kind: kind.name(), is_accepted, says, will_retry }
    });
    let answers = answers.collect();
    let revived = tried.requeued.map(|count| format!("The channel delivers again; {}.", anew(count))).unwrap_or_default();
    // The test may have changed its state.
    let channel = find(&site, &name).await?;
    let draft = Draft::of(&site.web.store, &channel.spec);
    draw(&site, layout, &channel, One { draft, answers, revived, ..One::default() }).await
}

async fn send_again(State(site): State<Arc<Site>>, Writer(visitor): Writer, Path(name): Path<String>, _form: Filled) -> Answer {
    let channel = find(&site, &name).await?;
    let count = resend(&site, &visitor, &channel).await?;
    let waits = if channel.spec.enabled { "" } else { " The channel is disabled: nothing is sent until you enable it." };
    Ok(go_on(&site, &address(&name), &format!("{}{waits}", sentence(&anew(count)))))
}
