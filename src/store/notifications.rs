//! The outbox: queued notifications are leased to a sender and marked with the result.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::model::{ChannelId, IncidentId, Notification, NotificationKind, NotificationState, Timestamp};

use super::database::{Database, Row, Work};
use super::error::unreadable;
use super::evidence::{at_place, place_of};
use super::statement::{Statement, Value};
use super::{ChannelNews, ChannelQueue, NotificationFilter, Notified, Store, StoreError, channels, numbers};

const ROWS: usize = 200;

const COLUMNS: &str = "notifications.id, notifications.channel, notifications.incident, notifications.message, notifications.created_ms, notifications.due_ms, notifications.tries, \
                       notifications.state, notifications.ended_ms, notifications.said";

impl Store {
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
        for some in leased.chunks(ROWS) {
            let mark = Statement::new("UPDATE notifications SET leased_until_ms = ").bind(until.ms()).text(" WHERE id IN ");
            work.run(mark.list(some.iter().map(|notification| notification.id))).await?;
        }
        work.commit().await?;
        Ok(leased)
    }

    /// Writes the results of leased notifications (state, due, tries, ended, said) in one transaction and ends their leases. Sent
    /// notifications stay sent. When a channel accepts a notification, its rejected ones are retried at once; a stopped channel does not
    /// deliver any more. `queued` are new notifications that follow from this.
    pub async fn mark(&self, notifications: &[Notification], channels: &[ChannelNews], queued: &[Notification]) -> Result<(), StoreError> {
        let mut work = self.database.work("marking notifications").await?;
        mark(&mut work, notifications, channels, queued).await?;
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
        for some in incidents.chunks(ROWS) {
            found.extend(read_notified(&self.database, Statement::new("incident IN ").list(some.iter().map(|incident| incident.0))).await?);
        }
        Ok(found)
    }

    pub async fn channel_notified(&self, channel: ChannelId) -> Result<Vec<Notified>, StoreError> {
        read_notified(&self.database, Statement::new("incident IS NOT NULL AND channel = ").bind(channel.0)).await
    }

    pub async fn notifications(&self, which: &NotificationFilter) -> Result<Vec<Notification>, StoreError> {
        let mut statement = Statement::new("SELECT ").text(COLUMNS).text(" FROM notifications WHERE 1 = 1");
        if let Some(channel) = which.channel {
            statement = statement.text(" AND channel = ").bind(channel.0);
        }
        if let Some(incident) = which.incident {
            statement = statement.text(" AND incident = ").bind(incident.0);
        }
        if which.of_channels {
            let kinds =
                [NotificationKind::ChannelStopped, NotificationKind::ChannelResolved].map(|kind| place_of(&kind, &NotificationKind::ALL));
            statement = statement.text(" AND incident IS NULL AND kind IN ").list(kinds);
        }
        if let Some(state) = which.state {
            // Not a bound value: the partial indexes on queued and failed notifications match the text.
            statement = statement.text(&format!(" AND state = {}", place_of(&state, &NotificationState::ALL)));
        }
        if let Some(before) = which.before {
            statement = statement.text(" AND place < (SELECT place FROM notifications WHERE id = ").bind(before).text(")");
        }
        let statement = statement.text(" ORDER BY place DESC LIMIT ").bind(i64::from(which.at_most));
        self.database.read("reading notifications", statement, from_row).await
    }

    /// Queued and failed notifications per channel id. Channels without any are left out.
    pub async fn queues(&self) -> Result<Vec<(ChannelId, ChannelQueue)>, StoreError> {
        let mut found: BTreeMap<ChannelId, ChannelQueue> = BTreeMap::new();
        for state in [NotificationState::Queued, NotificationState::Failed] {
            // Grouped by an expression and not by the column: in the order of channels SQLite would scan all notifications.
            let count = format!(
                "SELECT channel + 0, count(*) FROM notifications WHERE state = {} AND channel NOT IN (SELECT id FROM channels WHERE closing = 3) GROUP BY 1",
                place_of(&state, &NotificationState::ALL)
            );
            let counted = self
                .database
                .read("counting queued notifications", Statement::new(&count), |row| Ok((ChannelId(row.int(0)?), row.int(1)?)));
            for (channel, number) in counted.await? {
                let queues = found.entry(channel).or_default();
                *if state == NotificationState::Queued { &mut queues.queued } else { &mut queues.failed } = number as u64;
            }
        }
        Ok(found.into_iter().collect())
    }

    pub async fn queue_of(&self, channel: ChannelId) -> Result<ChannelQueue, StoreError> {
        // An expression and not the column, as above: SQLite would read all notifications of the channel, most of them sent.
        let [queued, failed] = [NotificationState::Queued, NotificationState::Failed].map(|state| {
            let state = place_of(&state, &NotificationState::ALL);
            format!("(SELECT count(*) FROM notifications WHERE notifications.channel + 0 = channels.id AND state = {state})")
        });
        let counts = Statement::new(&format!("SELECT {queued}, {failed} FROM channels WHERE closing < 3 AND id = ")).bind(channel.0);
        let counts = self.database.read("counting queued notifications", counts, |row| {
            Ok(ChannelQueue { queued: row.int(0)? as u64, failed: row.int(1)? as u64 })
        });
        Ok(counts.await?.pop().unwrap_or_default())
    }

    /// Lets a channel deliver again and queues its failed notifications again: due at `now` and without tries. Returns how many; `None`
    /// when there is no such channel.
    pub async fn revive(&self, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let mut work = self.database.work("resuming a channel").await?;
        let revived = revive(&mut work, channel, now).await?;
        work.commit().await?;
        Ok(revived)
    }
}

