//! `heartbeat incidents show`: one incident with its timeline, and who was told.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::list::IncidentJson;
use super::{WhichOne, minute_of};
use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::screen::{FAINT, styled};
use crate::judge;
use crate::message;
use crate::model::{Channel, Entry, Incident, Notice, NoticeKind};
use crate::store::WhichNotices;

pub(super) const JSON: &str = "JSON: {incident: (as in the list), timeline: [{at, kind, words}], notices: [{id, channel, kind, state, created, due, ended, tries, said}]}.";

/// `heartbeat incidents show`
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub which: WhichOne,

    /// Print it as JSON
    #[arg(long)]
    pub json: bool,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

impl Show {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let incident = self.which.find(&*store).await?;
        let timeline = match incident.id {
            Some(id) => store.entries(id).await?,
            None => Vec::new(),
        };
        let mut notices = store.notices(&WhichNotices { incident: incident.id, ..WhichNotices::default() }).await?;
        notices.reverse();
        let channels = store.channels().await?;
        if self.json {
            let shown = ShowJson {
                incident: IncidentJson::of(&incident, &self.moment),
                timeline: timeline.iter().map(EntryJson::of).collect(),
                notices: notices.iter().map(|notice| NoticeJson::of(notice, &channels)).collect(),
            };
            invocation.screen.json(&shown)?;
        } else {
            invocation.screen.text(&page(&incident, &timeline, &notices, &channels, &self.moment))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn page(incident: &Incident, timeline: &[Entry], notices: &[Notice], channels: &[Channel], now: &Moment) -> String {
    let kind = if incident.is_open() { NoticeKind::Opened } else { NoticeKind::Resolved };
    let ending = (!incident.is_open()).then(|| judge::ending(incident));
    let message = message::of_incident(kind, incident, ending.as_deref(), now.time());
    let mut lines = vec![message.title];
    lines.extend(message.text.lines().map(|line| format!("  {line}")));
    if let Some(word) = &incident.acknowledged {
        lines.push(format!("  In hand since {} UTC: {}.", minute_of(word.at), word.by));
    }
    if let Some(until) = incident.snoozed_until.filter(|until| *until > now.time()) {
        lines.push(format!("  Reminders wait until {} UTC.", minute_of(until)));
    }
    lines.push(String::new());
    for entry in timeline {
        lines.push(format!("  {}  {:14}  {}", entry.at.time_of_day(), entry.kind.name(), entry.words));
    }
    if !notices.is_empty() {
        lines.push(String::new());
    }
    for notice in notices {
        let said = notice.said.as_deref().unwrap_or_default();
        let at = notice.ended.unwrap_or(notice.due).time_of_day();
        let channel = name_of(notice, channels);
        let line = format!("  {at}  {:14}  {channel}: {}", notice.state.name(), notice.message.kind);
        lines.push(format!("{line}{}", if said.is_empty() { String::new() } else { styled(FAINT, format!("  {said}")) }));
    }
    lines.join("\n") + "\n"
}

/// What the notice's channel is called; its number, when it is gone.
pub(crate) fn name_of(notice: &Notice, channels: &[Channel]) -> String {
    let channel = channels.iter().find(|channel| channel.id == notice.channel);
    match channel {
        Some(channel) if channel.of_app.is_some() => format!("webhooks of {}", channel.spec.name),
        Some(channel) => channel.spec.name.to_string(),
        None => format!("channel {}", notice.channel.0),
    }
}

#[derive(Serialize)]
struct ShowJson {
    incident: IncidentJson,
    timeline: Vec<EntryJson>,
    notices: Vec<NoticeJson>,
}

#[derive(Serialize)]
struct EntryJson {
    at: String,
    kind: &'static str,
    words: String,
}

impl EntryJson {
    fn of(entry: &Entry) -> Self {
        Self { at: entry.at.to_string(), kind: entry.kind.name(), words: entry.words.clone() }
    }
}

/// Stable field names, documented in [`JSON`].
#[derive(Serialize)]
pub(crate) struct NoticeJson {
    id: String,
    channel: String,
    kind: &'static str,
    state: &'static str,
    created: String,
    due: String,
    ended: Option<String>,
    tries: u16,
    said: Option<String>,
}

impl NoticeJson {
    pub(crate) fn of(notice: &Notice, channels: &[Channel]) -> Self {
        Self {
            id: notice.id.to_string(),
            channel: name_of(notice, channels),
            kind: notice.message.kind.name(),
            state: notice.state.name(),
            created: notice.created.to_string(),
            due: notice.due.to_string(),
            ended: notice.ended.map(|at| at.to_string()),
            tries: notice.tries,
            said: notice.said.clone(),
        }
    }
}
