//! The only way to write settings: reads the current state, applies the desired one, writes the difference. Retries after a concurrent
//! change.

use super::audit::audit_entries;
use super::by::By;
use super::entity::{StoredEntity, companions};
use super::error::{ChangeError, Clash};
use super::stored::Stored;
use super::version::EntityVersion;
use crate::config::{Change, Entity, Plan, Plans, Subject};
use crate::model::{ProjectName, Timestamp};
use crate::store::{self, Store, Turns};

#[derive(Clone)]
pub struct SettingsService<'s> {
    pub store: &'s Store,
    pub by: By,
    pub at: Timestamp,
    /// Returns the changes without writing them.
    pub dry_run: bool,
    /// Fails if anything changed after this revision.
    pub since: Option<i64>,
    /// A change of an entity fails if it was made from this version and the entity has another one.
    pub version: Option<EntityVersion>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// Empty if nothing was written.
    pub changes: Vec<Change>,
    /// The new state, the removed entity, or the result of a dry run.
    pub now: T,
}

impl<'s> SettingsService<'s> {
    #[must_use]
    pub const fn new(store: &'s Store, by: By, at: Timestamp) -> Self {
        Self { store, by, at, dry_run: false, since: None, version: None }
    }

    /// Fails if the name exists, or if a named project does not exist.
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

    /// `desired` is called again after a concurrent change, so that both changes survive.
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
            debug_assert_eq!(one.name(), known.name(), "a change keeps the name");
            self.check_version(&known, &one)?;
            companions(&one, Some(&known), self.store).await?;
            if let Some(changes) = self.write(T::alone(Plan::of(&[known], vec![one.clone()], Vec::new())), revision).await? {
                return Ok(Done { changes, now: one });
            }
        }
    }

    /// Fails if `desired` was made from another version than that of `stored`.
    pub fn check_version<T: Entity>(&self, stored: &T, desired: &T) -> Result<(), Clash> {
        let is_outdated = self.version.as_ref().is_some_and(|version| version.is_outdated(self.store, stored, desired));
        if is_outdated { Err(Clash::Changed) } else { Ok(()) }
    }

    /// A project is removed with its history but without its incidents, a channel with its queued notifications. Works if secrets cannot be
    /// decrypted.
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

    pub async fn find<T: StoredEntity>(&self, name: &str) -> Result<T, ChangeError> {
        let found = match ProjectName::parse(name) {
            Ok(name) => T::find(self.store, &name).await?,
            Err(_) => None,
        };
        self.or_absent(name, found).await
    }

    async fn find_to_remove<T: StoredEntity>(&self, name: &str) -> Result<T, ChangeError> {
        let found = match ProjectName::parse(name) {
            Ok(name) => T::find_to_remove(self.store, &name).await?,
            Err(_) => None,
        };
        self.or_absent(name, found).await
    }

    async fn or_absent<T: StoredEntity>(&self, name: &str, found: Option<T>) -> Result<T, ChangeError> {
        match found {
            Some(found) => Ok(found),
            None => Err(ChangeError::Absent { what: T::KIND.called(), name: name.to_owned(), known: T::names(self.store).await? }),
        }
    }

    /// Writes the plans and their audit entries in one transaction. None, with nothing written, if anything changed after `revision`.
    pub async fn write(&self, plans: Plans, revision: i64) -> Result<Option<Vec<Change>>, ChangeError> {
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
