//! The outbox: notifications that are owed, leased to whoever sends them, and marked with what came of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::model::{ChannelId, IncidentId, Notification, NotificationKind, NotificationState, Timestamp};

use super::database::{Database, Row, Work};
use super::evidence::{at_place, place_of};
use super::statement::{Statement, Value};
use super::{ChannelNews, ChannelQueue, NotificationFilter, Notified, Store, StoreError, channels, numbers};

/// Rows carry whole messages: fewer go into one statement.
const ROWS: usize = 200;

const COLUMNS: &str = "notifications.id, notifications.channel, notifications.incident, notifications.message, notifications.created_ms, notifications.due_ms, notifications.tries, \
                       notifications.state, notifications.ended_ms, notifications.said";

impl Store {
    /// Leases what is owed: all notifications that are due at `now`, of channels that deliver, that nobody else has leased, at most `at_most`,
    /// in the order in which they were written. Of one incident and channel none is given while an earlier one is owed and not given. They
    /// are nobody else's until `until`.
    pub async fn lease(&self, now: Timestamp, until: Timestamp, at_most: u32) -> Result<Vec<Notification>, StoreError> {
        const WHAT: &str = "leasing notifications";
        // Nothing is due most of the time: then nothing is written, and nobody is held up.
        if self.database.read(WHAT, due(now, 1), |_| Ok(())).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut work = self.database.work(WHAT).await?;
        numbers::of_notifications(&mut work, 0).await?;
        let leased = work.read(due(now, at_most), from_row).await?;
        for some in leased.chunks(ROWS) {
            let mark = Statement::new("UPDATE notifications SET leased_until_ms = ").bind(until.ms()).text(" WHERE id IN ");
            work.run(mark.list(some.iter().map(|notification| key(notification.id)))).await?;
        }
        work.commit().await?;
        Ok(leased)
    }

    /// Writes what came of leased notifications, in one transaction: state, due, tries, ended and said, as they stand in `notifications`; ends their
    /// leases. What was sent stays sent. A channel that took something has whatever it refused before tried again at once; one that stopped
    /// does not deliver from now on. `owed` are new notifications, where there is something to tell because of that.
    pub async fn mark(&self, notifications: &[Notification], channels: &[ChannelNews], queued: &[Notification]) -> Result<(), StoreError> {
        let mut work = self.database.work("marking notifications").await?;
        mark(&mut work, notifications, channels, queued).await?;
        work.commit().await
    }

    /// Owes notifications. Those that are there already stay as they are.
    pub async fn owe(&self, notifications: &[Notification]) -> Result<(), StoreError> {
        let mut work = self.database.work("owing notifications").await?;
        let place = numbers::of_notifications(&mut work, notifications.len()).await?;
        insert(&mut work, notifications, place).await?;
        work.commit().await
    }

    /// What each channel was notified of these incidents; who was never notified of one is not among them.
    pub async fn notified(&self, incidents: &[IncidentId]) -> Result<Vec<Notified>, StoreError> {
        let mut found = Vec::new();
        for some in incidents.chunks(ROWS) {
            found.extend(read_notified(&self.database, Statement::new("incident IN ").list(some.iter().map(|incident| incident.0))).await?);
        }
        Ok(found)
    }

    /// What this channel was notified of any incident.
    pub async fn channel_notified(&self, channel: ChannelId) -> Result<Vec<Notified>, StoreError> {
        read_notified(&self.database, Statement::new("incident IS NOT NULL AND channel = ").bind(channel.0)).await
    }

