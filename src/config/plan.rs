//! What must be written so that the store becomes what it should be. Pure.

use crate::model::{ChannelSpec, ProjectName, ProjectSpec, StatusPage, Window};

use super::entity::Entity;
use super::{Change, changes};

/// What to write of one kind, and what that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<T> {
    /// Each difference, for a person.
    pub changes: Vec<Change>,
    /// What to add or replace: those alone that change.
    pub put: Vec<T>,
    /// What to remove.
    pub remove: Vec<ProjectName>,
}

impl<T> Default for Plan<T> {
    fn default() -> Self {
        Self { changes: Vec::new(), put: Vec::new(), remove: Vec::new() }
    }
}

impl<T: Entity> Plan<T> {
    /// The way from what is in the store to these; what is in neither list stays as it is.
    #[must_use]
    pub fn of(now: &[T], put: Vec<T>, remove: Vec<ProjectName>) -> Self {
        let is_concerned = |known: &&T| remove.contains(known.name()) || put.iter().any(|desired| desired.name() == known.name());
        let concerned = now.iter().filter(is_concerned).cloned().collect::<Vec<_>>();
        let changes = changes(&concerned, &put);
        let put = put.into_iter().filter(|one| changes.iter().any(|change| change.subject().name == *one.name())).collect();
        Self { changes, put, remove }
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What will be there of `now` once this is written, by name.
    pub fn names_after<'s>(&'s self, now: &'s [T]) -> impl Iterator<Item = &'s ProjectName> {
        let stays = now.iter().map(Entity::name).filter(|name| !self.remove.contains(name));
        stays.chain(self.put.iter().map(Entity::name))
    }
}

/// What to write of every kind: projects first, then channels, maintenance windows and status pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plans {
    /// The projects.
    pub projects: Plan<ProjectSpec>,
    /// The channels.
    pub channels: Plan<ChannelSpec>,
    /// The maintenance windows.
    pub windows: Plan<Window>,
    /// The status pages.
    pub status_pages: Plan<StatusPage>,
}

impl Plans {
    /// Each difference, for a person.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.projects.changes.iter().chain(&self.channels.changes).chain(&self.windows.changes).chain(&self.status_pages.changes)
    }
}

impl From<Plan<ProjectSpec>> for Plans {
    fn from(projects: Plan<ProjectSpec>) -> Self {
        Self { projects, ..Self::default() }
    }
}

impl From<Plan<ChannelSpec>> for Plans {
    fn from(channels: Plan<ChannelSpec>) -> Self {
        Self { channels, ..Self::default() }
    }
}

impl From<Plan<Window>> for Plans {
    fn from(windows: Plan<Window>) -> Self {
        Self { windows, ..Self::default() }
    }
}

impl From<Plan<StatusPage>> for Plans {
    fn from(status_pages: Plan<StatusPage>) -> Self {
        Self { status_pages, ..Self::default() }
    }
}
