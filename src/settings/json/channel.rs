//! Channels, for programs: the kinds that there are, each channel with its state, and what came of a test.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::FieldJson;
use crate::config::channel::{called, is_open_to_pages, shown};
use crate::model::{Channel, ChannelKind, Delivery, Field, NotificationKind};
use crate::settings::trial::Tried;
use crate::store::ChannelQueue;

/// A kind of channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChannelKindJson {
    /// As it is written in settings.
    pub name: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
    /// Whether such a channel can be set up by page and API; others by command line and file alone.
    pub open: bool,
    /// In the order in which they are asked for.
    pub fields: Vec<FieldJson>,
}

impl ChannelKindJson {
    /// What there is to know of a kind.
    #[must_use]
    pub fn of(kind: ChannelKind) -> Self {
        let fields = kind.fields().iter().map(FieldJson::of).collect();
        Self { name: kind.name(), description: kind.description(), open: is_open_to_pages(kind), fields }
    }
}

/// Whether a channel delivers, in a word: `delivering`, `not_delivering`, `never_used` or `disabled`.
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
    /// What it is called; the webhooks of an app are called `webhooks of PROJECT`.
    pub name: String,
    /// Of which kind.
    pub kind: &'static str,
    /// Whether it is the webhooks of an app, which come and go with its settings.
    pub of_app: bool,
    /// Whether notifications go there.
    pub enabled: bool,
    /// Whether it delivers: `never_used` while nothing was sent to it.
    pub state: &'static str,
    /// It tells of these projects alone; of all when empty.
    pub projects: Vec<String>,
    /// From which severity on.
    pub severity: &'static str,
    /// More messages than this at once become one digest.
    pub at_once: u16,
    /// A template in place of the title.
    pub title: Option<String>,
    /// A template in place of the text.
    pub body: Option<String>,
    /// Each field of its kind that is no secret; null where nothing is set.
    pub fields: BTreeMap<&'static str, Option<String>>,
    /// Each secret, as it may be shown (`https://host/***`); null where it is not set.
    pub secrets: BTreeMap<&'static str, Option<String>>,
    /// Since when it does not deliver.
    pub stopped_since: Option<String>,
    /// What came back then.
    pub stopped_words: Option<String>,
    /// When a message was last taken.
    pub last_accepted: Option<String>,
    /// How many notifications it still owes.
    pub queued: u64,
    /// How many notifications nobody took.
    pub dead: u64,
}

impl ChannelJson {
    /// What is told of a channel.
    #[must_use]
    pub fn of(channel: &Channel, queues: ChannelQueue) -> Self {
        let spec = &channel.spec;
        let of = |secret: bool| {
            let fields = spec.kind.fields().iter().filter(move |field: &&Field| field.secret == secret);
            fields.map(|field| (field.key, shown(spec, field))).collect()
        };
        Self {
            name: called(channel),
            kind: spec.kind.name(),
            of_app: channel.of_app.is_some(),
            enabled: spec.enabled,
            state: channel_state(channel),
            projects: spec.projects.iter().map(ToString::to_string).collect(),
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
            dead: queues.dead,
        }
    }
}

/// What the receiver answered to a sample.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryJson {
    /// `opened`, `reminder` or `resolved`.
    pub kind: &'static str,
    /// Whether it was taken.
    pub taken: bool,
    /// The receiver's answer.
    pub says: String,
    /// Whether another try can help.
    pub again: bool,
}

impl DeliveryJson {
    /// What is told of an answer.
    #[must_use]
    pub fn of(kind: NotificationKind, delivery: &Delivery) -> Self {
        let kind = kind.name();
        match delivery.clone() {
            Delivery::Accepted(says) => Self { kind, taken: true, says, again: false },
            Delivery::TryAgain { words, .. } | Delivery::Partly { words } => Self { kind, taken: false, says: words, again: true },
            Delivery::Unfit { words } | Delivery::Rejected { words } => Self { kind, taken: false, says: words, again: false },
        }
    }
}

/// What came of a test.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestedJson {
    /// Which channel.
    pub channel: String,
    /// In the order in which they were sent.
    pub deliveries: Vec<DeliveryJson>,
    /// How many notifications a channel that did not deliver, and took all samples, owes anew; null where it was not revived.
    pub requeued: Option<u64>,
}

impl TestedJson {
    /// What is told of a test.
    #[must_use]
    pub fn of(channel: &Channel, tried: &Tried) -> Self {
        let deliveries = tried.deliveries.iter().map(|(kind, delivery)| DeliveryJson::of(*kind, delivery)).collect();
        Self { channel: called(channel), deliveries, requeued: tried.requeued }
    }
}

/// What is sent again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ResentJson {
    /// To which channel.
    pub channel: String,
    /// How many notifications are owed anew.
    pub requeued: u64,
}
