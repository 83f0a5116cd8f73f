//! The counters in `heartbeat_meta`: ids of settings and incidents, positions of notifications and audit entries, and the revision. Taking
//! a number blocks other transactions until this one ends, so numbers grow in the order in which rows become visible. Two values are times:
//! the last heartbeat of the service, and how far hours are aggregated.

use crate::model::{IncidentId, Minute, Timestamp};

use super::database::Work;
use super::statement::{Statement, sql};
use super::value::Whole;
use super::{Store, StoreError};

pub(super) const REVISION: &str = "revision";
pub(super) const NOTIFICATIONS: &str = "next_notification";

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
        work.run(sql!("UPDATE heartbeat_meta SET value = ? WHERE name = 'next_id'", self.next)).await.map(drop)
    }
}

impl Store {
    /// Grows with each [`Store::change`] by any node.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        self.meta("reading the revision", REVISION).await?.ok_or_else(|| missing(REVISION))
    }

    /// All hours before this minute are aggregated, as the last [`Store::sum_up`] set it. Later hours may exist too: unfinished, or written
    /// while the clock was ahead.
    pub async fn summed_up(&self) -> Result<Option<Minute>, StoreError> {
        self.meta("reading which hours are aggregated", "summed_up").await
    }

    pub async fn last_sign_of_life(&self) -> Result<Option<Timestamp>, StoreError> {
        self.meta("reading when the service was last alive", "alive_ms").await
    }

    pub async fn sign_of_life(&self, now: Timestamp) -> Result<(), StoreError> {
        self.database.run("writing that the service is alive", setting("alive_ms", now)).await.map(drop)
    }

    async fn meta<T: Whole + Send>(&self, what: &'static str, name: &str) -> Result<Option<T>, StoreError> {
        self.database.read_one(what, sql!("SELECT value FROM heartbeat_meta WHERE name = ?", name), |row| row.get(0)).await
    }
}

pub(super) async fn of_revision(work: &mut Work) -> Result<i64, StoreError> {
    take(work, REVISION, 1).await
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

pub(super) async fn of_incident(work: &mut Work) -> Result<IncidentId, StoreError> {
    take(work, "next_incident", 1).await.map(IncidentId)
}

/// The first of `count` positions. Call this before the transaction changes the outbox, also without a new notification: so transactions
/// run one after the other and cannot deadlock.
pub(super) async fn of_notifications(work: &mut Work, count: usize) -> Result<i64, StoreError> {
    take(work, NOTIFICATIONS, count as i64).await
}

pub(super) async fn set(work: &mut Work, name: &str, value: impl Whole) -> Result<(), StoreError> {
    work.run(setting(name, value)).await.map(drop)
}

fn setting(name: &str, value: impl Whole) -> Statement {
    let set = "INSERT INTO heartbeat_meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql!(set, name, value.int())
}

async fn take(work: &mut Work, counter: &'static str, count: i64) -> Result<i64, StoreError> {
    let take = sql!("UPDATE heartbeat_meta SET value = value + ? WHERE name = ? RETURNING value", count, counter);
    let grown = work.read_one(take, |row| row.int(0)).await?.ok_or_else(|| missing(counter))?;
    work.grew(counter, grown);
    Ok(grown - count)
}

fn missing(counter: &str) -> StoreError {
    StoreError::Damaged(format!("the counter {counter} is missing in the database (heartbeat_meta)"))
}
