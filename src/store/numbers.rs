//! Numbers in `heartbeat_meta`. Most are given once: of what people set up, of incidents, and the places of notifications. Whoever takes some holds back whoever else
//! would, until the transaction ends: so numbers grow in the order in which rows become visible. Two are times: the last sign of life, and up to when
//! hours are summed up.

use crate::model::{Minute, Timestamp};

use super::database::{Database, Work};
use super::statement::Statement;
use super::{Store, StoreError};

/// A change of what people set up: the revision grows with it, and new rows get their numbers from it.
pub(super) struct Numbers {
    revision_before: i64,
    next: i64,
}

impl Numbers {
    /// Begins: the revision grows first, and with it whoever else would change something waits for our end.
    pub(super) async fn begin(work: &mut Work) -> Result<Self, StoreError> {
        let revision_before = of_revision(work).await?;
        Ok(Self { revision_before, next: take(work, "next_id", 0).await? })
    }

    /// The revision that this change found.
    pub(super) const fn revision_before(&self) -> i64 {
        self.revision_before
    }

    /// A number that nothing else has.
    pub(super) const fn give(&mut self) -> i64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Ends, short of the commit.
    pub(super) async fn end(self, work: &mut Work) -> Result<(), StoreError> {
        let next = Statement::new("UPDATE heartbeat_meta SET value = ").bind(self.next).text(" WHERE name = 'next_id'");
        work.run(next).await.map(drop)
    }
}

impl Store {
    /// A number that grows with each [`Store::change`], whoever called it.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        let revision = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'revision'");
        let found = self.database.read("reading the revision", revision, |row| row.int(0)).await?;
        found.first().copied().ok_or_else(|| StoreError::Damaged("the database has lost its revision (heartbeat_meta)".into()))
    }

    /// Up to this minute every hour is summed up, as [`Store::sum_up`] said last; none before the first. Hours behind it may be there too: half done,
    /// or done by a clock that was ahead.
    pub async fn summed_up(&self) -> Result<Option<Minute>, StoreError> {
        let summed = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'summed_up'");
        let found = self.database.read("reading which hours are summed up", summed, |row| row.int(0)).await?;
        Ok(found.first().copied().map(Minute::from_index))
    }
}

/// Counts that something is changed of what people set up. Gives the revision that this change found.
pub(super) async fn of_revision(work: &mut Work) -> Result<i64, StoreError> {
    take(work, "revision", 1).await
}

/// A number for something that people set up and that no loop reads: the revision stays.
pub(super) async fn of_anything(work: &mut Work) -> Result<i64, StoreError> {
    take(work, "next_id", 1).await
}

/// The first of so many places for audit entries.
pub(super) async fn of_audit_entries(work: &mut Work, count: usize) -> Result<i64, StoreError> {
    take(work, "next_audit_entry", count as i64).await
}

/// Counts that something is written of incidents. Whoever writes of them does this before it touches their rows.
pub(super) async fn of_incident_changes(work: &mut Work) -> Result<(), StoreError> {
    take(work, "incident_changes", 1).await.map(drop)
}

/// A number for an incident.
pub(super) async fn of_incident(work: &mut Work) -> Result<i64, StoreError> {
    take(work, "next_incident", 1).await
}

/// The first of so many places for notifications. Whoever changes the outbox takes this first, also when it needs no place: so one does after the
/// other, and none can lock another out.
pub(super) async fn of_notifications(work: &mut Work, count: usize) -> Result<i64, StoreError> {
    take(work, "next_notification", count as i64).await
}

/// The last time at which Heartbeat was alive.
pub(super) async fn last_sign_of_life(database: &Database) -> Result<Option<Timestamp>, StoreError> {
    let last = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'alive_ms'");
    let found = database.read("reading the last sign of life", last, |row| row.int(0)).await?;
    Ok(found.first().copied().map(Timestamp::from_ms))
}

/// Heartbeat is alive at `now`.
pub(super) async fn sign_of_life(work: &mut Work, now: Timestamp) -> Result<(), StoreError> {
    let alive = Statement::new("INSERT INTO heartbeat_meta (name, value) VALUES ('alive_ms', ").bind(now.ms());
    work.run(alive.text(") ON CONFLICT (name) DO UPDATE SET value = excluded.value")).await.map(drop)
}

/// Hours are summed up to this minute.
pub(super) async fn sum_up(work: &mut Work, to: Minute) -> Result<(), StoreError> {
    let summed = Statement::new("INSERT INTO heartbeat_meta (name, value) VALUES ('summed_up', ").bind(to.index());
    work.run(summed.text(") ON CONFLICT (name) DO UPDATE SET value = excluded.value")).await.map(drop)
}

/// Takes `count` numbers; gives the first.
async fn take(work: &mut Work, counter: &'static str, count: i64) -> Result<i64, StoreError> {
    let grow = Statement::new("UPDATE heartbeat_meta SET value = value + ").bind(count).text(" WHERE name = ").bind(counter);
    work.run(grow).await?;
    let grown = Statement::new("SELECT value FROM heartbeat_meta WHERE name = ").bind(counter);
    let grown = work.read(grown, |row| row.int(0)).await?.first().copied();
    let lost = || StoreError::Damaged(format!("the database has lost count of its rows (heartbeat_meta, {counter})"));
    grown.map(|grown| grown - count).ok_or_else(lost)
}
