//! Everything in the store that settings can say, and the way from there to what a settings file asks for.

use std::collections::HashSet;

use crate::config::{Desired, Entity, Exported, Plan, Plans, Problem, Problems, Settings, Subject, few, identity};
use crate::model::{ChannelSpec, ProjectName, ProjectSpec, StatusPage, Window};
use crate::store::{Store, StoreError};

/// Everything in the store that settings can say.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The projects, by name.
    pub projects: Vec<ProjectSpec>,
    /// The channels, by name, without those that belong to an app: they come and go with its settings.
    pub channels: Vec<ChannelSpec>,
    /// The maintenance windows, by name.
    pub windows: Vec<Window>,
    /// The status pages, by name.
    pub status_pages: Vec<StatusPage>,
}

impl Stored {
    /// Reads it.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let channels = store.channels().await?.into_iter().filter(|channel| channel.of_app.is_none());
        Ok(Self {
            projects: store.projects().await?.into_iter().map(|project| project.spec).collect(),
            channels: channels.map(|channel| channel.spec).collect(),
            windows: store.windows().await?,
            status_pages: store.status_pages().await?,
        })
    }

    /// The same, to be written as a file.
    #[must_use]
    pub fn exported(&self) -> Exported<'_> {
        let Self { projects, channels, windows, status_pages } = self;
        Exported { projects, channels, windows, status_pages }
    }

    /// The way from here to what the settings ask for. What they do not name stays, unless `prune`.
    ///
    /// # Errors
    /// When something is not whole: the settings leave a secret to the store, which does not have it.
    pub fn plans(&self, settings: &Settings, prune: bool) -> Result<Plans, Problems> {
        let mut problems = Vec::new();
        let projects = over(&settings.projects, &self.projects, &mut problems);
        let channels = over(&settings.channels, &self.channels, &mut problems);
        let windows = over(&settings.windows, &self.windows, &mut problems);
        let status_pages = over(&settings.status_pages, &self.status_pages, &mut problems);
        let is_named = |stored: &&ProjectSpec| projects.iter().any(|desired| desired.name == stored.name);
        let staying = self.projects.iter().filter(|stored| !prune && !is_named(stored));
        if let Some((_, says)) = identity::sharing(staying.chain(&projects)) {
            problems.push(Problem::whole("token", says));
        }
        Problems::or(problems, ())?;
        Ok(Plans {
            projects: plan(&self.projects, projects, prune),
            channels: plan(&self.channels, channels, prune),
            windows: plan(&self.windows, windows, prune),
            status_pages: plan(&self.status_pages, status_pages, prune),
        })
    }

    /// What is here, and not in the settings.
    #[must_use]
    pub fn unlisted(&self, settings: &Settings) -> Vec<Subject> {
        [
            unlisted(&self.projects, &settings.projects),
            unlisted(&self.channels, &settings.channels),
            unlisted(&self.windows, &settings.windows),
            unlisted(&self.status_pages, &settings.status_pages),
        ]
        .concat()
    }

    /// Projects that a channel, a window or a status page names, and that will not be there: each a sentence.
    #[must_use]
    pub fn strangers(&self, plans: &Plans) -> Vec<String> {
        let known = plans.projects.names_after(&self.projects).collect::<HashSet<_>>();
        [strangers(&plans.channels.put, &known), strangers(&plans.windows.put, &known), strangers(&plans.status_pages.put, &known)].concat()
    }
}

/// What is wanted, each over what is stored.
fn over<T: Entity>(desired: &[Desired<T>], stored: &[T], problems: &mut Vec<Problem>) -> Vec<T> {
    let mut all = Vec::new();
    for one in desired {
        match one.over(stored) {
            Ok(whole) => all.push(whole),
            Err(wrong) => {
                let about = format!("{} {}", T::KIND, one.spec.name());
                problems.extend(wrong.iter().map(|problem| Problem::whole(&about, format!("{about}: {problem}"))));
            }
        }
    }
    all
}

fn unlisted<T: Entity>(stored: &[T], desired: &[Desired<T>]) -> Vec<Subject> {
    let listed = desired.iter().map(|desired| desired.spec.name()).collect::<Vec<_>>();
    others(stored, &listed).map(|name| Subject { kind: T::KIND, name: name.clone() }).collect()
}

fn strangers<T: Entity>(put: &[T], known: &HashSet<&ProjectName>) -> Vec<String> {
    let unknown = |one: &T| {
        let (unknown, more) = few(one.projects().iter().filter(|project| !known.contains(project)).collect());
        let says = unknown.into_iter().map(|project| format!("there is no project `{project}`")).chain(more);
        says.map(|says| format!("{} {}: {says}", T::KIND, one.name())).collect::<Vec<_>>()
    };
    put.iter().flat_map(unknown).collect()
}

fn plan<T: Entity>(now: &[T], put: Vec<T>, prune: bool) -> Plan<T> {
    let listed = put.iter().map(Entity::name).collect::<Vec<_>>();
    let remove = if prune { others(now, &listed).cloned().collect() } else { Vec::new() };
    Plan::of(now, put, remove)
}

fn others<'s, T: Entity>(now: &'s [T], listed: &[&ProjectName]) -> impl Iterator<Item = &'s ProjectName> {
    now.iter().map(Entity::name).filter(|name| !listed.contains(name))
}
