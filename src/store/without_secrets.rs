//! What is set up, without what is sealed of it: for whoever removes it, or shows its name. None of it needs to open.

use async_trait::async_trait;

use super::sql::Sql;
use super::{StoreError, channels, projects};
use crate::model::{Channel, Project, ProjectName};

/// Reading what is set up without opening secrets.
#[async_trait]
pub trait WithoutSecrets {
    /// The project of this name, without its keys.
    async fn project_without_secrets(&self, name: &ProjectName) -> Result<Option<Project>, StoreError>;

    /// All channels, as [`super::Store::channels`] gives them, without their fields.
    async fn channels_without_secrets(&self) -> Result<Vec<Channel>, StoreError>;

    /// The channel that a person gave this name, without its fields.
    async fn channel_without_secrets(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError>;

    /// All channels that there are, and those that were removed and were notified of something that is on record; without their fields.
    async fn channels_on_record(&self) -> Result<Vec<Channel>, StoreError>;
}

#[async_trait]
impl WithoutSecrets for Sql {
    async fn project_without_secrets(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(projects::named(&self.database, None, std::slice::from_ref(name)).await?.pop())
    }

    async fn channels_without_secrets(&self) -> Result<Vec<Channel>, StoreError> {
        channels::channels(&self.database, None).await
    }

    async fn channel_without_secrets(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channels::channel(&self.database, None, name).await
    }

    async fn channels_on_record(&self) -> Result<Vec<Channel>, StoreError> {
        channels::on_record(&self.database).await
    }
}
