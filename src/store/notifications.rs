//! The outbox: queued notifications are leased to a sender and marked with the result.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::model::{ChannelId, IncidentId, Notification, NotificationKind, NotificationState, Timestamp};

use super::database::{AT_ONCE, Database, Row, Work};
use super::statement::{Statement, any_of, sql};
use super::value::{Value, Whole};
use super::{ChannelNews, ChannelQueue, NotificationFilter, Notified, Store, StoreError, channels, numbers};

const COLUMNS: &str = "notifications.id, notifications.channel, notifications.incident, notifications.message, notifications.created_ms, \
                       notifications.due_ms, notifications.tries, notifications.state, notifications.ended_ms, notifications.said";

/// The queued notifications of channels that deliver.
const DELIVERABLE: &str = "FROM notifications JOIN channels ON channels.id = notifications.channel AND \
                           (channels.enabled = 1 AND channels.closing = 0 OR channels.closing IN (1, 2) AND notifications.incident IS NOT NULL) \
                           AND (channels.stopped_ms IS NULL OR channels.retried = 1) WHERE notifications.state = 0";

impl Store {
    /// When the next notification can be leased, at the earliest; it may be in the past while an earlier notification holds it up.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = format!(
            "SELECT min(CASE WHEN notifications.leased_until_ms > notifications.due_ms THEN notifications.leased_until_ms \
             ELSE notifications.due_ms END) {DELIVERABLE}"
        );
        Ok(self.database.read_one("reading when a notification is due", sql!(&next), |row| row.maybe(0)).await?.flatten())
    }

    /// Leases up to `at_most` notifications until `until`, in the order of writing: due at `now`, to channels that deliver, and not leased.
    /// A notification is skipped while an earlier one of the same incident and channel is queued and not leased with it.
    pub async fn lease(&self, now: Timestamp, until: Timestamp, at_most: u32) -> Result<Vec<Notification>, StoreError> {
        const WHAT: &str = "leasing notifications";
        // Usually nothing is due: then nothing is written, and no other transaction waits.
        if self.database.read(WHAT, due(now, 1), |_| Ok(())).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut work = self.database.work(WHAT).await?;
        numbers::of_notifications(&mut work, 0).await?;
        let leased = work.read(due(now, at_most), from_row).await?;
        for some in leased.chunks(AT_ONCE) {
            let ids = any_of(some.iter().map(|notification| notification.id));
            work.run(sql!("UPDATE notifications SET leased_until_ms = ? WHERE id IN ?", until, ids)).await?;
        }
        work.commit().await?;
        Ok(leased)
    }

    /// Writes the results of leased notifications (state, due, tries, ended, said) in one transaction and ends their leases. Sent
    /// notifications stay sent. When a channel accepts a notification, its rejected ones are retried at once; a stopped channel does not
    /// deliver any more. `queued` are new notifications that follow from this.
    pub async fn mark(&self, notifications: &[Notification], channels: &[ChannelNews], queued: &[Notification]) -> Result<(), StoreError> {
        let mut work = self.database.work("marking notifications").await?;
        // At least one position: results change the change token too.
        let place = numbers::of_notifications(&mut work, queued.len().max(1)).await?;
        for one in notifications {
            // Sent notifications stay sent: a sender whose lease had ended may still have sent one.
            let mark = "UPDATE notifications SET leased_until_ms = 0, state = ?, due_ms = ?, tries = ?, ended_ms = ?, said = ? \
                        WHERE id = ? AND state <> ?";
            work.run(sql!(mark, one.state, one.due, one.tries, one.ended, one.said.as_deref(), one.id, NotificationState::Sent)).await?;
        }
        for news in channels {
            channels::note(&mut work, news).await?;
            if let ChannelNews::Accepted(channel, at) = news {
                // A channel that accepts one notification accepts the others too: the rejected ones need not wait.
                wake(&mut work, sql!(" AND tries > 0 AND channel = ?", *channel), *at).await?;
            }
        }
        insert(&mut work, queued, place).await?;
        work.commit().await
    }

    /// Queues notifications. Existing ones stay as they are.
    pub async fn owe(&self, notifications: &[Notification]) -> Result<(), StoreError> {
        if notifications.is_empty() {
            return Ok(());
        }
        let mut work = self.database.work("queueing notifications").await?;
        let place = numbers::of_notifications(&mut work, notifications.len()).await?;
        insert(&mut work, notifications, place).await?;
        work.commit().await
    }

    /// What each channel was notified of these incidents. Channels that were not notified are left out.
    pub async fn notified(&self, incidents: &[IncidentId]) -> Result<Vec<Notified>, StoreError> {
        let mut found = Vec::new();
        for some in incidents.chunks(AT_ONCE) {
            found.extend(read_notified(&self.database, sql!("incident IN ?", any_of(some.iter().copied()))).await?);
        }
        Ok(found)
    }

    pub async fn channel_notified(&self, channel: ChannelId) -> Result<Vec<Notified>, StoreError> {
        read_notified(&self.database, sql!("incident IS NOT NULL AND channel = ?", channel)).await
    }

    pub async fn notifications(&self, which: &NotificationFilter) -> Result<Vec<Notification>, StoreError> {
        let mut statement = sql!(&format!("SELECT {COLUMNS} FROM notifications WHERE 1 = 1"))
            .with(" AND channel = ?", which.channel)
            .with(" AND incident = ?", which.incident)
            .with(" AND place < (SELECT place FROM notifications WHERE id = ?)", which.before);
        if which.of_channels {
            let kinds = any_of([NotificationKind::ChannelStopped, NotificationKind::ChannelResolved]);
            statement = statement.then(sql!(" AND incident IS NULL AND kind IN ?", kinds));
        }
        if let Some(state) = which.state {
            // Not a bound value: the partial indexes on queued and failed notifications match the text.
            statement = statement.text(&format!(" AND state = {}", state.int()));
        }
        let statement = statement.then(sql!(" ORDER BY place DESC LIMIT ?", which.at_most));
        self.database.read("reading notifications", statement, from_row).await
    }

    /// Queued and failed notifications per channel id. Channels without any are left out.
    pub async fn queues(&self) -> Result<Vec<(ChannelId, ChannelQueue)>, StoreError> {
        let mut found: BTreeMap<ChannelId, ChannelQueue> = BTreeMap::new();
        for state in [NotificationState::Queued, NotificationState::Failed] {
            // Grouped by an expression and not by the column: in the order of channels SQLite would scan all notifications.
            let count = format!(
                "SELECT channel + 0, count(*) FROM notifications WHERE state = {} \
                 AND channel NOT IN (SELECT id FROM channels WHERE closing = 3) GROUP BY 1",
                state.int()
            );
            let counted = self.database.read("counting queued notifications", sql!(&count), |row| Ok((row.get(0)?, row.get(1)?)));
            for (channel, number) in counted.await? {
                let queues = found.entry(channel).or_default();
                *if state == NotificationState::Queued { &mut queues.queued } else { &mut queues.failed } = number;
            }
        }
        Ok(found.into_iter().collect())
    }

    pub async fn queue_of(&self, channel: ChannelId) -> Result<ChannelQueue, StoreError> {
        // An expression and not the column, as above: SQLite would read all notifications of the channel, most of them sent.
        let [queued, failed] = [NotificationState::Queued, NotificationState::Failed].map(|state| {
            format!("(SELECT count(*) FROM notifications WHERE notifications.channel + 0 = channels.id AND state = {})", state.int())
        });
        let counts = sql!(&format!("SELECT {queued}, {failed} FROM channels WHERE closing < 3 AND id = ?"), channel);
        let read = |row: &Row| Ok(ChannelQueue { queued: row.get(0)?, failed: row.get(1)? });
        Ok(self.database.read_one("counting queued notifications", counts, read).await?.unwrap_or_default())
    }

    /// Lets a channel deliver again and queues its failed notifications again: due at `now` and without tries. Returns how many; `None`
    /// when there is no such channel.
    pub async fn revive(&self, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let mut work = self.database.work("resuming a channel").await?;
        numbers::of_notifications(&mut work, 1).await?;
        if !channels::resume(&mut work, channel).await? {
            return Ok(None);
        }
        let revive = "UPDATE notifications SET leased_until_ms = 0, tries = 0, ended_ms = NULL, due_ms = ?, state = ? \
                      WHERE channel = ? AND state = ?";
        let revived = work.run(sql!(revive, now, NotificationState::Queued, channel, NotificationState::Failed)).await?;
        work.commit().await?;
        Ok(Some(revived))
    }
}

