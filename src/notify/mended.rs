//! Sends the resolved notification for a channel that stopped and delivers again, or is not used any more.

use std::collections::HashMap;

use super::Notify;
use crate::message::{self, Mended};
use crate::model::{Channel, ChannelFacts, Message, Notification, NotificationKind, Timestamp};
use crate::store::{NotificationFilter, StoreError};

impl Notify {
    pub(super) async fn notify_about_resolved_channels(&self, now: Timestamp) -> Result<(), StoreError> {
        let written = self.store.notifications(&NotificationFilter { of_channels: true, ..NotificationFilter::default() }).await?;
        let mut newest = HashMap::new();
        for notification in written {
            if let Some(about) = &notification.message.channel {
                newest.entry((notification.channel, about.key)).or_insert(notification);
            }
        }
        newest.retain(|_, notification| notification.message.kind == NotificationKind::ChannelStopped);
        if newest.is_empty() {
            return Ok(());
        }
        let channels = self.store.channels().await?;
        let queued: Vec<Notification> = newest
            .into_values()
            .filter(|notification| channels.iter().any(|channel| channel.id == notification.channel))
            .filter_map(|notification| {
                let mended = mended(&notification.message, &channels)?;
                let message = message::channel_resolved(&notification.message, mended, now);
                Some(Notification::queued(notification.channel, None, &notification.id.to_string(), 0, message))
            })
            .collect();
        self.store.owe(&queued).await
    }
}

fn mended(stopped: &Message, channels: &[Channel]) -> Option<Mended> {
    let about = stopped.channel.as_ref()?;
    let Some(channel) = channels.iter().find(|channel| ChannelFacts::of(channel.id, &channel.spec.name) == *about) else {
        return Some(Mended::Removed);
    };
    match channel {
        Channel { stopped: Some(_), .. } => None,
        channel if !channel.spec.enabled => Some(Mended::Disabled),
        channel if channel.last_accepted >= Some(stopped.at) => Some(Mended::Delivers),
        _ => Some(Mended::TriedAgain),
    }
}
