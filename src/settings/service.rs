//! The one way to write: read what is, let somebody say what should be, write the difference; and again, when another was faster.

use super::audit::audit_entries;
use super::by::By;
use super::entity::{StoredEntity, companions};
use super::error::{ChangeError, Clash};
use super::stored::Stored;
use crate::config::{Change, Plan, Plans, Subject};
use crate::model::{ProjectName, Timestamp};
use crate::store::{self, Store, Turns};

/// Where somebody changes projects, channels, maintenance windows and status pages.
#[derive(Clone)]
pub struct SettingsService<'s> {
    /// What is changed.
    pub store: &'s Store,
    /// Who changes it.
    pub by: By,
    /// When.
    pub at: Timestamp,
    /// Whether the changes are only to be seen.
    pub dry_run: bool,
    /// Nothing is changed once somebody has changed anything since this revision, where one is given.
    pub since: Option<i64>,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// Each difference, for a person. Where there is none, nothing was written.
    pub changes: Vec<Change>,
    /// What is there now, or was until it was removed; of a dry run, what would be.
    pub now: T,
}

impl<'s> SettingsService<'s> {
    /// A desk at which things are written.
    #[must_use]
    pub const fn new(store: &'s Store, by: By, at: Timestamp) -> Self {
        Self { store, by, at, dry_run: false, since: None }
    }

    /// Adds a project, a channel, a maintenance window or a status page.
    ///
    /// # Errors
    /// [`Clash::Taken`] when there is one of its name; a problem where it names a project that is not there.
    pub async fn add<T: StoredEntity>(&self, one: T) -> Result<Done<T>, ChangeError> {
        let mut turns = Turns::since(self.since);
        loop {
            let revision = turns.next(self.store).await?;
            if T::find(self.store, one.name()).await?.is_some() {
                return Err(Clash::Exists(Subject { kind: T::KIND, name: one.name().clone() }).into());
            }
            companions(&one, None, self.store).await?;
            if let Some(changes) = self.write(T::alone(Plan::of(&[], vec![one.clone()], Vec::new())), revision).await? {
                return Ok(Done { changes, now: one });
            }
        }
    }

    /// Changes the one of this name. What is wanted is asked for again when another changed something meanwhile: so both changes survive.
    ///
    /// # Errors
    /// [`EditError::Absent`], what `wanted` says, or a problem where it comes to name a project that is not there.
    pub async fn change<T: StoredEntity>(
        &self,
        name: &str,
        mut desired: impl FnMut(&T) -> Result<T, ChangeError>,
    ) -> Result<Done<T>, ChangeError> {
        let mut turns = Turns::since(self.since);
        loop {
            let revision = turns.next(self.store).await?;
            let known: T = self.find(name).await?;
            let one = desired(&known)?;
            debug_assert_eq!(one.name(), known.name(), "what is changed keeps its name");
            companions(&one, Some(&known), self.store).await?;
            if let Some(changes) = self.write(T::alone(Plan::of(&[known], vec![one.clone()], Vec::new())), revision).await? {
                return Ok(Done { changes, now: one });
            }
        }
    }

    /// Removes the one of this name: a project with everything remembered of it but its incidents, a channel with what is owed to it. Its secrets need not
    /// open.
    ///
    /// # Errors
    /// [`EditError::Absent`].
    pub async fn remove<T: StoredEntity>(&self, name: &str) -> Result<Done<T>, ChangeError> {
        let mut turns = Turns::since(self.since);
        loop {
            let revision = turns.next(self.store).await?;
            let known: T = self.find_to_remove(name).await?;
            let plan = Plan::of(std::slice::from_ref(&known), Vec::new(), vec![known.name().clone()]);
            if let Some(changes) = self.write(T::alone(plan), revision).await? {
                return Ok(Done { changes, now: known });
            }
        }
    }

    /// Writes what `plans` makes of everything that is there.
    ///
    /// # Errors
    /// What `plans` says.
    pub async fn apply(&self, mut plans: impl FnMut(&Stored) -> Result<Plans, ChangeError>) -> Result<Vec<Change>, ChangeError> {
        let mut turns = Turns::since(self.since);
        loop {
            let revision = turns.next(self.store).await?;
            let plans = plans(&Stored::read(self.store).await?)?;
            if let Some(changes) = self.write(plans, revision).await? {
                return Ok(changes);
            }
        }
    }

    /// The one of this name.
    ///
    /// # Errors
    /// [`EditError::Absent`], with those that there are.
    pub async fn find<T: StoredEntity>(&self, name: &str) -> Result<T, ChangeError> {
        let found = match ProjectName::parse(name) {
            Ok(name) => T::find(self.store, &name).await?,
            Err(_) => None,
        };
        self.or_absent(name, found).await
    }

    /// The same, to be removed.
    async fn find_to_remove<T: StoredEntity>(&self, name: &str) -> Result<T, ChangeError> {
        let found = match ProjectName::parse(name) {
            Ok(name) => T::find_to_remove(self.store, &name).await?,
            Err(_) => None,
        };
        self.or_absent(name, found).await
    }

    /// What was found; else that there is none, and which there are.
    async fn or_absent<T: StoredEntity>(&self, name: &str, found: Option<T>) -> Result<T, ChangeError> {
        match found {
            Some(found) => Ok(found),
            None => Err(ChangeError::Absent { what: T::KIND.called(), name: name.to_owned(), known: T::names(self.store).await? }),
        }
    }

    /// Writes what there is to write, in one transaction with the audit entries that tell of it, and gives it; none, and nothing is written, when somebody
    /// changed something since `revision`.
    pub async fn write(&self, plans: impl Into<Plans>, revision: i64) -> Result<Option<Vec<Change>>, ChangeError> {
        let plans = plans.into();
        let changes = plans.changes().cloned().collect::<Vec<_>>();
        if self.dry_run || changes.is_empty() {
            return Ok(Some(changes));
        }
        let Plans { projects, channels, windows, status_pages } = &plans;
        let whole = store::Change {
            put_projects: &projects.put,
            remove_projects: &projects.remove,
            put_channels: &channels.put,
            remove_channels: &channels.remove,
            put_windows: &windows.put,
            remove_windows: &windows.remove,
            put_status_pages: &status_pages.put,
            remove_status_pages: &status_pages.remove,
            audit_entries: &audit_entries(&changes, &self.by, self.at),
            at: self.at,
            expected: Some(revision),
        };
        Ok(self.store.change(&whole).await?.then_some(changes))
    }
}
