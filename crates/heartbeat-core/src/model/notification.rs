//! A notification: one message owed to one channel, because an incident opened, goes on, or is over.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use super::incident::derived;
use super::{ChannelId, Diagnosis, IncidentId, ProjectName, Timestamp};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// An incident opened.
    Opened,
    /// An open incident is graver than was told.
    Escalated,
    /// It still goes on.
    Reminder,
    /// It is over.
    Resolved,
    /// Heartbeat itself was down, and is back; or the clock that it goes by jumped ahead.
    Returned,
    /// Another channel does not deliver.
    ChannelStopped,
    /// Several messages in one, because they came at once.
    Digest,
    /// Another channel, of which it was said that it does not deliver, does again, or is not used any more.
    ChannelResolved,
}

impl NotificationKind {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 8] = [
        Self::Opened,
        Self::Escalated,
        Self::Reminder,
        Self::Resolved,
        Self::Returned,
        Self::ChannelStopped,
        Self::Digest,
        Self::ChannelResolved,
    ];

    /// One word, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "worsened",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Returned => "returned",
            Self::ChannelStopped => "channel_stopped",
            Self::Digest => "digest",
            Self::ChannelResolved => "channel_resolved",
        }
    }
}

impl fmt::Display for NotificationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a notification says: the words, made once, and the facts behind them. Every channel dresses the same message; its JSON is what the webhook
/// sends, and its fields are what a user's template can name. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The version of this shape: 1.
    pub version: u8,
    /// What it is about.
    pub kind: NotificationKind,
    /// A sample that somebody asked for, and nothing that happened.
    #[serde(default)]
    pub test: bool,
    /// Whether it says of one incident both that it opened and that it is over: the opening could not be told while it lasted.
    #[serde(default)]
    pub merged: bool,
    /// When it was made.
    pub at: Timestamp,
    /// One line: `[critical] shop: beats do not arrive`.
    pub title: String,
    /// The whole of it, in lines of plain text.
    pub text: String,
    /// The project; empty when it is about Heartbeat itself.
    pub project: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// The incident; none when it is about Heartbeat itself.
    pub incident: Option<IncidentFacts>,
    /// The channel that does not deliver, or does again; none when it is about something else.
    #[serde(default)]
    pub channel: Option<ChannelFacts>,
}

/// What a message tells of a channel that does not deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelFacts {
    /// Its name.
    pub name: String,
    /// The same in every message of this channel, and in no other's.
    pub key: Uuid,
}

impl ChannelFacts {
    /// Of the channel of this number and name.
    #[must_use]
    pub fn of(id: ChannelId, name: &ProjectName) -> Self {
        Self { name: name.to_string(), key: derived(&[b"channel", name.as_str().as_bytes(), &id.0.to_be_bytes()]) }
    }
}

/// What a message tells of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentFacts {
    /// Its number.
    pub id: i64,
    /// The same in every message of this incident, and in no other's.
    pub key: Uuid,
    /// `ingestion`, `blind` or `quiet`.
    pub incident_kind: String,
    /// The rules that hold it open.
    pub rules: Vec<String>,
    /// Where the way is broken, in a word for machines.
    pub cause_code: String,
    /// The same as a sentence.
    pub cause: String,
    /// Where the way is broken, who answered there, and what to do next.
    #[serde(default)]
    pub diagnosis: Diagnosis,
    /// Its page, where the page's public address is set.
    #[serde(default)]
    pub url: Option<String>,
    /// When it opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened: Timestamp,
    /// When it was over; none while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed: Option<Timestamp>,
    /// Why it ended: `recovered`, `rule_off`, `limit_changed`, `alert_off`, `alert_removed`, `project_removed`, `heartbeat_off` or
    /// `key_removed`; none while it is open.
    #[serde(default)]
    pub ended_because: Option<String>,
    /// How long it lasted, or has lasted, in milliseconds: from its first bad minute.
    pub lasted_ms: u64,
    /// How long after its first bad minute had begun it was noticed, in milliseconds; none where that minute is not known.
    #[serde(default)]
    pub noticed_after_ms: Option<u64>,
    /// The first minute of the trouble.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_bad: Option<Timestamp>,
    /// The last good minute before it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_good: Option<Timestamp>,
    /// How many beats of its minutes were sent.
    pub beats_sent: u32,
    /// Of these: seen, but late.
    pub beats_late: u32,
    /// Not seen so far.
    pub beats_missing: u32,
    /// Of those missing: given up.
    pub beats_lost: u32,
    /// Not taken by capture, or not answered.
    pub beats_rejected: u32,
    /// Stored twice.
    pub beats_duplicated: u32,
}

impl IncidentFacts {
    /// With the incident's page, where it is known under which address users reach the page.
    #[must_use]
    pub fn linked(self, public: Option<&Url>) -> Self {
        let url = public.and_then(|public| public.join(&format!("incidents/{}", self.id)).ok());
        Self { url: url.map(String::from), ..self }
    }
}

/// How far a notification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationState {
    /// To be delivered.
    Queued,
    /// Delivered.
    Sent,
    /// Given up: nobody took it. It is kept, and can be sent again.
    Failed,
    /// Not needed any more: a newer one says more.
    Superseded,
}

impl NotificationState {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Failed, Self::Superseded];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
        }
    }
}

/// One message, owed to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Derived from incident, kind, number and channel: the same whoever writes it, and on every try.
    pub id: Uuid,
    /// To whom.
    pub channel: ChannelId,
    /// About which incident; none when it is about Heartbeat itself.
    pub incident: Option<IncidentId>,
    /// What it says.
    pub message: Message,
    /// Since when it is owed.
    pub created: Timestamp,
    /// Not to be tried before this.
    pub due: Timestamp,
    /// How often it was tried.
    pub tries: u16,
    /// How far it has come.
    pub state: NotificationState,
    /// When it came there: when it was taken, or given up.
    pub ended: Option<Timestamp>,
    /// What the last try came to, in words without secrets.
    pub said: Option<String>,
}

impl Notification {
    /// A notification that is owed from now on. `about` is the incident's key, or what else there is one of; `number` tells
    /// reminders apart.
    #[must_use]
    pub fn queued(channel: ChannelId, incident: Option<IncidentId>, about: &str, number: u32, message: Message) -> Self {
        let created = message.at;
        let kind = message.kind.name();
        let id = derived(&[b"notification", about.as_bytes(), kind.as_bytes(), &number.to_be_bytes(), &channel.0.to_be_bytes()]);
        Self { id, channel, incident, message, created, due: created, tries: 0, state: NotificationState::Queued, ended: None, said: None }
    }
}

impl Notification {
    /// The id of one message that delivers all these: the same for the same notifications.
    #[must_use]
    pub fn id_of_digest(notifications: &[Self]) -> Uuid {
        let ids: Vec<&[u8]> = notifications.iter().map(|notification| notification.id.as_bytes().as_slice()).collect();
        derived(&ids)
    }
}

/// What came of trying to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Taken. The words say by whom.
    Accepted(String),
    /// Not taken, and trying again can help.
    TryAgain {
        /// What came back, without secrets.
        words: String,
        /// Not before so long.
        after: Option<Duration>,
    },
    /// Taken for some of its recipients. It is tried again for the others, and for them alone.
    Partly {
        /// What came back, without secrets.
        words: String,
    },
    /// Not taken, and this message never will be; the next one may.
    Unfit {
        /// What came back, without secrets.
        words: String,
    },
    /// Not taken, and nothing will be: the channel itself is wrong.
    Rejected {
        /// What came back, without secrets.
        words: String,
    },
}
