//! A project without its secrets, for removing it or showing its names. Nothing is decrypted.

use super::{Store, StoreError, projects};
use crate::model::{Project, ProjectName};

impl Store {
    pub async fn project_without_secrets(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(projects::named(&self.database, None, std::slice::from_ref(name)).await?.pop())
    }
}