/// What is due and can be leased. A notification waits while an earlier one of the same incident and channel is queued and cannot be
/// leased; earlier ones in the same result are leased with it. A channel that replaced another waits until the last notification of the old
/// one was tried, because both may point to the same alert.
fn due(now: Timestamp, at_most: u32) -> Statement {
    let due = format!(
        "SELECT {COLUMNS} {DELIVERABLE} AND notifications.due_ms <= ? AND notifications.leased_until_ms <= ? \
         AND NOT EXISTS (SELECT 1 FROM notifications AS earlier WHERE earlier.state = 0 AND earlier.incident = notifications.incident \
         AND earlier.channel = notifications.channel AND earlier.place < notifications.place \
         AND (earlier.due_ms > ? OR earlier.leased_until_ms > ?)) \
         AND NOT EXISTS (SELECT 1 FROM channels AS before JOIN notifications AS last ON last.channel = before.id AND last.state = 0 \
         AND last.tries = 0 AND last.incident IS NOT NULL WHERE before.closing = 2 AND before.name = channels.name AND channels.closing = 0) \
         ORDER BY notifications.place LIMIT ?"
    );
    sql!(&due, now, now, now, now, at_most)
}

/// Makes the queued notifications of `which` due at `at`, unless they are due earlier.
async fn wake(work: &mut Work, which: Statement, at: Timestamp) -> Result<(), StoreError> {
    work.run(sql!("UPDATE notifications SET due_ms = ? WHERE state = 0 AND due_ms > ?", at, at).then(which)).await.map(drop)
}

