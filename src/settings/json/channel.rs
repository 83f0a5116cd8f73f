//! Channels, their kinds and the results of tests as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::FieldJson;
use crate::config::channel::{is_open_to_pages, shown};
use crate::model::{Channel, ChannelKind, Delivery, Field, NotificationKind};
use crate::settings::trial::Tried;
use crate::store::ChannelQueue;

/// A kind of channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChannelKindJson {
    /// Name in settings.
    pub name: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
    /// Whether the page and the API can create such a channel. Others need the command line or a settings file.
    pub open: bool,
    /// Fields in display order.
    pub fields: Vec<FieldJson>,
}

impl ChannelKindJson {
    #[must_use]
    pub fn of(kind: ChannelKind) -> Self {
        let fields = kind.fields().iter().map(FieldJson::of).collect();
        Self { name: kind.name(), description: kind.description(), open: is_open_to_pages(kind), fields }
    }
}

/// Whether a channel delivers: `delivering`, `not_delivering`, `never_used` or `disabled`.
#[must_use]
pub const fn channel_state(channel: &Channel) -> &'static str {
    match channel {
        Channel { spec, .. } if !spec.enabled => "disabled",
        Channel { stopped: Some(_), .. } => "not_delivering",
        Channel { last_accepted: None, .. } => "never_used",
        _ => "delivering",
    }
}

/// A channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChannelJson {
    /// Name of the channel. The webhooks of an app are named `webhooks of PROJECT`.
    pub name: String,
    /// Kind of the channel.
    pub kind: &'static str,
    /// Whether the channel belongs to an app and follows its settings.
    pub of_app: bool,
    /// Whether notifications are sent to the channel.
    pub enabled: bool,
    /// `delivering`, `not_delivering`, `never_used` or `disabled`.
    pub state: &'static str,
    /// Projects whose notifications are sent; empty for all.
    pub projects: Vec<String>,
    /// Minimum severity: `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// More messages than this in a minute become one digest.
    pub at_once: u16,
    /// Template for the title; null for the default.
    pub title: Option<String>,
    /// Template for the text; null for the default.
    pub body: Option<String>,
    /// Fields of its kind that are not secret; null if not set.
    pub fields: BTreeMap<&'static str, Option<String>>,
    /// Secrets, redacted (`https://host/***`); null if not set.
    pub secrets: BTreeMap<&'static str, Option<String>>,
    /// Since when the channel does not deliver (UTC); null if it delivers.
    pub stopped_since: Option<String>,
    /// The answer of the receiver at that time.
    pub stopped_words: Option<String>,
    /// When the receiver last accepted a message (UTC).
    pub last_accepted: Option<String>,
    /// Number of queued notifications.
    pub queued: u64,
    /// Number of failed notifications.
    pub failed: u64,
}

impl ChannelJson {
    #[must_use]
    pub fn of(channel: &Channel, queues: ChannelQueue) -> Self {
        let spec = &channel.spec;
        let of = |secret: bool| {
            let fields = spec.kind.fields().iter().filter(move |field: &&Field| field.secret == secret);
            fields.map(|field| (field.key, shown(spec, field))).collect()
        };
        Self {
            name: channel.called(),
            kind: spec.kind.name(),
            of_app: channel.of_app.is_some(),
            enabled: spec.enabled,
            state: channel_state(channel),
            projects: spec.projects.to_texts(),
            severity: spec.least.name(),
            at_once: spec.at_once,
            title: spec.title.clone(),
            body: spec.body.clone(),
            fields: of(false),
            secrets: of(true),
            stopped_since: channel.stopped.as_ref().map(|stopped| stopped.at.to_string()),
            stopped_words: channel.stopped.as_ref().map(|stopped| stopped.words.clone()),
            last_accepted: channel.last_accepted.map(|at| at.to_string()),
            queued: queues.queued,
            failed: queues.failed,
        }
    }
}

/// The receiver's answer to a sample message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryJson {
    /// `opened`, `reminder` or `resolved`.
    pub kind: &'static str,
    /// Whether the receiver accepted the message.
    pub accepted: bool,
    /// The receiver's answer.
    pub says: String,
    /// Whether a retry can help.
    pub will_retry: bool,
}

impl DeliveryJson {
    #[must_use]
    pub fn of(kind: NotificationKind, delivery: &Delivery) -> Self {
        let kind = kind.name();
        match delivery.clone() {
            Delivery::Accepted(says) => Self { kind, accepted: true, says, will_retry: false },
            Delivery::TryAgain { words, .. } | Delivery::Partly { words } => Self { kind, accepted: false, says: words, will_retry: true },
            Delivery::Unfit { words } | Delivery::Rejected { words } => Self { kind, accepted: false, says: words, will_retry: false },
        }
    }
}

/// The result of a channel test.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestedJson {
    /// Name of the channel.
    pub channel: String,
    /// Answers in the order in which the samples were sent.
    pub deliveries: Vec<DeliveryJson>,
    /// Number of notifications that are queued again after a stopped channel accepted all samples; null if it was not resumed.
    pub requeued: Option<u64>,
}

impl TestedJson {
    #[must_use]
    pub fn of(channel: &Channel, tried: &Tried) -> Self {
        let deliveries = tried.deliveries.iter().map(|(kind, delivery)| DeliveryJson::of(*kind, delivery)).collect();
        Self { channel: channel.called(), deliveries, requeued: tried.requeued }
    }
}

/// Notifications that are sent again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ResentJson {
    /// Name of the channel.
    pub channel: String,
    /// Number of notifications that are queued again.
    pub requeued: u64,
}
