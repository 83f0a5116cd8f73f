//! What must be written so that the store becomes what it should be. Pure.

use crate::model::{ProjectName, ProjectSpec};

use super::{Change, Wanted, changes};

/// What to write, and what that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Each difference, for a person.
    pub changes: Vec<Change>,
    /// Projects to add or replace: those alone that change.
    pub put: Vec<ProjectSpec>,
    /// Projects to remove.
    pub remove: Vec<ProjectName>,
}

impl Plan {
    /// The way from the projects in the store to these; projects that are in neither list stay as they are.
    #[must_use]
    pub fn of(now: &[ProjectSpec], put: Vec<ProjectSpec>, remove: Vec<ProjectName>) -> Self {
        let is_concerned = |known: &&ProjectSpec| remove.contains(&known.name) || put.iter().any(|wanted| wanted.name == known.name);
        let concerned = now.iter().filter(is_concerned).cloned().collect::<Vec<_>>();
        let changes = changes(&concerned, &put);
        let put = put.into_iter().filter(|spec| changes.iter().any(|change| *change.project() == spec.name)).collect();
        Self { changes, put, remove }
    }

    /// The way from the projects in the store to those of a settings file. What the file does not name stays.
    #[must_use]
    pub fn of_wanted(now: &[ProjectSpec], wanted: &[Wanted]) -> Self {
        Self::of(now, wanted.iter().map(|wanted| wanted.over(now)).collect(), Vec::new())
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
