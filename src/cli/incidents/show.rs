//! `heartbeat incidents show`.

use clap::Args;
use url::Url;

use super::IncidentNumber;
use super::hold::Print;
use crate::cli::explain::explain;
use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::config::Scope;
use crate::judge;
use crate::message;
use crate::model::{Channel, Entry, Incident, Notification, NotificationKind, Timestamp};
use crate::report::channel_name;
use crate::report::json::{EntryJson, IncidentJson, IncidentStoryJson, NotificationJson};
use crate::settings::incident;
use crate::store::NotificationFilter;

pub(super) const JSON: &str = "JSON: {incident: (as in the list), timeline: [{at, kind, words}], notifications: [{id, channel, kind, state, created, due, ended, tries, said}]}.";

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub which: IncidentNumber,

    #[command(flatten)]
    pub print: Print,
}

impl Show {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let public = invocation.settings(Scope::Service)?.web.public_url;
        let store = invocation.store().await?;
        let incident = incident::find(&store, self.which.id).await.map_err(explain)?;
        let timeline = match incident.id {
            Some(id) => store.entries(id).await?,
            None => Vec::new(),
        };
        let mut notifications = store.notifications(&NotificationFilter { incident: incident.id, ..NotificationFilter::default() }).await?;
        notifications.reverse();
        let channels = store.channels_on_record().await?;
        let shown = Story { incident, timeline, notifications, channels, now: self.print.moment.time(), public };
        if self.print.json {
            invocation.screen.json(&shown.view())?;
        } else {
            invocation.screen.text(&shown.page())?;
        }
        Ok(())
    }
}

/// An incident with all that is recorded of it.
struct Story {
    incident: Incident,
    timeline: Vec<Entry>,
    notifications: Vec<Notification>,
    channels: Vec<Channel>,
    now: Timestamp,
    public: Option<Url>,
}

impl Story {
    fn view(&self) -> IncidentStoryJson {
        IncidentStoryJson {
            incident: IncidentJson::of(&self.incident, self.now, self.public.as_ref()),
            timeline: self.timeline.iter().map(EntryJson::of).collect(),
            notifications: self.notifications.iter().map(|notification| NotificationJson::of(notification, &self.channels)).collect(),
        }
    }

    fn page(&self) -> String {
        let Self { incident, timeline, notifications, channels, now, public } = self;
        let kind = if incident.is_open() { NotificationKind::Opened } else { NotificationKind::Resolved };
        let ending = (!incident.is_open()).then(|| judge::ending(incident));
        let message = message::of_incident(kind, incident, ending.as_deref(), *now);
        let mut lines = vec![message.title];
        lines.extend(message.text.lines().map(|line| format!("  {line}")));
        let facts = message.incident.map(|facts| facts.linked(public.as_ref()));
        lines.extend(facts.and_then(|facts| facts.url).map(|url| format!("  Page: {url}")));
        if let Some(word) = &incident.acknowledged {
            lines.push(format!("  Acknowledged since {} UTC by {}.", word.at.date_and_minute(), word.by));
        }
        if let Some(until) = incident.snoozed_until.filter(|until| *until > *now) {
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
}
