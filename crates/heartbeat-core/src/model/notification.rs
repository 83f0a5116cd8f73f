//! A notification: one message for one channel, because an incident opened, goes on, or is resolved.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use super::derived::uuid_v8;
use super::{ChannelId, Diagnosis, IncidentId, ProjectName, Timestamp, named_enum};

named_enum! {
    /// The order is the number in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub serde enum NotificationKind {
        Opened = "opened",
        /// The severity of an open incident increased.
        Escalated = "escalated",
        /// The incident is still open.
        Reminder = "reminder",
        /// The incident ended.
        Resolved = "resolved",
        /// Heartbeat was down and is back; or its clock jumped ahead.
        Returned = "returned",
        /// Another channel does not deliver.
        ChannelStopped = "channel_stopped",
        /// Several messages in one, because they were due at once.
        Digest = "digest",
        /// Another channel that did not deliver does again, or is no longer used.
        ChannelResolved = "channel_resolved",
    }
}

impl NotificationKind {
    /// Whether it says that something is over: an incident, or the failure of a channel.
    #[must_use]
    pub const fn is_resolved(self) -> bool {
        matches!(self, Self::Resolved | Self::ChannelResolved)
    }
}

/// The text of a notification and the facts behind it. Every channel renders the same message; its JSON is the webhook's body, and its fields are the
/// names in a user's template. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The version of this JSON: 1.
    pub version: u8,
    pub kind: NotificationKind,
    /// Whether it is a requested sample, and nothing happened.
    #[serde(default)]
    pub test: bool,
    /// Whether it reports both the opening and the end of an incident, because the opening could not be sent while it lasted.
    #[serde(default)]
    pub merged: bool,
    pub at: Timestamp,
    /// One line: `[critical] shop: beats do not arrive`.
    pub title: String,
    /// Several lines of plain text.
    pub text: String,
    /// Empty if it is about Heartbeat itself.
    pub project: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// None if it is about Heartbeat itself.
    pub incident: Option<IncidentFacts>,
    /// The channel that does not deliver, or does again; none for other messages.
    #[serde(default)]
    pub channel: Option<ChannelFacts>,
}

/// The channel of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelFacts {
    pub name: String,
    /// The same in every message about this channel, and in no other message.
    pub key: Uuid,
}

impl ChannelFacts {
    #[must_use]
    pub fn of(id: ChannelId, name: &ProjectName) -> Self {
        Self { name: name.to_string(), key: uuid_v8(&[b"channel", name.as_str().as_bytes(), &id.0.to_be_bytes()]) }
    }
}

/// The facts of an incident in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentFacts {
    /// The number of the incident.
    pub id: i64,
    /// The same in every message about this incident, and in no other message.
    pub key: Uuid,
    /// `ingestion`, `monitoring` or `traffic`.
    pub incident_kind: String,
    /// The rules that hold it open.
    pub rules: Vec<String>,
    /// The cause as a code for programs.
    pub cause_code: String,
    /// The cause as a sentence.
    pub cause: String,
    /// Where the way is broken, who answered there, and what to do next.
    #[serde(default)]
    pub diagnosis: Diagnosis,
    /// The address of the incident's page, if `public_url` is set.
    #[serde(default)]
    pub url: Option<String>,
    /// When it opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened: Timestamp,
    /// When it ended; none while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed: Option<Timestamp>,
    /// Why it ended: `recovered`, `rule_off`, `limit_changed`, `alert_off`, `alert_removed`, `project_removed`, `heartbeat_off` or
    /// `key_removed`; none while it is open.
    #[serde(default)]
    pub ended_because: Option<String>,
    /// How long it lasted or has lasted, in milliseconds, from its first bad minute.
    pub lasted_ms: u64,
    /// How long after the start of its first bad minute it was noticed, in milliseconds; none if that minute is unknown.
    #[serde(default)]
    pub noticed_after_ms: Option<u64>,
    /// The first bad minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_bad: Option<Timestamp>,
    /// The last good minute before it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_good: Option<Timestamp>,
    /// How many beats of its minutes were sent.
    pub beats_sent: u32,
    /// Of these: arrived late.
    pub beats_late: u32,
    /// Not seen so far, including lost beats.
    pub beats_missing: u32,
    /// Of the missing ones: not seen within `lost_after`.
    pub beats_lost: u32,
    /// Rejected by capture, or without a response.
    pub beats_rejected: u32,
    /// Stored more than once.
    pub beats_duplicated: u32,
}

impl IncidentFacts {
    /// Adds the address of the incident's page, if the public address of the pages is known.
    #[must_use]
    pub fn linked(self, public: Option<&Url>) -> Self {
        let url = public.and_then(|public| public.join(&format!("incidents/{}", self.id)).ok());
        Self { url: url.map(String::from), ..self }
    }
}

named_enum! {
    /// The state of a notification.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum NotificationState {
        Queued = "queued",
        Sent = "sent",
        /// Given up because the channel did not accept it. It is stored and can be sent again.
        Failed = "failed",
        /// No longer needed: a newer notification replaces it.
        Superseded = "superseded",
    }
}

/// One message for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Derived from incident, kind, number and channel: the same for every writer and on every try.
    pub id: Uuid,
    pub channel: ChannelId,
    /// None if it is about Heartbeat itself.
    pub incident: Option<IncidentId>,
    pub message: Message,
    /// When it was queued.
    pub created: Timestamp,
    /// It is not sent before this.
    pub due: Timestamp,
    pub tries: u16,
    pub state: NotificationState,
    /// When it was accepted or given up.
    pub ended: Option<Timestamp>,
    /// The result of the last try, without secrets.
    pub said: Option<String>,
}

impl Notification {
    /// A notification that is queued now. `about` is the incident's key, or another unique key; `number` distinguishes reminders.
    #[must_use]
    pub fn queued(channel: ChannelId, incident: Option<IncidentId>, about: &str, number: u32, message: Message) -> Self {
        let created = message.at;
        let kind = message.kind.name();
        let id = uuid_v8(&[b"notification", about.as_bytes(), kind.as_bytes(), &number.to_be_bytes(), &channel.0.to_be_bytes()]);
        Self { id, channel, incident, message, created, due: created, tries: 0, state: NotificationState::Queued, ended: None, said: None }
    }

    /// The id of one message that delivers all these: the same for the same notifications.
    #[must_use]
    pub fn id_of_digest(notifications: &[Self]) -> Uuid {
        let ids: Vec<&[u8]> = notifications.iter().map(|notification| notification.id.as_bytes().as_slice()).collect();
        uuid_v8(&ids)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The text names who accepted it.
    Accepted(String),
    /// Not accepted; a retry can help.
    TryAgain {
        /// The response, without secrets.
        words: String,
        /// The minimum wait.
        after: Option<Duration>,
    },
    /// Accepted for some recipients. It is retried only for the others.
    Partly {
        /// The response, without secrets.
        words: String,
    },
    /// This message is rejected for good; the next one may be accepted.
    Unfit {
        /// The response, without secrets.
        words: String,
    },
    /// The channel itself is wrong: nothing will be accepted.
    Rejected {
        /// The response, without secrets.
        words: String,
    },
}
