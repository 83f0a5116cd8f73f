//! `heartbeat incidents show`.

use std::process::ExitCode;

use clap::Args;
use url::Url;

use super::IncidentNumber;
use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::screen::{FAINT, styled};
use crate::config::Scope;
use crate::judge;
use crate::message;
use crate::model::{Channel, Entry, Incident, Notification, NotificationKind};
use crate::report::channel_name;
use crate::report::json::{EntryJson, IncidentJson, IncidentStoryJson, NotificationJson};
use crate::store::NotificationFilter;

pub(super) const JSON: &str = "JSON: {incident: (as in the list), timeline: [{at, kind, words}], notifications: [{id, channel, kind, state, created, due, ended, tries, said}]}.";

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub which: IncidentNumber,

    /// Print the incident as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub moment: Moment,
}

impl Show {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let public = invocation.settings(Scope::Service)?.web.public_url;
        let store = invocation.store().await?;
        let incident = self.which.find(&store).await?;
        let timeline = match incident.id {
            Some(id) => store.entries(id).await?,
            None => Vec::new(),
        };
        let mut notifications = store.notifications(&NotificationFilter { incident: incident.id, ..NotificationFilter::default() }).await?;
        notifications.reverse();
        let channels = store.channels_on_record().await?;
        if self.json {
            let view = IncidentStoryJson {
                incident: IncidentJson::of(&incident, self.moment.time(), public.as_ref()),
                timeline: timeline.iter().map(EntryJson::of).collect(),
                notifications: notifications.iter().map(|notification| NotificationJson::of(notification, &channels)).collect(),
            };
            invocation.screen.json(&view)?;
        } else {
            invocation.screen.text(&page(&incident, &timeline, &notifications, &channels, (&self.moment, public.as_ref())))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn page(
    incident: &Incident,
    timeline: &[Entry],
    notifications: &[Notification],
    channels: &[Channel],
    (now, public): (&Moment, Option<&Url>),
) -> String {
    let kind = if incident.is_open() { NotificationKind::Opened } else { NotificationKind::Resolved };
    let ending = (!incident.is_open()).then(|| judge::ending(incident));
    let message = message::of_incident(kind, incident, ending.as_deref(), now.time());
    let mut lines = vec![message.title];
    lines.extend(message.text.lines().map(|line| format!("  {line}")));
    let facts = message.incident.map(|facts| facts.linked(public));
    lines.extend(facts.and_then(|facts| facts.url).map(|url| format!("  Page: {url}")));
    if let Some(word) = &incident.acknowledged {
        lines.push(format!("  Acknowledged since {} UTC by {}.", word.at.date_and_minute(), word.by));
    }
    if let Some(until) = incident.snoozed_until.filter(|until| *until > now.time()) {
        lines.push(format!("  Reminders are snoozed until {} UTC.", until.date_and_minute()));
    }
    lines.push(String::new());
    for entry in timeline {
        lines.push(format!("  {}  {:14}  {}", entry.at.time_of_day(), entry.kind.name(), entry.words));
    }
    if !notifications.is_empty() {
        lines.push(String::new());
    }
    for notification in notifications {
        let answer = notification.said.as_deref().unwrap_or_default();
        let at = notification.ended.unwrap_or(notification.due).time_of_day();
        let channel = channel_name(notification, channels);
        let line = format!("  {at}  {:14}  {channel}: {}", notification.state.name(), notification.message.kind);
        lines.push(format!("{line}{}", if answer.is_empty() { String::new() } else { styled(FAINT, format!("  {answer}")) }));
    }
    lines.join("\n") + "\n"
}
