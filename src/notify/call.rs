//! One delivery while it is made: the channel, the letter, and the way to the service.

use serde::Serialize;
use uuid::Uuid;

use super::answer::Answer;
use super::redactor::Redactor;
use super::send::{Ask, Letter, Sender};
use crate::model::{ChannelKind, ChannelSpec, Delivery, IncidentFacts, Message, Timestamp};

/// What a channel's file works with.
pub(super) struct Call<'a> {
    pub(super) sender: &'a Sender,
    pub(super) channel: &'a ChannelSpec,
    pub(super) letter: &'a Letter<'a>,
    /// When it is sent.
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

    /// The incident's page, where it is known under which address users reach it.
    pub(super) fn page(&self) -> Option<&'a str> {
        self.incident()?.url.as_deref()
    }

    /// The text, and below it the incident's page, for services that have no other place for a link.
    pub(super) fn text_with_link(&self) -> String {
        let text = &self.message().text;
        self.page().map_or_else(|| text.clone(), |page| format!("{text}\n{page}"))
    }

    pub(super) fn id(&self) -> Uuid {
        self.letter.id
    }

    /// The value of one of the channel's fields, or its default.
    pub(super) fn value(&self, key: &str) -> &'a str {
        self.channel.value(key)
    }

    /// By what a service that keeps the state of incidents knows this one: the same in all its messages. A sample has a key of its own, so that
    /// it never touches a real incident; a message without an incident goes by its channel, or by its notification.
    pub(super) fn key(&self) -> String {
        let test = if self.message().test { "test-" } else { "" };
        match self.incident() {
            Some(incident) => format!("{test}{}", incident.key),
            None => format!("{test}{}", self.message().channel.as_ref().map_or(self.id(), |channel| channel.key)),
        }
    }

    /// The service's address, which the field `url` holds, with `path` behind it. Whoever pasted it with the path of the service's documents meant the
    /// same.
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

    /// Asks, and gives what was answered; what came of it where nothing was.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, Delivery> {
        self.sender.ask(ask, &self.redactor).await
    }

    /// Posts JSON to an address.
    pub(super) async fn post(&self, url: &str, body: &impl Serialize) -> Result<Answer, Delivery> {
        self.ask(Ask::post(url).json(body)).await
    }
}
