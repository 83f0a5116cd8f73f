//! A change of what people set up: projects, channels, maintenance windows and status pages, with the audit entries that tell of it, in one transaction.

use crate::model::{AuditEntry, ChannelSpec, ProjectName, ProjectSpec, StatusPage, Timestamp, Window};

use super::database::{Database, Work};
use super::numbers::Numbers;
use super::{Store, StoreError, apply, audit, channels, numbers, one_key, status_pages, windows};

/// What is to be changed at once. In each kind, what is both removed and put is removed first.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Projects to add, or to replace by name.
    pub put_projects: &'a [ProjectSpec],
    /// Projects to remove.
    pub remove_projects: &'a [ProjectName],
    /// Channels to add, or to replace by name.
    pub put_channels: &'a [ChannelSpec],
    /// Channels to remove.
    pub remove_channels: &'a [ProjectName],
    /// Maintenance windows to add, or to replace by name.
    pub put_windows: &'a [Window],
    /// Maintenance windows to remove.
    pub remove_windows: &'a [ProjectName],
    /// Status pages to add, or to replace by name.
    pub put_status_pages: &'a [StatusPage],
    /// Status pages to remove.
    pub remove_status_pages: &'a [ProjectName],
    /// What is told of it.
    pub audit_entries: &'a [AuditEntry],
    /// When: switches are turned, and routes begin, at this instant.
    pub at: Timestamp,
    /// The revision that it was worked out from. When somebody has changed something since, nothing is written.
    pub expected: Option<i64>,
}

/// Nothing, in 1970.
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

/// So often a change is worked out anew, before others are said to be in the way.
const TRIES: usize = 5;

/// The turns that a change has: it is worked out from what is there, and written only if that is so still; else it is worked out anew. One that is
/// to be made of what somebody has read has one turn, at the revision of that.
#[derive(Debug)]
pub struct Turns {
    since: Option<i64>,
    taken: usize,
}

/// Why there is no further turn.
#[derive(Debug)]
pub enum NoTurn {
    /// It is not as it was when it was read.
    Changed,
    /// Others changed things each time that we were about to.
    Busy,
    /// The store failed.
    Store(StoreError),
}

impl Turns {
    /// Of a change that may be made only if nobody changed anything since this revision, where one is given.
    #[must_use]
    pub const fn since(revision: Option<i64>) -> Self {
        Self { since: revision, taken: 0 }
    }

    /// The revision from which to work it out.
    ///
    /// # Errors
    /// When there was a turn for each that there may be, and the store's.
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

/// How a change of who may come in is written: with the audit entry that tells of it, and only on this condition.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    /// What is told of it.
    pub audit_entry: &'a AuditEntry,
    /// The revision that it was worked out from. When somebody has changed something since, nothing is written: [`StoreError::Outrun`].
    pub expected: Option<i64>,
}

/// Whatever anybody changed since.
impl<'a> From<&'a AuditEntry> for Checked<'a> {
    fn from(audit_entry: &'a AuditEntry) -> Self {
        Self { audit_entry, expected: None }
    }
}

impl Checked<'_> {
    /// Begins: the revision grows, and whoever else would change something waits.
    pub(super) async fn begin(self, work: &mut Work) -> Result<(), StoreError> {
        let before = numbers::of_revision(work).await?;
        if self.expected.is_some_and(|expected| expected != before) { Err(StoreError::Outrun) } else { Ok(()) }
    }

    /// Ends: what was written and the audit entry that tells of it happen together, and outlast a power cut.
    pub(super) async fn commit(self, database: &Database, work: Work) -> Result<(), StoreError> {
        audit::commit(database, work, self.audit_entry).await
    }
}

impl Change<'_> {
    const fn is_of_projects(&self) -> bool {
        !self.put_projects.is_empty() || !self.remove_projects.is_empty()
    }

    const fn is_of_channels(&self) -> bool {
        !self.put_channels.is_empty() || !self.remove_channels.is_empty()
    }

    const fn is_of_windows(&self) -> bool {
        !self.put_windows.is_empty() || !self.remove_windows.is_empty()
    }

    const fn is_of_status_pages(&self) -> bool {
        !self.put_status_pages.is_empty() || !self.remove_status_pages.is_empty()
    }

    /// What is tried, in words for an error.
    const fn what(&self) -> &'static str {
        match (self.is_of_projects(), self.is_of_channels(), self.is_of_windows(), self.is_of_status_pages()) {
            (false, true, false, false) => "changing channels",
            (false, false, true, false) => "changing maintenance windows",
            (false, false, false, true) => "changing status pages",
            (_, false, false, false) => "changing projects",
            _ => "changing settings",
        }
    }
}

impl Store {
    /// Changes what people set up: projects, channels and windows, and writes the audit entries that tell of it; all of it in one transaction, or nothing.
    /// False, and nothing is written, when a revision is expected and is not the one that is found. The revision grows.
    ///
    /// Putting adds a project, channel or window, or replaces it by name; what is both removed and put is removed first, and put anew. Of a project,
    /// routes keep their number while their name stays, a route that is gone is retired (its beats stay until retention), a turn of an app's
    /// switch becomes a `Switch`. A removed project takes its routes, beats, hours, looks and evidence with it; its incidents stay, to be
    /// resolved and told. The pair of webhooks of a project's Ingestion Alert is a channel that comes and goes with the app's settings;
    /// when the app or the project is removed it stays until nothing is owed to it. A channel of which anything changed delivers again; a removed
    /// one takes along what it owes, and what it was notified of stays on record. Nothing is encrypted while anything else in the store does not open with this store's key:
    /// [`crate::store::SealError::OtherKey`]. One that is removed, disabled or led elsewhere while its service keeps an
    /// alert of it open is closed first: see [`Store::closing_channels`]. What leads elsewhere is another channel, of another number.
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
        work.commit().await?;
        self.database.persist(change.what()).await?;
        Ok(true)
    }

    /// [`Store::change`] of projects alone.
    pub async fn apply(&self, put: &[ProjectSpec], remove: &[ProjectName], now: Timestamp) -> Result<(), StoreError> {
        self.change(&Change { put_projects: put, remove_projects: remove, at: now, ..Change::default() }).await.map(drop)
    }

    /// [`Store::change`] of channels alone.
    pub async fn apply_channels(&self, put: &[ChannelSpec], remove: &[ProjectName]) -> Result<(), StoreError> {
        self.change(&Change { put_channels: put, remove_channels: remove, ..Change::default() }).await.map(drop)
    }

    /// [`Store::change`] of maintenance windows alone.
    pub async fn apply_windows(&self, put: &[Window], remove: &[ProjectName]) -> Result<(), StoreError> {
        self.change(&Change { put_windows: put, remove_windows: remove, ..Change::default() }).await.map(drop)
    }
}
