//! Stored entities for the settings service: projects, channels, maintenance windows and status pages.

use std::collections::HashSet;

use super::error::ChangeError;
use crate::config::{Entity, Plan, Plans, Problem, Problems, few, hint, identity};
use crate::model::{ChannelSpec, FilterChoices, FilterEntry, Invalid, ProjectFilter, ProjectName, ProjectSpec, StatusPage, Window};
use crate::store::{Store, StoreError};

#[expect(async_fn_in_trait, reason = "all four implementations are in this file, and their futures are Send")]
pub trait StoredEntity: Entity {
    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError>;

    /// Without secrets, so that it works if they cannot be decrypted.
    async fn find_to_remove(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Self::find(store, name).await
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError>;

    /// A plan for this entity alone.
    fn alone(plan: Plan<Self>) -> Plans;

    /// A conflict with other stored entities.
    async fn misfit(&self, _known: Option<&Self>, _store: &Store) -> Result<Option<Problem>, StoreError> {
        Ok(None)
    }
}

impl StoredEntity for ProjectSpec {
    fn alone(projects: Plan<Self>) -> Plans {
        Plans { projects, ..Plans::default() }
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.project(name).await?.map(|project| project.spec))
    }

    async fn find_to_remove(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.project_without_secrets(name).await?.map(|project| project.spec))
    }

    async fn misfit(&self, known: Option<&Self>, store: &Store) -> Result<Option<Problem>, StoreError> {
        // A conflict that already exists does not prevent other changes.
        let is_as_before = known.is_some_and(|known| known.token == self.token && known.heartbeat == self.heartbeat);
        if is_as_before || self.heartbeat.is_none() {
            return Ok(None);
        }
        let others = store.projects().await?;
        let says = identity::own_beats(self, others.iter().map(|project| &project.spec)).err();
        Ok(says.map(|says| Problem::whole("token", says)))
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError> {
        Ok(store.project_names().await?.into_iter().map(|(_, name)| name.to_string()).collect())
    }
}

/// Only channels that users created: the others belong to apps.
impl StoredEntity for ChannelSpec {
    fn alone(channels: Plan<Self>) -> Plans {
        Plans { channels, ..Plans::default() }
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.channel(name).await?.map(|channel| channel.spec))
    }

    async fn find_to_remove(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.channel_without_secrets(name).await?.map(|channel| channel.spec))
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError> {
        let own = store.channels_without_secrets().await?.into_iter().filter(|channel| channel.of_app.is_none());
        Ok(own.map(|channel| channel.spec.name.to_string()).collect())
    }
}

impl StoredEntity for Window {
    fn alone(windows: Plan<Self>) -> Plans {
        Plans { windows, ..Plans::default() }
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.windows().await?.into_iter().find(|window| window.name == *name))
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError> {
        Ok(store.windows().await?.into_iter().map(|window| window.name.to_string()).collect())
    }
}

impl StoredEntity for StatusPage {
    fn alone(status_pages: Plan<Self>) -> Plans {
        Plans { status_pages, ..Plans::default() }
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        store.status_page(name).await
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError> {
        Ok(store.status_pages().await?.into_iter().map(|page| page.name.to_string()).collect())
    }
}

/// Checks that the new entries of its filter name something: a typo would leave a project without notifications. Also checks for conflicts.
pub(super) async fn companions<T: StoredEntity>(one: &T, known: Option<&T>, store: &Store) -> Result<(), ChangeError> {
    if let Some(problem) = one.misfit(known, store).await? {
        return Err(problem.into());
    }
    let entries = |one: &T| one.projects().map_or(&[][..], ProjectFilter::entries).to_vec();
    let before: HashSet<FilterEntry> = known.map(entries).unwrap_or_default().into_iter().collect();
    let new: Vec<FilterEntry> = entries(one).into_iter().filter(|entry| !before.contains(entry)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let projects = store.bare_projects().await?;
    Ok(Problems::or(unknown(&new, &FilterChoices::of(&projects)), ())?)
}

/// The entries that name nothing. Only the first ones are listed: a suggestion for each would be slow.
pub(super) fn unknown(entries: &[FilterEntry], choices: &FilterChoices<'_>) -> Vec<Problem> {
    let (unknown, more) = few(entries.iter().filter(|entry| !choices.contain(entry)).collect());
    let wrong = |entry: &FilterEntry| {
        let known = choices.alike(entry).iter().copied().collect::<Vec<_>>();
        Invalid::Unknown { what: entry.what(), name: entry.name().to_owned(), suggestion: hint(entry.name(), &known) }
    };
    unknown.into_iter().map(wrong).chain(more).map(|wrong| Problem::of("projects", wrong)).collect()
}
