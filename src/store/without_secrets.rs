//! What is set up, without what is encrypted of it: for whoever removes it, or shows its name. None of it needs to open.

use super::{Store, StoreError, channels, projects};
use crate::model::{Channel, Project, ProjectName};

impl Store {
    /// The project of this name, without its keys.
    pub async fn project_without_secrets(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(projects::named(&self.database, None, std::slice::from_ref(name)).await?.pop())
    }

    /// All channels, as [`Store::channels`] gives them, without their fields.
    pub async fn channels_without_secrets(&self) -> Result<Vec<Channel>, StoreError> {
        channels::channels(&self.database, None).await
    }

    /// The channel that a person gave this name, without its fields.
    pub async fn channel_without_secrets(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channels::channel(&self.database, None, name).await
    }

    /// All channels that there are, and those that were removed and were notified of something that is on record; without their fields.
    pub async fn channels_on_record(&self) -> Result<Vec<Channel>, StoreError> {
        channels::on_record(&self.database).await
    }
}
