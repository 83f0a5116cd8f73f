//! Settings without their secrets, for removing them or showing their names. Nothing is decrypted.

use super::{Store, StoreError, channels, projects};
use crate::model::{Channel, Project, ProjectName};

impl Store {
    pub async fn project_without_secrets(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(projects::named(&self.database, None, std::slice::from_ref(name)).await?.pop())
    }

    pub async fn channels_without_secrets(&self) -> Result<Vec<Channel>, StoreError> {
        channels::channels(&self.database, None).await
    }

    pub async fn channel_without_secrets(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channels::channel(&self.database, None, name).await
    }

    /// All channels, and the removed ones that stored notifications refer to, without the encrypted fields.
    pub async fn channels_on_record(&self) -> Result<Vec<Channel>, StoreError> {
        channels::on_record(&self.database).await
    }
}
