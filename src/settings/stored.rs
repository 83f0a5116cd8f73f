//! The stored settings, and the plans that turn them into the settings of a file.

use super::entity::unknown;
use crate::config::{Desired, Entity, Exported, Plan, Plans, Problem, Problems, Settings, Subject, identity};
use crate::model::{ChannelSpec, FilterChoices, ProjectFilter, ProjectName, ProjectSpec, StatusPage, Window};
use crate::store::{Store, StoreError};

#[derive(Debug, Clone)]
pub struct Stored {
    pub projects: Vec<ProjectSpec>,
    /// Without the channels that belong to apps.
    pub channels: Vec<ChannelSpec>,
    pub windows: Vec<Window>,
    pub status_pages: Vec<StatusPage>,
}

impl Stored {
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let channels = store.channels().await?.into_iter().filter(|channel| channel.of_app.is_none());
        Ok(Self {
            projects: store.projects().await?.into_iter().map(|project| project.spec).collect(),
            channels: channels.map(|channel| channel.spec).collect(),
            windows: store.windows().await?,
            status_pages: store.status_pages().await?,
        })
    }

    #[must_use]
    pub fn exported(&self) -> Exported<'_> {
        let Self { projects, channels, windows, status_pages } = self;
        Exported { projects, channels, windows, status_pages }
    }

    /// Entities that the settings do not name stay, unless `prune`. Fails if the settings leave a secret to the store that it does not
    /// have.
    pub fn plans(&self, settings: &Settings, prune: bool) -> Result<Plans, Problems> {
        let mut problems = Vec::new();
        let projects = over(&settings.projects, &self.projects, &mut problems);
        let channels = over(&settings.channels, &self.channels, &mut problems);
        let windows = over(&settings.windows, &self.windows, &mut problems);
        let status_pages = over(&settings.status_pages, &self.status_pages, &mut problems);
        let is_named = |stored: &&ProjectSpec| projects.iter().any(|desired| desired.name == stored.name);
        let staying = self.projects.iter().filter(|stored| !prune && !is_named(stored));
        if let Some(shared) = identity::sharing(staying.chain(&projects)) {
            problems.push(Problem::whole("token", shared));
        }
        Problems::or(problems, ())?;
        Ok(Plans {
            projects: plan(&self.projects, projects, prune),
            channels: plan(&self.channels, channels, prune),
            windows: plan(&self.windows, windows, prune),
            status_pages: plan(&self.status_pages, status_pages, prune),
        })
    }

    /// Entities that are stored and not in the settings.
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

    /// One sentence for each entry of a filter that will name nothing.
    #[must_use]
    pub fn unknown_projects(&self, plans: &Plans) -> Vec<String> {
        let choices = FilterChoices::of(plans.projects.after(&self.projects));
        [
            unknown_projects(&plans.channels.put, &choices),
            unknown_projects(&plans.windows.put, &choices),
            unknown_projects(&plans.status_pages.put, &choices),
        ]
        .concat()
    }
}

fn over<T: Entity>(desired: &[Desired<T>], stored: &[T], problems: &mut Vec<Problem>) -> Vec<T> {
    let mut all = Vec::new();
    for one in desired {
        match one.over(stored) {
            Ok(whole) => all.push(whole),
            Err(wrong) => {
                let about = format!("{} {}", T::KIND, one.spec.name());
                problems.extend(wrong.into_iter().map(|problem| problem.placed(&about)));
            }
        }
    }
    all
}

fn unlisted<T: Entity>(stored: &[T], desired: &[Desired<T>]) -> Vec<Subject> {
    let listed = desired.iter().map(|desired| desired.spec.name()).collect::<Vec<_>>();
    others(stored, &listed).map(|name| Subject { kind: T::KIND, name: name.clone() }).collect()
}

fn unknown_projects<T: Entity>(put: &[T], choices: &FilterChoices<'_>) -> Vec<String> {
    let of_one = |one: &T| {
        let entries = one.projects().map_or(&[][..], ProjectFilter::entries);
        unknown(entries, choices).into_iter().map(|problem| format!("{} {}: {problem}", T::KIND, one.name())).collect::<Vec<_>>()
    };
    put.iter().flat_map(of_one).collect()
}

fn plan<T: Entity>(now: &[T], put: Vec<T>, prune: bool) -> Plan<T> {
    let listed = put.iter().map(Entity::name).collect::<Vec<_>>();
    let remove = if prune { others(now, &listed).cloned().collect() } else { Vec::new() };
    Plan::of(now, put, remove)
}

fn others<'s, T: Entity>(now: &'s [T], listed: &[&ProjectName]) -> impl Iterator<Item = &'s ProjectName> {
    now.iter().map(Entity::name).filter(|name| !listed.contains(name))
}
