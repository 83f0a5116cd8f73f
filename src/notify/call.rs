//! One delivery in progress: channel and message, and what they are sent with.

use serde::Serialize;
use uuid::Uuid;

use super::answer::Answer;
use super::client::{Ask, HttpClient};
use super::memory::Memory;
use super::redactor::Redactor;
use crate::model::{ChannelKind, ChannelSpec, Delivery, IncidentFacts, Message, Timestamp};

#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The notification's: the same for each try, so that a receiver can drop duplicates.
    pub id: Uuid,
    pub message: &'a Message,
}

pub(super) struct Call<'a> {
    pub(super) client: &'a HttpClient,
    pub(super) memory: &'a Memory,
    pub(super) channel: &'a ChannelSpec,
    pub(super) letter: &'a Letter<'a>,
    pub(super) now: Timestamp,
    pub(super) redactor: Redactor,
}

impl<'a> Call<'a> {
    pub(super) fn message(&self) -> &'a Message {
        self.letter.message
    }

    pub(super) fn incident(&self) -> Option<&'a IncidentFacts> {
        self.letter.message.incident.as_ref()
    }

    /// The incident's page; none without a public URL.
    pub(super) fn page(&self) -> Option<&'a str> {
        self.incident()?.url.as_deref()
    }

    /// The text with the link to the incident below it, for services without a field for links.
    pub(super) fn text_with_link(&self) -> String {
        let text = &self.message().text;
        self.page().map_or_else(|| text.clone(), |page| format!("{text}\n{page}"))
    }

    pub(super) fn id(&self) -> Uuid {
        self.letter.id
    }

    pub(super) fn value(&self, key: &str) -> &'a str {
        self.channel.value(key)
    }

    /// The deduplication key of services that keep the state of incidents: the same in all messages of an incident. A test message has
    /// its own key, so that it never changes a real incident. Without an incident it is the key of the channel or the notification's id.
    pub(super) fn key(&self) -> String {
        let test = if self.message().test { "test-" } else { "" };
        match self.incident() {
            Some(incident) => format!("{test}{}", incident.key),
            None => format!("{test}{}", self.message().channel.as_ref().map_or(self.id(), |channel| channel.key)),
        }
    }

    /// The service's URL (field `url`) followed by `path`. The endpoint's path, which users often paste with it, is removed
    /// first.
    pub(super) fn at(&self, path: &str) -> String {
        let base = self.value("url").trim().trim_end_matches('/');
        let pasted: &[&str] = match self.channel.kind {
            ChannelKind::Alertmanager => &["/api/v2/alerts", "/api/v2"],
            ChannelKind::PagerDuty => &["/v2/enqueue", "/v2/change/enqueue"],
            ChannelKind::Opsgenie => &["/v2/alerts"],
            _ => &[],
        };
        format!("{}{path}", pasted.iter().find_map(|path| base.strip_suffix(path)).unwrap_or(base))
    }

    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, Delivery> {
        self.client.ask(ask, &self.redactor).await
    }

    pub(super) async fn post(&self, url: &str, body: &impl Serialize) -> Result<Answer, Delivery> {
        self.ask(Ask::post(url).json(body)).await
    }
}
