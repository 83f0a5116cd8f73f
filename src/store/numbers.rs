//! The counters in `heartbeat_meta`: ids of settings and incidents, positions of notifications and audit entries, and the revision. Taking
//! a number blocks other transactions until this one ends, so numbers grow in the order in which rows become visible. Two values are times:
//! the last heartbeat of the service, and how far hours are aggregated.

use crate::model::{Minute, Timestamp};

use super::database::{Database, Work};
use super::statement::Statement;
use super::{Store, StoreError};

/// A change of the settings: it increments the revision and assigns the ids of new rows.
pub(super) struct Numbers {
    revision_before: i64,
    next: i64,
}

impl Numbers {
    /// Increments the revision first, so that other changes wait until this one ends.
    pub(super) async fn begin(work: &mut Work) -> Result<Self, StoreError> {
        let revision_before = of_revision(work).await?;
        Ok(Self { revision_before, next: take(work, "next_id", 0).await? })
    }

    pub(super) const fn revision_before(&self) -> i64 {
        self.revision_before
    }

    pub(super) const fn give(&mut self) -> i64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// To be called before the commit.
    pub(super) async fn end(self, work: &mut Work) -> Result<(), StoreError> {
        let next = Statement::new("UPDATE heartbeat_meta SET value = ").bind(self.next).text(" WHERE name = 'next_id'");
        work.run(next).await.map(drop)
    }
}

impl Store {
    /// Grows with each [`Store::change`] by any node.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        let revision = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'revision'");
        let found = self.database.read("reading the revision", revision, |row| row.int(0)).await?;
        found.first().copied().ok_or_else(|| StoreError::Damaged("the revision is missing in the database (heartbeat_meta)".into()))
    }

    /// All hours before this minute are aggregated, as the last [`Store::sum_up`] set it. Later hours may exist too: unfinished, or written
    /// while the clock was ahead.
    pub async fn summed_up(&self) -> Result<Option<Minute>, StoreError> {
        let summed = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'summed_up'");
        let found = self.database.read("reading which hours are aggregated", summed, |row| row.int(0)).await?;
        Ok(found.first().copied().map(Minute::from_index))
    }
}

pub(super) async fn of_revision(work: &mut Work) -> Result<i64, StoreError> {
    take(work, "revision", 1).await
}

/// An id for a setting that no loop reads: the revision stays.
pub(super) async fn of_anything(work: &mut Work) -> Result<i64, StoreError> {
    take(work, "next_id", 1).await
}

pub(super) async fn of_audit_entries(work: &mut Work, count: usize) -> Result<i64, StoreError> {
    take(work, "next_audit_entry", count as i64).await
}

/// Call this before the transaction touches a row of an incident.
pub(super) async fn of_incident_changes(work: &mut Work) -> Result<(), StoreError> {
    take(work, "incident_changes", 1).await.map(drop)
}

pub(super) async fn of_incident(work: &mut Work) -> Result<i64, StoreError> {
    take(work, "next_incident", 1).await
}

/// transactions run one after the other and cannot deadlock.
pub(super) async fn of_notifications(work: &mut Work, count: usize) -> Result<i64, StoreError> {
    take(work, "next_notification", count as i64).await
}

pub(super) async fn last_sign_of_life(database: &Database) -> Result<Option<Timestamp>, StoreError> {
    let last = Statement::new("SELECT value FROM heartbeat_meta WHERE name = 'alive_ms'");
    let found = database.read("reading when the service was last alive", last, |row| row.int(0)).await?;
    Ok(found.first().copied().map(Timestamp::from_ms))
}

pub(super) async fn sign_of_life(work: &mut Work, now: Timestamp) -> Result<(), StoreError> {
    let alive = Statement::new("INSERT INTO heartbeat_meta (name, value) VALUES ('alive_ms', ").bind(now.ms());
    work.run(alive.text(") ON CONFLICT (name) DO UPDATE SET value = excluded.value")).await.map(drop)
}

pub(super) async fn sum_up(work: &mut Work, to: Minute) -> Result<(), StoreError> {
    let summed = Statement::new("INSERT INTO heartbeat_meta (name, value) VALUES ('summed_up', ").bind(to.index());
    work.run(summed.text(") ON CONFLICT (name) DO UPDATE SET value = excluded.value")).await.map(drop)
}

async fn take(work: &mut Work, counter: &'static str, count: i64) -> Result<i64, StoreError> {
    let grow = Statement::new("UPDATE heartbeat_meta SET value = value + ").bind(count).text(" WHERE name = ").bind(counter);
    work.run(grow).await?;
    let grown = Statement::new("SELECT value FROM heartbeat_meta WHERE name = ").bind(counter);
    let grown = work.read(grown, |row| row.int(0)).await?.first().copied();
    let lost = || StoreError::Damaged(format!("the counter {counter} is missing in the database (heartbeat_meta)"));
    grown.map(|grown| grown - count).ok_or_else(lost)
}