/// What is due and can be leased. A notification waits while an earlier one of the same incident and channel is queued and cannot be
/// leased; earlier ones in the same result are leased with it. A channel that replaced another waits until the last notification of the old
/// one was tried, because both may point to the same alert.
fn due(now: Timestamp, at_most: u32) -> Statement {
    Statement::new("SELECT ")
        .text(COLUMNS)
        .text(
            " FROM notifications JOIN channels ON channels.id = notifications.channel AND (channels.enabled = 1 AND channels.closing = 0 \
             OR channels.closing IN (1, 2) AND notifications.incident IS NOT NULL) AND (channels.stopped_ms IS NULL OR channels.retried = 1) WHERE notifications.state = 0 AND notifications.due_ms <= ",
        )
        .bind(now.ms())
        .text(" AND notifications.leased_until_ms <= ")
        .bind(now.ms())
        .text(
            " AND NOT EXISTS (SELECT 1 FROM notifications AS earlier WHERE earlier.state = 0 AND earlier.incident = notifications.incident \
             AND earlier.channel = notifications.channel AND earlier.place < notifications.place AND (earlier.due_ms > ",
        )
        .bind(now.ms())
        .text(" OR earlier.leased_until_ms > ")
        .bind(now.ms())
        .text(
            ")) AND NOT EXISTS (SELECT 1 FROM channels AS before JOIN notifications AS last ON last.channel = before.id AND last.state = 0 \
             AND last.tries = 0 AND last.incident IS NOT NULL WHERE before.closing = 2 AND before.name = channels.name AND channels.closing = 0) \
             ORDER BY notifications.place LIMIT ",
        )
        .bind(i64::from(at_most))
}

/// Sent notifications stay sent: a sender whose lease had ended may still have sent one.
pub(super) async fn mark(
    work: &mut Work,
    notifications: &[Notification],
    news: &[ChannelNews],
    queued: &[Notification],
) -> Result<(), StoreError> {
    // At least one position: results change the change token too.
    let place = numbers::of_notifications(work, queued.len().max(1)).await?;
    for notification in notifications {
        let statement = Statement::new("UPDATE notifications SET leased_until_ms = 0, state = ")
            .bind(place_of(&notification.state, &NotificationState::ALL))
            .text(", due_ms = ")
            .bind(notification.due.ms())
            .text(", tries = ")
            .bind(i64::from(notification.tries))
            .text(", ended_ms = ")
            .bind(notification.ended.map(Timestamp::ms))
            .text(", said = ")
            .bind(notification.said.clone())
            .text(" WHERE id = ")
            .bind(notification.id)
            .text(" AND state <> ")
            .bind(place_of(&NotificationState::Sent, &NotificationState::ALL));
        work.run(statement).await?;
    }
    for one in news {
        channels::note(work, one).await?;
        if let ChannelNews::Accepted(channel, at) = one {
            // A channel that accepts one notification accepts the others too: the rejected ones need not wait.
            let tried = Statement::new(" AND tries > 0 AND channel = ").bind(channel.0);
            wake(work, tried, *at).await?;
        }
    }
    insert(work, queued, place).await
}

/// Makes the queued notifications of `which` due at `at`, unless they are due earlier.
async fn wake(work: &mut Work, which: Statement, at: Timestamp) -> Result<(), StoreError> {
    let statement = Statement::new("UPDATE notifications SET due_ms = ").bind(at.ms()).text(" WHERE state = 0 AND due_ms > ").bind(at.ms());
    work.run(statement.then(which)).await.map(drop)
}