/// Inserts notifications, the first at position `place`. Existing ones stay as they are, and removed channels get none. A new notification
/// of an incident makes the queued ones of that incident due: the resolved notification must not wait half a day for the next try of the
/// opened one.
pub(super) async fn insert(work: &mut Work, notifications: &[Notification], place: i64) -> Result<(), StoreError> {
    if notifications.is_empty() {
        return Ok(());
    }
    let channels: HashSet<ChannelId> = notifications.iter().map(|notification| notification.channel).collect();
    let there = work.read(sql!("SELECT id FROM channels WHERE closing < 3 AND id IN ?", any_of(channels)), |row| row.get(0)).await?;
    let there: HashSet<ChannelId> = there.into_iter().collect();
    let placed = (place..).zip(notifications).filter(|(_, notification)| there.contains(&notification.channel));
    let rows = placed.map(|(place, notification)| to_row(notification, place)).collect::<Result<Vec<_>, _>>()?;
    let into = "INSERT INTO notifications (id, channel, incident, place, message, created_ms, due_ms, leased_until_ms, tries, state, \
                ended_ms, said, kind) VALUES ";
    work.insert(into, rows, " ON CONFLICT DO NOTHING").await?;
    let news: HashMap<IncidentId, Timestamp> =
        notifications.iter().filter_map(|notification| Some((notification.incident?, notification.due))).collect();
    for (incident, at) in news {
        wake(work, sql!(" AND tries > 0 AND incident = ?", incident), at).await?;
    }
    Ok(())
}

async fn read_notified(database: &Database, which: Statement) -> Result<Vec<Notified>, StoreError> {
    let ends = format!("kind = {}", NotificationKind::Resolved.int());
    let text = format!(
        "SELECT incident, channel, CAST(CASE WHEN max(place) = max(CASE WHEN {ends} THEN place END) THEN 0 ELSE 1 END AS BIGINT), \
         count(CASE WHEN {ends} THEN 1 END) FROM notifications WHERE "
    );
    let read = |row: &Row| Ok(Notified { incident: row.get(0)?, channel: row.get(1)?, is_open: row.get(2)?, ended: row.get(3)? });
    database.read("reading what channels were notified of", sql!(&text).then(which).text(" GROUP BY incident, channel"), read).await
}

fn to_row(notification: &Notification, place: i64) -> Result<[Value; 13], StoreError> {
    let unwritten = |wrong| StoreError::Damaged(format!("notification {}: its message cannot be written: {wrong}", notification.id));
    Ok([
        notification.id.into(),
        notification.channel.into(),
        notification.incident.into(),
        place.into(),
        serde_json::to_string(&notification.message).map_err(unwritten)?.into(),
        notification.created.into(),
        notification.due.into(),
        0.into(),
        notification.tries.into(),
        notification.state.into(),
        notification.ended.into(),
        notification.said.as_deref().into(),
        notification.message.kind.into(),
    ])
}

fn from_row(row: &Row) -> Result<Notification, StoreError> {
    let id =
        Uuid::from_slice(&row.bytes("id")?).map_err(|wrong| StoreError::Damaged(format!("a notification has no valid id: {wrong}")))?;
    let row = row.of("notification", &id);
    Ok(Notification {
        id,
        channel: row.get("channel")?,
        incident: row.maybe("incident")?,
        message: row.parsed("message", serde_json::from_str(&row.text("message")?).ok())?,
        created: row.get("created_ms")?,
        due: row.get("due_ms")?,
        tries: row.get("tries")?,
        state: row.get("state")?,
        ended: row.maybe("ended_ms")?,
        said: row.maybe_text("said")?,
    })
}
