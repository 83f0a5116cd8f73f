//! Channels that were removed, disabled or led elsewhere while their service keeps an alert open: it is closed with the settings that they had, and tried for
//! as long as any message is.

use super::Notify;
use crate::message;
use crate::model::{Channel, Notice, NoticeState, Timestamp};
use crate::store::{Roster, StoreError, Which, WhichNotices};

impl Notify {
    /// Owes what closes the alerts of such channels, and lets those go that have closed theirs, or cannot. Gives those that are still at it.
    pub(super) async fn close_alerts(&self, roster: &Roster, now: Timestamp) -> Result<Vec<Channel>, StoreError> {
        if !roster.has_closing_channels() {
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
        let mut owed = Vec::new();
        for known in self.store.channel_notified(channel.id).await?.into_iter().filter(|known| known.is_open) {
            let Some(incident) = self.store.incidents(&Which { id: Some(known.incident), ..Which::default() }).await?.pop() else {
                continue;
            };
            let message = message::withdrawn(&incident, &channel.spec.name, now);
            // Counted from the other side than what the incident itself owes: the two must not be taken for one.
            let number = u32::MAX - known.ended;
            owed.push(Notice::owed(channel.id, incident.id, &incident.key().to_string(), number, message));
        }
        if !owed.is_empty() {
            self.store.owe(&owed).await?;
            return Ok(true);
        }
        let of_channel = WhichNotices { channel: Some(channel.id), ..WhichNotices::default() };
        let queued = self.store.notices(&WhichNotices { state: Some(NoticeState::Owed), ..of_channel }).await?;
        let is_queued = queued.iter().any(|notice| notice.incident.is_some());
        if is_queued && channel.is_tried() {
            return Ok(true);
        }
        let last = self.store.notices(&WhichNotices { at_most: 1, ..of_channel }).await?.pop();
        if is_queued || last.is_some_and(|last| last.state == NoticeState::Dead) {
            let why = channel.stopped.as_ref().map_or("no message was accepted", |stopped| &stopped.words);
            tracing::error!(channel = %channel.spec.name, "what this channel keeps open at its service must be closed there: {why}");
        } else {
            tracing::info!(channel = %channel.spec.name, "what this channel kept open at its service is closed");
        }
        self.store.channel_closed(channel.id).await?;
        Ok(false)
    }
}
