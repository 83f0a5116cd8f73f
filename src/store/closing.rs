//! Channels that were removed, disabled or given another target while a service had an open alert of theirs: the alert is closed first,
//! with the old settings.

use crate::model::{Channel, ChannelId, ChannelSpec, NotificationState};

use super::channel_rows::{COLUMNS, Why, drop_all, from_row};
use super::database::{Database, Work};
use super::evidence::place_of;
use super::numbers::{self, Numbers};
use super::statement::Statement;
use super::{Store, StoreError};

impl Store {
    /// The channels that were removed, disabled or given another target while a service had an open alert of theirs. They get no new
    /// notifications (and are returned as disabled); queued notifications about incidents are still sent with the old settings.
    pub async fn closing_channels(&self) -> Result<Vec<Channel>, StoreError> {
        let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM channels WHERE closing IN (1, 2) ORDER BY id");
        let disabled = |channel: Channel| Channel { spec: ChannelSpec { enabled: false, ..channel.spec }, ..channel };
        let read = self
            .database
            .read("reading channels that close their alerts", all, |row| Ok(from_row(row, Some(&self.cipher)).ok().map(disabled)));
        Ok(read.await?.into_iter().flatten().collect())
    }

    /// The alerts of this channel are closed: a removed channel is now deleted, except for its name in sent notifications.
    pub async fn channel_closed(&self, channel: ChannelId) -> Result<(), StoreError> {
        end(&self.database, channel).await
    }
}

/// Begins to close the alerts of these channels. Returns the channels that have any; if they were stopped, they get one more try.
pub(super) async fn begin(work: &mut Work, ids: &[ChannelId], why: Why) -> Result<Vec<ChannelId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // The same lock order as in `notifications::mark`, which also writes channels.
    numbers::of_notifications(work, 0).await?;
    let queued = place_of(&NotificationState::Queued, &NotificationState::ALL);
    let which = Statement::new("SELECT id FROM channels WHERE id IN ").list(ids.iter().map(|id| id.0)).text(&format!(
        " AND EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id AND notifications.incident IS NOT NULL AND (notifications.state = {queued} \
         OR EXISTS (SELECT 1 FROM incidents WHERE incidents.id = notifications.incident AND incidents.closed_ms IS NULL)))"
    ));
    let closing = work.read(which, |row| row.int(0)).await?;
    if !closing.is_empty() {
        let begin = Statement::new("UPDATE channels SET stopped_ms = NULL, stopped_words = NULL, retried = 0, closing = ").bind(why as i64);
        work.run(begin.text(" WHERE id IN ").list(closing.iter().copied())).await?;
    }
    Ok(closing.into_iter().map(ChannelId).collect())
}

/// Returns those of `ids` whose service may have an open alert: it accepted a notification about an incident that is not resolved there.
pub(super) async fn keeping(work: &mut Work, ids: &[ChannelId]) -> Result<Vec<ChannelId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let [queued, sent] = [NotificationState::Queued, NotificationState::Sent].map(|state| place_of(&state, &NotificationState::ALL));
    let which = Statement::new("SELECT id FROM channels WHERE id IN ").list(ids.iter().map(|id| id.0)).text(&format!(
        " AND EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id AND notifications.state = {sent} AND notifications.incident IS NOT NULL \
         AND (EXISTS (SELECT 1 FROM incidents WHERE incidents.id = notifications.incident AND incidents.closed_ms IS NULL) \
         OR EXISTS (SELECT 1 FROM notifications AS last WHERE last.state = {queued} AND last.incident = notifications.incident AND last.channel = channels.id)))"
    ));
    work.read(which, |row| row.int(0).map(ChannelId)).await
}

pub(super) async fn end(database: &Database, id: ChannelId) -> Result<(), StoreError> {
    let mut work = database.work("removing a closed channel").await?;
    let change = Numbers::begin(&mut work).await?;
    let is_removed = Statement::new(&format!("SELECT id FROM channels WHERE closing = {} AND id = ", Why::Removed as i64)).bind(id.0);
    let removed = work.read(is_removed, |row| row.int(0).map(ChannelId)).await?;
    drop_all(&mut work, removed).await?;
    numbers::of_notifications(&mut work, 0).await?;
    let is_disabled = format!("UPDATE channels SET closing = 0 WHERE closing = {} AND id = ", Why::Disabled as i64);
    work.run(Statement::new(&is_disabled).bind(id.0)).await?;
    change.end(&mut work).await?;
    work.commit().await
}