/// Inserts notifications, the first at position `place`. Existing ones stay as they are, and removed channels get none. A new notification
/// of an incident makes the queued ones of that incident due: the resolved notification must not wait half a day for the next try of the
/// opened one.
pub(super) async fn insert(work: &mut Work, notifications: &[Notification], place: i64) -> Result<(), StoreError> {
    for (some, at) in notifications.chunks(ROWS).zip((place..).step_by(ROWS)) {
        let there = Statement::new("SELECT id FROM channels WHERE closing < 3 AND id IN ")
            .list(some.iter().map(|notification| notification.channel.0));
        let there: HashSet<i64> = work.read(there, |row| row.int(0)).await?.into_iter().collect();
        let placed = (at..).zip(some).filter(|(_, notification)| there.contains(&notification.channel.0));
        let rows = placed.map(|(place, notification)| to_row(notification, place)).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            continue;
        }
        let insert = Statement::new(
            "INSERT INTO notifications (id, channel, incident, place, message, created_ms, due_ms, leased_until_ms, tries, state, ended_ms, said, kind) \
             VALUES ",
        );
        work.run(insert.rows(rows).text(" ON CONFLICT DO NOTHING")).await?;
    }
    let news: HashMap<i64, Timestamp> =
        notifications.iter().filter_map(|notification| Some((notification.incident?.0, notification.due))).collect();
    for (incident, at) in news {
        let tried = Statement::new(" AND tries > 0 AND incident = ").bind(incident);
        wake(work, tried, at).await?;
    }
    Ok(())
}

pub(super) async fn revive(work: &mut Work, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError> {
    numbers::of_notifications(work, 1).await?;
    if !channels::resume(work, channel).await? {
        return Ok(None);
    }
    let statement = Statement::new("UPDATE notifications SET leased_until_ms = 0, tries = 0, ended_ms = NULL, due_ms = ")
        .bind(now.ms())
        .text(", state = ")
        .bind(place_of(&NotificationState::Queued, &NotificationState::ALL))
        .text(" WHERE channel = ")
        .bind(channel.0)
        .text(" AND state = ")
        .bind(place_of(&NotificationState::Failed, &NotificationState::ALL));
    work.run(statement).await.map(Some)
}

async fn read_notified(database: &Database, which: Statement) -> Result<Vec<Notified>, StoreError> {
    let ends = format!("kind = {}", place_of(&NotificationKind::Resolved, &NotificationKind::ALL));
    let statement = Statement::new(&format!(
        "SELECT incident, channel, CAST(CASE WHEN max(place) = max(CASE WHEN {ends} THEN place END) THEN 1 ELSE 0 END AS BIGINT), \
         count(CASE WHEN {ends} THEN 1 END) FROM notifications WHERE "
    ));
    let read = |row: &Row| {
        let ended = u32::try_from(row.int(3)?).unwrap_or(u32::MAX);
        Ok(Notified { incident: IncidentId(row.int(0)?), channel: ChannelId(row.int(1)?), is_open: row.int(2)? == 0, ended })
    };
    database.read("reading what channels were notified of", statement.then(which).text(" GROUP BY incident, channel"), read).await
}

fn to_row(notification: &Notification, place: i64) -> Result<[Value; 13], StoreError> {
    let unwritten = |wrong| StoreError::Damaged(format!("notification {}: its message cannot be written: {wrong}", notification.id));
    Ok([
        notification.id.into(),
        notification.channel.0.into(),
        notification.incident.map(|incident| incident.0).into(),
        place.into(),
        serde_json::to_string(&notification.message).map_err(unwritten)?.into(),
        notification.created.ms().into(),
        notification.due.ms().into(),
        0.into(),
        i64::from(notification.tries).into(),
        place_of(&notification.state, &NotificationState::ALL).into(),
        notification.ended.map(Timestamp::ms).into(),
        notification.said.clone().into(),
        place_of(&notification.message.kind, &NotificationKind::ALL).into(),
    ])
}

fn from_row(row: &Row) -> Result<Notification, StoreError> {
    let id =
        Uuid::from_slice(&row.bytes("id")?).map_err(|wrong| StoreError::Damaged(format!("a notification has no valid id: {wrong}")))?;
    let damaged = |field: &str| unreadable("notification", &id, field);
    Ok(Notification {
        id,
        channel: ChannelId(row.int("channel")?),
        incident: row.maybe_int("incident")?.map(IncidentId),
        message: serde_json::from_str(&row.text("message")?).map_err(|_| damaged("message"))?,
        created: Timestamp::from_ms(row.int("created_ms")?),
        due: Timestamp::from_ms(row.int("due_ms")?),
        tries: u16::try_from(row.int("tries")?).map_err(|_| damaged("number of tries"))?,
        state: at_place(row.int("state")?, &NotificationState::ALL).ok_or_else(|| damaged("state"))?,
        ended: row.maybe_int("ended_ms")?.map(Timestamp::from_ms),
        said: row.maybe_text("said")?,
    })
}
