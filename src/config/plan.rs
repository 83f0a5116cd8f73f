//! The writes that turn the stored state into the desired state. Pure.

use std::collections::HashSet;

use crate::model::{ChannelSpec, ProjectName, ProjectSpec, StatusPage, Window};

use super::entity::Entity;
use super::{Change, changes};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<T> {
    pub changes: Vec<Change>,
    /// Only entities that change.
    pub put: Vec<T>,
    pub remove: Vec<ProjectName>,
}

impl<T> Default for Plan<T> {
    fn default() -> Self {
        Self { changes: Vec::new(), put: Vec::new(), remove: Vec::new() }
    }
}

impl<T: Entity> Plan<T> {
    /// An entity that is in neither list stays unchanged.
    #[must_use]
    pub fn of(now: &[T], put: Vec<T>, remove: Vec<ProjectName>) -> Self {
        let is_concerned = |known: &&T| remove.contains(known.name()) || put.iter().any(|desired| desired.name() == known.name());
        let concerned = now.iter().filter(is_concerned).cloned().collect::<Vec<_>>();
        let changes = changes(&concerned, &put);
        let put = put.into_iter().filter(|one| changes.iter().any(|change| change.subject().name == *one.name())).collect();
        Self { changes, put, remove }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What exists after this plan is written to `now`.
    pub fn after<'s>(&'s self, now: &'s [T]) -> impl Iterator<Item = &'s T> {
        let gone: HashSet<&ProjectName> = self.remove.iter().chain(self.put.iter().map(Entity::name)).collect();
        now.iter().filter(move |one| !gone.contains(one.name())).chain(&self.put)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plans {
    pub projects: Plan<ProjectSpec>,
    pub channels: Plan<ChannelSpec>,
    pub windows: Plan<Window>,
    pub status_pages: Plan<StatusPage>,
}

impl Plans {
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.projects.changes.iter().chain(&self.channels.changes).chain(&self.windows.changes).chain(&self.status_pages.changes)
    }
}
