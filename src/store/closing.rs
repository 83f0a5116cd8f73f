//! Channels that were removed, disabled or given another target while a service had an open alert of theirs: the alert is closed first,
//! with the old settings.

use crate::model::{Channel, ChannelId, ChannelSpec, NotificationState};

use super::channel_rows::{COLUMNS, Why, drop_all, from_row};
use super::database::Work;
use super::numbers::{self, Numbers};
use super::statement::{any_of, sql};
use super::value::Whole;
use super::{Store, StoreError};

impl Store {
    /// The channels that were removed, disabled or given another target while a service had an open alert of theirs. They get no new
    /// notifications (and are returned as disabled); queued notifications about incidents are still sent with the old settings.
    pub async fn closing_channels(&self) -> Result<Vec<Channel>, StoreError> {
        let all = sql!(&format!("SELECT {COLUMNS} FROM channels WHERE closing IN (1, 2) ORDER BY id"));
        let disabled = |channel: Channel| Channel { spec: ChannelSpec { enabled: false, ..channel.spec }, ..channel };
        let read = self
            .database
            .read("reading channels that close their alerts", all, |row| Ok(from_row(row, Some(&self.cipher)).ok().map(disabled)));
        Ok(read.await?.into_iter().flatten().collect())
    }

    /// The alerts of this channel are closed: a removed channel is now deleted, except for its name in sent notifications.
    pub async fn channel_closed(&self, channel: ChannelId) -> Result<(), StoreError> {
        let mut work = self.database.work("removing a closed channel").await?;
        let change = Numbers::begin(&mut work).await?;
        let is_removed = sql!("SELECT id FROM channels WHERE closing = ? AND id = ?", Why::Removed as i64, channel);
        let removed = work.read(is_removed, |row| row.get(0)).await?;
        drop_all(&mut work, removed).await?;
        numbers::of_notifications(&mut work, 0).await?;
        work.run(sql!("UPDATE channels SET closing = 0 WHERE closing = ? AND id = ?", Why::Disabled as i64, channel)).await?;
        change.end(&mut work).await?;
        work.commit().await
    }
}

/// Begins to close the alerts of these channels. Returns the channels that have any; if they were stopped, they get one more try.
pub(super) async fn begin(work: &mut Work, ids: &[ChannelId], why: Why) -> Result<Vec<ChannelId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // The same lock order as in `notifications::mark`, which also writes channels.
    numbers::of_notifications(work, 0).await?;
    let queued = NotificationState::Queued.int();
    let which = format!(
        "SELECT id FROM channels WHERE id IN ? AND EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id \
         AND notifications.incident IS NOT NULL AND (notifications.state = {queued} \
         OR EXISTS (SELECT 1 FROM incidents WHERE incidents.id = notifications.incident AND incidents.closed_ms IS NULL)))"
    );
    let closing: Vec<ChannelId> = work.read(sql!(&which, any_of(ids.iter().copied())), |row| row.get(0)).await?;
    if !closing.is_empty() {
        let begin = "UPDATE channels SET stopped_ms = NULL, stopped_words = NULL, retried = 0, closing = ? WHERE id IN ?";
        work.run(sql!(begin, why as i64, any_of(closing.iter().copied()))).await?;
    }
    Ok(closing)
}

/// Returns those of `ids` whose service may have an open alert: it accepted a notification about an incident that is not resolved there.
pub(super) async fn keeping(work: &mut Work, ids: &[ChannelId]) -> Result<Vec<ChannelId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let [queued, sent] = [NotificationState::Queued, NotificationState::Sent].map(Whole::int);
    let which = format!(
        "SELECT id FROM channels WHERE id IN ? AND EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id \
         AND notifications.state = {sent} AND notifications.incident IS NOT NULL \
         AND (EXISTS (SELECT 1 FROM incidents WHERE incidents.id = notifications.incident AND incidents.closed_ms IS NULL) \
         OR EXISTS (SELECT 1 FROM notifications AS last WHERE last.state = {queued} AND last.incident = notifications.incident \
         AND last.channel = channels.id)))"
    );
    work.read(sql!(&which, any_of(ids.iter().copied())), |row| row.get(0)).await
}
