//! What the store keeps by name, for the desk: projects, channels, maintenance windows and status pages.

use std::collections::HashSet;

use super::error::ChangeError;
use crate::config::{Entity, Plan, Plans, Problem, Problems, few, identity};
use crate::model::{ChannelSpec, ProjectName, ProjectSpec, StatusPage, Window};
use crate::store::{Store, StoreError};

/// Something that the store keeps by name.
#[expect(async_fn_in_trait, reason = "the four that there are stand below, and all of their futures can be sent")]
pub trait StoredEntity: Entity {
    /// The one of this name.
    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError>;

    /// The same, to be removed: its secrets are left out, and need not open.
    async fn find_to_remove(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Self::find(store, name).await
    }

    /// The names of all.
    async fn names(store: &Store) -> Result<Vec<String>, StoreError>;

    /// What there is to write of it, and of nothing else.
    fn alone(plan: Plan<Self>) -> Plans;

    /// What is wrong with it beside the others that there are.
    async fn misfit(&self, _known: Option<&Self>, _store: &Store) -> Result<Option<Problem>, StoreError> {
        Ok(None)
    }
}

impl StoredEntity for ProjectSpec {
    fn alone(plan: Plan<Self>) -> Plans {
        plan.into()
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.project(name).await?.map(|project| project.spec))
    }

    async fn find_to_remove(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.project_without_secrets(name).await?.map(|project| project.spec))
    }

    async fn misfit(&self, known: Option<&Self>, store: &Store) -> Result<Option<Problem>, StoreError> {
        // What was so before is no reason to refuse another change.
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

/// Those alone that a person set up: the others come and go with the settings of their apps.
impl StoredEntity for ChannelSpec {
    fn alone(plan: Plan<Self>) -> Plans {
        plan.into()
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
    fn alone(plan: Plan<Self>) -> Plans {
        plan.into()
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        Ok(store.windows().await?.into_iter().find(|window| window.name == *name))
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError> {
        Ok(store.windows().await?.into_iter().map(|window| window.name.to_string()).collect())
    }
}

impl StoredEntity for StatusPage {
    fn alone(plan: Plan<Self>) -> Plans {
        plan.into()
    }

    async fn find(store: &Store, name: &ProjectName) -> Result<Option<Self>, StoreError> {
        store.status_page(name).await
    }

    async fn names(store: &Store) -> Result<Vec<String>, StoreError> {
        Ok(store.status_pages().await?.into_iter().map(|page| page.name.to_string()).collect())
    }
}

/// The projects that it comes to name are there: a slip would leave a project that nobody is told of. And it fits beside the others.
pub(super) async fn companions<T: StoredEntity>(one: &T, known: Option<&T>, store: &Store) -> Result<(), ChangeError> {
    if let Some(problem) = one.misfit(known, store).await? {
        return Err(problem.into());
    }
    let newly = newly_named(one, known);
    if newly.is_empty() {
        return Ok(());
    }
    let names = ProjectSpec::names(store).await?;
    Ok(Problems::or(absent(newly, &names), ())?)
}

/// The projects that it comes to name.
fn newly_named<'n, T: StoredEntity>(one: &'n T, known: Option<&T>) -> Vec<&'n ProjectName> {
    let before = known.map(|known| known.projects().iter().collect::<HashSet<_>>()).unwrap_or_default();
    one.projects().iter().filter(|name| !before.contains(name)).collect()
}

/// Those of these projects that are not there, of many the first ones: which was meant is not looked for thousands of times.
fn absent(desired: Vec<&ProjectName>, names: &[String]) -> Vec<Problem> {
    let there = names.iter().map(String::as_str).collect::<HashSet<_>>();
    let (absent, more) = few(desired.into_iter().filter(|name| !there.contains(name.as_str())).collect());
    let problem = |name: &ProjectName| {
        let says = ChangeError::Absent { what: ProjectSpec::KIND.called(), name: name.to_string(), known: names.to_vec() };
        Problem::whole("projects", says)
    };
    absent.into_iter().map(problem).chain(more.map(|more| Problem::whole("projects", more))).collect()
}
