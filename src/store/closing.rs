//! Channels that were removed, disabled or led elsewhere while a service kept an alert of theirs open: the alert is closed first, with the settings that
//! they had.

use crate::model::{Channel, ChannelId, ChannelSpec, NotificationState};

use super::channels::{COLUMNS, drop_all, from_row};
use super::database::{Database, Work};
use super::evidence::place_of;
use super::numbers::{self, Numbers};
use super::statement::Statement;
use super::{Store, StoreError};

/// Why a channel's alerts are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It stays, and nothing more is sent there.
    Disabled = 1,
    /// It is gone, but for this.
    Removed = 2,
}

impl Store {
    /// The channels that were removed, disabled or led elsewhere while a service kept an alert of theirs open. They are notified of nothing new (and so are not
    /// enabled here), and what is queued about incidents still goes out with the settings that they had.
    pub async fn closing_channels(&self) -> Result<Vec<Channel>, StoreError> {
        let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM channels WHERE closing IN (1, 2) ORDER BY id");
        let disabled = |channel: Channel| Channel { spec: ChannelSpec { enabled: false, ..channel.spec }, ..channel };
        let read = self
            .database
            .read("reading which channels close their alerts", all, |row| Ok(from_row(row, Some(&self.cipher)).ok().map(disabled)));
        Ok(read.await?.into_iter().flatten().collect())
    }

    /// Such a channel has closed its alerts: one that was removed goes now, but for what it was notified of.
    pub async fn channel_closed(&self, channel: ChannelId) -> Result<(), StoreError> {
        end(&self.database, channel).await
    }
}

/// Begins to close what these channels keep open at their services, and gives those that have anything to close. Of them, one more try is made
/// where they did not deliver.
pub(super) async fn begin(work: &mut Work, ids: &[ChannelId], why: Why) -> Result<Vec<ChannelId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Whoever marks notifications writes channels too.
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

/// Of these, those whose service took something that is not over there: an alert that it may keep open.
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

/// Ends it: one that was removed goes, but for its name; one that was disabled stays as it is.
pub(super) async fn end(database: &Database, id: ChannelId) -> Result<(), StoreError> {
    let mut work = database.work("letting a channel go").await?;
    // The loops are to forget it.
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
