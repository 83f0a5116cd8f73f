//! `heartbeat notifications`: lists notifications with their states.

use clap::{Args, ValueEnum};

use super::error::Misuse;
use super::explain::absent;
use super::global::Invocation;
use super::screen::{BAD, FAINT, GOOD, WARN, styled};
use crate::config::rules;
use crate::model::{Channel, Notification, NotificationState};
use crate::report::channel_name;
use crate::report::json::NotificationJson;
use crate::store::NotificationFilter;

/// Show the notifications and their states, newest first
///
/// `heartbeat channels resend NAME` queues the failed notifications of a channel again.
#[derive(Debug, Args)]
#[command(
    after_help = "JSON: {items: [{id, channel, kind, state, created, due, ended, tries, said, incident, project, severity, title, text}], next}, newest first; absent values are null."
)]
pub struct Notifications {
    /// Show only notifications to this channel
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,

    /// Show only notifications in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,

    /// Maximum number of notifications
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true, default_value = "50", value_parser = rules::number::<u32>)]
    pub limit: u32,

    /// Print the notifications as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    /// Waiting for delivery
    Queued,
    /// Delivered
    Sent,
    /// Not accepted by the channel; not tried again
    Failed,
    /// Replaced by a newer notification
    Superseded,
}

impl State {
    const fn of_model(self) -> NotificationState {
        match self {
            Self::Queued => NotificationState::Queued,
            Self::Sent => NotificationState::Sent,
            Self::Failed => NotificationState::Failed,
            Self::Superseded => NotificationState::Superseded,
        }
    }
}

impl Notifications {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let channels = store.channels_on_record().await?;
        let channel = self.channel.as_deref().map(|name| channel_named(&channels, name)).transpose()?.map(|channel| channel.id);
        let which =
            NotificationFilter { channel, state: self.state.map(State::of_model), at_most: self.limit, ..NotificationFilter::default() };
        let notifications = store.notifications(&which).await?;
        if self.json {
            return Ok(invocation.screen.items(notifications.iter().map(|notification| NotificationJson::of(notification, &channels)))?);
        }
        for notification in &notifications {
            invocation.screen.line(line(notification, &channels))?;
            if let Some(said) = &notification.said {
                invocation.screen.line(styled(FAINT, format!("            {said}")))?;
            }
        }
        if notifications.is_empty() {
            invocation.screen.note("No notifications.")?;
        }
        Ok(())
    }
}

fn line(notification: &Notification, channels: &[Channel]) -> String {
    let style = match notification.state {
        NotificationState::Queued => WARN,
        NotificationState::Sent => GOOD,
        NotificationState::Failed => BAD,
        NotificationState::Superseded => FAINT,
    };
    let at = notification.ended.unwrap_or(notification.due).date_and_second();
    format!("{at}  {}  {}  {}", styled(style, notification.state.name()), channel_name(notification, channels), notification.message.title)
}

/// Finds a channel by its name. The webhooks of an app are not included.
pub(super) fn channel_named<'c>(channels: &'c [Channel], name: &str) -> Result<&'c Channel, Misuse> {
    let own = || channels.iter().filter(|channel| channel.of_app.is_none() && !channel.removed);
    let names = || own().map(|channel| channel.spec.name.to_string()).collect::<Vec<_>>();
    own().find(|channel| channel.spec.name.as_str() == name).ok_or_else(|| absent("channel", name, &names()))
}
