//! Channels that were removed, disabled or led elsewhere while their service keeps an alert open: it is closed with the settings that they had, and tried for
//! as long as any message is.

use super::Notify;
use crate::message;
use crate::model::{Channel, Notification, NotificationState, Timestamp};
use crate::store::{ConfigSnapshot, IncidentFilter, NotificationFilter, StoreError};

impl Notify {
    /// Owes what closes the alerts of such channels, and lets those go that have closed theirs, or cannot. Gives those that are still at it.
    pub(super) async fn close_alerts(&self, config_snapshot: &ConfigSnapshot, now: Timestamp) -> Result<Vec<Channel>, StoreError> {
        if !config_snapshot.has_closing_channels() {
            return Ok(Vec::new());
        }
        let mut closing = Vec::new();
        for channel in self.store.closing_channels().await? {
            if self.close_alerts_of(&channel, now).await? {
                closing.push(channel);
            }
        }
        Ok(closing)
    }

    /// Whether it is not done.
    async fn close_alerts_of(&self, channel: &Channel, now: Timestamp) -> Result<bool, StoreError> {
        let mut queued = Vec::new();
        for known in self.store.channel_notified(channel.id).await?.into_iter().filter(|known| known.is_open) {
            let Some(incident) =
                self.store.incidents(&IncidentFilter { id: Some(known.incident), ..IncidentFilter::default() }).await?.pop()
            else {
                continue;
            };
            let message = message::withdrawn(&incident, &channel.spec.name, now);
            // Counted from the other side than what the incident itself owes: the two must not be taken for one.
            let number = u32::MAX - known.ended;
            queued.push(Notification::queued(channel.id, incident.id, &incident.key().to_string(), number, message));
        }
        if !queued.is_empty() {
            self.store.owe(&queued).await?;
            return Ok(true);
        }
        let of_channel = NotificationFilter { channel: Some(channel.id), ..NotificationFilter::default() };
        let queued = self.store.notifications(&NotificationFilter { state: Some(NotificationState::Queued), ..of_channel }).await?;
        let is_queued = queued.iter().any(|notification| notification.incident.is_some());
        if is_queued && channel.is_tried() {
            return Ok(true);
        }
        let last = self.store.notifications(&NotificationFilter { at_most: 1, ..of_channel }).await?.pop();
        if is_queued || last.is_some_and(|last| last.state == NotificationState::Failed) {
            let why = channel.stopped.as_ref().map_or("no message was accepted", |stopped| &stopped.words);
            tracing::error!(channel = %channel.spec.name, "what this channel keeps open at its service must be closed there: {why}");
        } else {
            tracing::info!(channel = %channel.spec.name, "what this channel kept open at its service is closed");
        }
        self.store.channel_closed(channel.id).await?;
        Ok(false)
    }
}