    /// Notifications, newest first.
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
            // Not as a value: the indexes on what is owed and what is dead are found by the text.
            statement = statement.text(&format!(" AND state = {}", place_of(&state, &NotificationState::ALL)));
        }
        if let Some(before) = which.before {
            statement = statement.text(" AND place < (SELECT place FROM notifications WHERE id = ").bind(key(before)).text(")");
        }
        let statement = statement.text(" ORDER BY place DESC LIMIT ").bind(i64::from(which.at_most));
        self.database.read("reading notifications", statement, from_row).await
    }

    /// How many notifications each channel still owes, and how many were given up, by its number. A channel that has none of either is left out.
    pub async fn queues(&self) -> Result<Vec<(ChannelId, ChannelQueue)>, StoreError> {
        let mut found: BTreeMap<ChannelId, ChannelQueue> = BTreeMap::new();
        for state in [NotificationState::Queued, NotificationState::Failed] {
            // By a sum, and not by the channel: in the order of channels SQLite would walk through all that was ever sent.
            let count = format!(
                "SELECT channel + 0, count(*) FROM notifications WHERE state = {} AND channel NOT IN (SELECT id FROM channels WHERE closing = 3) GROUP BY 1",
                place_of(&state, &NotificationState::ALL)
            );
            let counted =
                self.database.read("counting what is owed", Statement::new(&count), |row| Ok((ChannelId(row.int(0)?), row.int(1)?)));
            for (channel, number) in counted.await? {
                let queues = found.entry(channel).or_default();
                *if state == NotificationState::Queued { &mut queues.queued } else { &mut queues.dead } = number as u64;
            }
        }
        Ok(found.into_iter().collect())
    }

    /// How many notifications this channel still owes, and how many were given up.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn queue_of(&self, channel: ChannelId) -> Result<ChannelQueue, StoreError> {
        Ok(self.queues().await?.into_iter().find(|(id, _)| *id == channel).map(|(_, queues)| queues).unwrap_or_default())
    }

    /// Lets a channel deliver again, and owes its dead notifications anew: due `now`, and as if never tried. Says how many; none when there is no such channel.
    pub async fn revive(&self, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let mut work = self.database.work("letting a channel deliver again").await?;
        let revived = revive(&mut work, channel, now).await?;
        work.commit().await?;
        Ok(revived)
    }
}

/// What is due and may be given away. Of one incident and channel, nothing is while an earlier one is owed and may not be given: whatever
/// stands before it in the answer is given with it. One that took the place of another is given nothing before that one's last word was tried: both
/// may lead to the same alert.
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

/// Writes what came of leased notifications, and what there is to tell because of that. What was taken stays taken: somebody whose lease had ended
/// may still have sent it.
pub(super) async fn mark(
    work: &mut Work,
    notifications: &[Notification],
    news: &[ChannelNews],
    queued: &[Notification],
) -> Result<(), StoreError> {
    // One place at least: what came of notifications is news as well.
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
            .bind(key(notification.id))
            .text(" AND state <> ")
            .bind(place_of(&NotificationState::Sent, &NotificationState::ALL));
        work.run(statement).await?;
    }
    for one in news {
        channels::note(work, one).await?;
        if let ChannelNews::Accepted(channel, at) = one {
            // Who takes one takes the others as well: those that were refused before need not wait any longer.
            let tried = Statement::new(" AND tries > 0 AND channel = ").bind(channel.0);
            wake(work, tried, *at).await?;
        }
    }
    insert(work, queued, place).await
}

/// Makes what is owed due at `at`, where it would be later: those notifications that `which` names.
async fn wake(work: &mut Work, which: Statement, at: Timestamp) -> Result<(), StoreError> {
    let statement = Statement::new("UPDATE notifications SET due_ms = ").bind(at.ms()).text(" WHERE state = 0 AND due_ms > ").bind(at.ms());
    work.run(statement.then(which)).await.map(drop)
}

/// Inserts notifications, the first at `place`. Those that are there already stay as they are; to a channel that is gone nothing is owed. News of an
/// incident wakes what is owed of it: that it is over must not wait half a day for the next try of that it opened.
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

/// Lets a channel deliver again and owes its dead notifications anew; says how many.
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

fn key(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn to_row(notification: &Notification, place: i64) -> Result<[Value; 13], StoreError> {
    let unwritten = |wrong| StoreError::Damaged(format!("notice {}: its message cannot be written: {wrong}", notification.id));
    Ok([
        key(notification.id).into(),
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
    let id = Uuid::from_slice(&row.bytes(0)?).map_err(|wrong| StoreError::Damaged(format!("a notice has no id: {wrong}")))?;
    let damaged = |field: &str| StoreError::Damaged(format!("notice {id}: its {field} in the database cannot be read"));
    Ok(Notification {
        id,
        channel: ChannelId(row.int(1)?),
        incident: row.maybe_int(2)?.map(IncidentId),
        message: serde_json::from_str(&row.text(3)?).map_err(|_| damaged("message"))?,
        created: Timestamp::from_ms(row.int(4)?),
        due: Timestamp::from_ms(row.int(5)?),
        tries: u16::try_from(row.int(6)?).map_err(|_| damaged("number of tries"))?,
        state: at_place(row.int(7)?, &NotificationState::ALL).ok_or_else(|| damaged("state"))?,
        ended: row.maybe_int(8)?.map(Timestamp::from_ms),
        said: row.maybe_text(9)?,
    })
}
