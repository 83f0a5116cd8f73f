//! A change of the settings (projects, channels, maintenance windows, status pages) with its audit entries, in one transaction.

use crate::model::{AuditEntry, ChannelSpec, ProjectName, ProjectSpec, StatusPage, Timestamp, Window};

use super::database::{Database, Work};
use super::numbers::Numbers;
use super::{Store, StoreError, apply, audit, channels, numbers, one_key, status_pages, windows};

/// A set of changes that is applied at once. An item that is both removed and put is removed first.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub put_projects: &'a [ProjectSpec],
    pub remove_projects: &'a [ProjectName],
    pub put_channels: &'a [ChannelSpec],
    pub remove_channels: &'a [ProjectName],
    pub put_windows: &'a [Window],
    pub remove_windows: &'a [ProjectName],
    pub put_status_pages: &'a [StatusPage],
    pub remove_status_pages: &'a [ProjectName],
    pub audit_entries: &'a [AuditEntry],
    /// Apps are enabled or disabled, and routes begin, at this time.
    pub at: Timestamp,
    /// The revision that the change is based on. If it is no longer current, nothing is written.
    pub expected: Option<i64>,
}

impl Default for Change<'_> {
    fn default() -> Self {
        Self {
            put_projects: &[],
            remove_projects: &[],
            put_channels: &[],
            remove_channels: &[],
            put_windows: &[],
            remove_windows: &[],
            put_status_pages: &[],
            remove_status_pages: &[],
            audit_entries: &[],
            at: Timestamp::from_ms(0),
            expected: None,
        }
    }
}

/// How often a change is computed again before it fails with [`NoTurn::Busy`].
const TRIES: usize = 5;

/// The attempts of a change: it is computed from the stored settings, and written only if they have not changed meanwhile; otherwise it is
/// computed again. A change that is based on a given revision has one attempt.
#[derive(Debug)]
pub struct Turns {
    since: Option<i64>,
    taken: usize,
}

#[derive(Debug)]
pub enum NoTurn {
    Changed,
    Busy,
    Store(StoreError),
}

impl Turns {
    #[must_use]
    pub const fn since(revision: Option<i64>) -> Self {
        Self { since: revision, taken: 0 }
    }

    pub async fn next(&mut self, store: &Store) -> Result<i64, NoTurn> {
        self.taken += 1;
        match self.since {
            Some(_) if self.taken > 1 => Err(NoTurn::Changed),
            None if self.taken > TRIES => Err(NoTurn::Busy),
            Some(revision) => Ok(revision),
            None => store.revision().await.map_err(NoTurn::Store),
        }
    }
}

/// A change of users or tokens: written together with its audit entry, and only if the expected revision is current.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    pub audit_entry: &'a AuditEntry,
    /// The revision that the change is based on. If it is no longer current, nothing is written and the error is [`StoreError::Outrun`].
    pub expected: Option<i64>,
}

impl<'a> From<&'a AuditEntry> for Checked<'a> {
    fn from(audit_entry: &'a AuditEntry) -> Self {
        Self { audit_entry, expected: None }
    }
}

impl Checked<'_> {
    pub(super) async fn begin(self, work: &mut Work) -> Result<(), StoreError> {
        let before = numbers::of_revision(work).await?;
        if self.expected.is_some_and(|expected| expected != before) { Err(StoreError::Outrun) } else { Ok(()) }
    }

    pub(super) async fn commit(self, database: &Database, work: Work) -> Result<(), StoreError> {
        audit::commit(database, work, self.audit_entry).await
    }
}

impl Change<'_> {
    const fn what(&self) -> &'static str {
        let of_projects = !self.put_projects.is_empty() || !self.remove_projects.is_empty();
        let of_channels = !self.put_channels.is_empty() || !self.remove_channels.is_empty();
        let of_windows = !self.put_windows.is_empty() || !self.remove_windows.is_empty();
        let of_status_pages = !self.put_status_pages.is_empty() || !self.remove_status_pages.is_empty();
        match (of_projects, of_channels, of_windows, of_status_pages) {
            (false, true, false, false) => "changing channels",
            (false, false, true, false) => "changing maintenance windows",
            (false, false, false, true) => "changing status pages",
            (_, false, false, false) => "changing projects",
            _ => "changing settings",
        }
    }
}

impl Store {
    /// Changes the settings and writes the audit entries in one transaction. Returns false and writes nothing when the expected revision is
    /// not current.
    ///
    /// - A route keeps its id while its name stays. A removed route is retired; its beats stay until retention deletes them.
    /// - Enabling or disabling an app adds a `Switch`.
    /// - A removed project takes its routes, beats, hours, read-backs and evidence with it. Its incidents stay, to be resolved and
    ///   notified, and so does its webhook channel until its queue is empty.
    /// - A changed channel delivers again. A removed one drops its queue, but its sent notifications stay. If its service has an open
    ///   alert, that is closed first: see [`Store::closing_channels`]. A channel with a new target gets a new id.
    /// - Nothing is encrypted while a stored secret cannot be decrypted with this store's key: [`crate::store::CipherError::OtherKey`].
    pub async fn change(&self, change: &Change<'_>) -> Result<bool, StoreError> {
        let mut work = self.database.work(change.what()).await?;
        let mut numbers = Numbers::begin(&mut work).await?;
        if change.expected.is_some_and(|expected| expected != numbers.revision_before()) {
            return Ok(false);
        }
        one_key::check(&mut work, &self.cipher, change).await?;
        apply::apply(&mut work, &self.cipher, &mut numbers, change).await?;
        channels::apply(&mut work, &self.cipher, &mut numbers, change).await?;
        windows::apply(&mut work, change).await?;
        status_pages::apply(&mut work, change).await?;
        numbers.end(&mut work).await?;
        audit::write(&mut work, change.audit_entries).await?;
        self.database.persist(work).await?;
        Ok(true)
    }

    pub async fn apply(&self, put: &[ProjectSpec], remove: &[ProjectName], now: Timestamp) -> Result<(), StoreError> {
        self.change(&Change { put_projects: put, remove_projects: remove, at: now, ..Change::default() }).await.map(drop)
    }

    pub async fn apply_channels(&self, put: &[ChannelSpec], remove: &[ProjectName]) -> Result<(), StoreError> {
        self.change(&Change { put_channels: put, remove_channels: remove, ..Change::default() }).await.map(drop)
    }

    pub async fn apply_windows(&self, put: &[Window], remove: &[ProjectName]) -> Result<(), StoreError> {
        self.change(&Change { put_windows: put, remove_windows: remove, ..Change::default() }).await.map(drop)
    }
}
