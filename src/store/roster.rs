//! The projects as a loop last read them: read again only when somebody changed them.

use std::sync::Arc;

use super::{Store, StoreError};
use crate::model::Project;

/// A loop's copy of all projects, with the revision that it was read at.
pub struct Roster {
    store: Arc<dyn Store>,
    revision: Option<i64>,
    projects: Vec<Arc<Project>>,
}

impl Roster {
    /// Empty until the first [`Roster::refresh`].
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, revision: None, projects: Vec::new() }
    }

    /// Reads the projects when they have changed since the last reading; says whether they had.
    ///
    /// # Errors
    /// When the store cannot be read; the copy stays as it was.
    pub async fn refresh(&mut self) -> Result<bool, StoreError> {
        // The revision is read first: a change between the two readings is then read again, and none is missed.
        let revision = self.store.revision().await?;
        if self.revision == Some(revision) {
            return Ok(false);
        }
        self.projects = self.store.projects().await?.into_iter().map(Arc::new).collect();
        self.revision = Some(revision);
        Ok(true)
    }

    /// All projects, by name.
    #[must_use]
    pub fn projects(&self) -> &[Arc<Project>] {
        &self.projects
    }
}
