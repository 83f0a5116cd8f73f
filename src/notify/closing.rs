//! Channels that were removed, disabled or changed to another target while their service keeps an alert open: Heartbeat closes it with the
//! old settings, and retries for as long as for any message.

use super::Notify;
use crate::message;
use crate::model::{Channel, Notification, NotificationState, Timestamp};
use crate::store::{ConfigSnapshot, IncidentFilter, NotificationFilter, StoreError};

impl Notify {
    /// Queues the messages that close those alerts and forgets the channels that are done or failed. Returns the others.
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

    async fn close_alerts_of(&self, channel: &Channel, now: Timestamp) -> Result<bool, StoreError> {
        let mut queued = Vec::new();
        for notified in self.store.channel_notified(channel.id).await?.into_iter().filter(|notified| notified.is_open) {
            let Some(incident) =
                self.store.incidents(&IncidentFilter { id: Some(notified.incident), ..IncidentFilter::default() }).await?.pop()
            else {
                continue;
            };
            let message = message::withdrawn(&incident, &channel.spec.name, now);
            // Counts down from the maximum, so that it never equals a number of the incident's own notifications.
            let number = u32::MAX - notified.ended;
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
            tracing::error!(channel = %channel.spec.name, "cannot close the open alerts of this channel; close them at its service: {why}");
        } else {
            tracing::info!(channel = %channel.spec.name, "closed the open alerts of this channel at its service");
        }
        self.store.channel_closed(channel.id).await?;
        Ok(false)
    }
}
